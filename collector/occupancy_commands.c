/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside, and setting it right. A correction or a forgiveness needs a reason; where the place left or entered is of
 * class 3 it needs a second person: the first call is recorded and waits, the same call by another person within 15 minutes
 * carries it out (two accounts of one person are one). What waits is in memory alone: after a restart it is asked again. */
#include <string.h>

#include "collector/presence.h"
#include "schemas/base/json.h"

enum { CLASS_OF_TWO = 3, REASON_MAX = 500 };
static const int64_t WAIT_US = INT64_C(15) * 60 * SK_US_PER_S;

enum sk_err sk_run_occupancy_list(struct request *request)
{
    const struct sk_command_floor *floor = request->floor;
    const struct sk_roster *roster = sk_engine_roster(floor->engine);
    const size_t people = sk_roster_count(roster, SK_EV_PERSON_CREATED);
    struct sk_presence_page page = {
        .request = request, .names = sk_permission("read.people", request->actor.roles), .left = SK_PRESENCE_PAGE};
    const char *wanted = sk_request_text(request, "zone", false, 64);
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *limit = sk_json_get(request->args, "limit");
    uint64_t from = 0, next = 0;
    if (wanted == NULL)
        return request->answer->err;
    if ((cursor != NULL && !sk_json_u64(cursor, &from)) ||
        (limit != NULL && (!sk_json_i64(limit, &page.left) || page.left < 1)))
        return sk_request_refuse(request, SK_ERR_PARSE, "cursor and limit are numbers");
    page.left = page.left > SK_PRESENCE_PAGE ? SK_PRESENCE_PAGE : page.left;
    cJSON *result = cJSON_CreateObject();
    if (from == 0)
        sk_presence_add_guests(&page, wanted, result);
    page.items = cJSON_AddArrayToObject(result, "items");
    for (size_t i = from; page.items != NULL && next == 0 && i < people; i++) {
        uint16_t number;
        int64_t since_us;
        const enum sk_whereabouts where = sk_occupancy_where(sk_engine_trail(floor->engine, i), roster, &number, &since_us);
        const int32_t zone = where < SK_WHERE_INSIDE ? -1 : sk_presence_zone(floor->site, number);
        if (zone < 0 || (wanted[0] != '\0' && strcmp(floor->site->zones[zone].id, wanted) != 0))
            continue;
        if (sk_presence_is_full(&page))
            next = i;
        else
            sk_presence_show(&page, i, zone, since_us, where == SK_WHERE_PERHAPS);
    }
    if (next != 0)
        sk_json_add_u64(result, "next", next);
    else
        cJSON_AddNullToObject(result, "next");
    sk_json_add_u64(result, "roster_version", sk_roster_version(roster));
    sk_presence_add_zones(request, result);
    request->answer->result = result;
    return result != NULL ? SK_OK : sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
}

/* --- setting it right --- */

struct wanted {
    size_t person;
    uint16_t zone; /* 0: to be forgiven */
    const char *reason;
};

static bool is_of_two(const struct request *request, uint16_t zone)
{
    const struct sk_site *site = request->floor->site;
    const int32_t place = sk_presence_zone(site, zone);
    return place >= 0 && site->zones[place].class_ >= CLASS_OF_TWO;
}

/* Where he is set, where he was last, and where a card reading since says he may be: who is perhaps inside is as much worth. */
static bool is_class_of_two(const struct request *request, const struct wanted *wanted)
{
    const struct sk_trail *trail = sk_engine_trail(request->floor->engine, wanted->person);
    const struct sk_reading *reading = &trail->reading;
    const bool perhaps = reading->at_us > 0 && (trail->count == 0 || reading->at_us > trail->stays[0].at_us);
    return is_of_two(request, wanted->zone) || (trail->count > 0 && is_of_two(request, trail->stays[0].zone)) ||
           (perhaps && (is_of_two(request, reading->zone) || is_of_two(request, reading->to)));
}

/* The waiting call of another person for the same thing; it is used up. "" none. */
static void take_proposal(struct request *request, const struct wanted *wanted, char second[SK_ACTOR_MAX])
{
    second[0] = '\0';
    for (size_t i = 0; i < SK_PROPOSALS; i++) {
        struct sk_proposal *proposal = &request->floor->proposals[i];
        if (proposal->actor[0] == '\0' || proposal->person != wanted->person || proposal->zone != wanted->zone ||
            request->now->mono_us - proposal->at_mono_us > WAIT_US ||
            sk_request_same_person(request, proposal->actor, request->actor.id))
            continue;
        sk_text_copy(second, SK_ACTOR_MAX, proposal->actor);
        proposal->actor[0] = '\0';
        return;
    }
}

/* The oldest place is given up when all wait. */
static void put_proposal(struct request *request, const struct wanted *wanted)
{
    struct sk_proposal *to = &request->floor->proposals[0];
    for (size_t i = 0; i < SK_PROPOSALS; i++) {
        struct sk_proposal *at = &request->floor->proposals[i];
        const bool same = at->person == wanted->person && at->zone == wanted->zone && strcmp(at->actor, request->actor.id) == 0;
        if (at->actor[0] == '\0' || same || at->at_mono_us < to->at_mono_us)
            to = at;
        if (at->actor[0] == '\0' || same)
            break;
    }
    *to = (struct sk_proposal){.person = wanted->person, .zone = wanted->zone, .at_mono_us = request->now->mono_us};
    sk_text_copy(to->actor, sizeof to->actor, request->actor.id);
}

static enum sk_err carry_out(struct request *request, const struct wanted *wanted)
{
    struct sk_command_floor *floor = request->floor;
    struct sk_effects *effects = sk_recorder_effects(floor->recorder);
    char second[SK_ACTOR_MAX] = "";
    const bool two = is_class_of_two(request, wanted);
    if (two)
        take_proposal(request, wanted, second);
    const struct sk_presence_act act = sk_presence_act_of(request, wanted->reason, second);
    const bool waits = two && second[0] == '\0';
    enum sk_err err;
    if (waits)
        err = sk_engine_place_asked(floor->engine, wanted->person, wanted->zone, &act, request->now, effects);
    else if (wanted->zone == 0)
        err = sk_engine_forgive(floor->engine, wanted->person, &act, request->now, effects);
    else
        err = sk_engine_place(floor->engine, wanted->person, wanted->zone, &act, request->now, effects);
    if (err != SK_OK)
        return sk_request_refuse(request, err,
                                 err == SK_ERR_NOT_FOUND ? "this person was never seen anywhere" : sk_err_text(err));
    if (waits)
        put_proposal(request, wanted);
    request->answer->durable = true;
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, "state", waits ? "waits_for_second_person" : "done");
    return SK_OK;
}

static bool read_wanted(struct request *request, struct wanted *wanted)
{
    const int64_t person = sk_presence_person(request);
    wanted->person = (size_t)person;
    wanted->reason = person < 0 ? NULL : sk_request_text(request, "reason", true, REASON_MAX);
    return wanted->reason != NULL;
}

enum sk_err sk_run_occupancy_correct(struct request *request)
{
    struct wanted wanted = {0};
    if (!read_wanted(request, &wanted))
        return request->answer->err;
    const char *zone = sk_request_text(request, "zone", true, 64);
    if (zone == NULL)
        return request->answer->err;
    wanted.zone = sk_roster_zone(request->floor->site, zone);
    if (wanted.zone == 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    return carry_out(request, &wanted);
}

enum sk_err sk_run_occupancy_forgive(struct request *request)
{
    struct wanted wanted = {0};
    return read_wanted(request, &wanted) ? carry_out(request, &wanted) : request->answer->err;
}
