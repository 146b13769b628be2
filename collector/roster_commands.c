/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands that change the roster share: arguments into one change, the change to the engine, which numbers, records
 * and applies it, and refusals in sentences. Dates are the site's: 'until' is the last day (まで), kept as the midnight that
 * ends it. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

bool sk_roster_identifier(const struct sk_command_floor *floor, const char *card, struct sk_hash *ret_identifier)
{
    uint8_t bytes[SK_IDENTIFIER_MAX];
    const size_t digits = strlen(card);
    if (digits == 0 || digits % 2 != 0 || digits > 2 * sizeof bytes || !sk_hex_read(bytes, digits / 2, card))
        return false;
    const enum sk_err err = sk_hmac_sha256(floor->site_key, 32, bytes, digits / 2, ret_identifier);
    explicit_bzero(bytes, sizeof bytes);
    return err == SK_OK;
}

uint16_t sk_roster_zone(const struct sk_site *site, const char *id)
{
    const int32_t zone = sk_site_zone(site, id);
    return zone < 0 ? 0 : site->zones[zone].number;
}

bool sk_roster_is_somebody(struct request *request, const char *id)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    return sk_roster_person_index(roster, id) >= 0 || sk_vault_account_exists(request->floor->vault, id) ||
           strcmp(id, request->actor.id) == 0;
}

static struct sk_roster_view view_now(const struct request *request)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    return (struct sk_roster_view){roster, sk_roster_version(roster), SK_NEVER};
}

static enum sk_err explain(struct request *request, enum sk_err err, const struct sk_roster_change *change)
{
    static const struct {
        enum sk_err err;
        const char *text;
    } texts[] = {{SK_ERR_EXISTS, "was issued before; an identifier is never issued twice"},
                 {SK_ERR_NOT_FOUND, "refers to what is not on the roster"},
                 {SK_ERR_CONFLICT, "belongs to somebody else"}};
    char detail[160];
    const char *text = sk_err_text(err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text = texts[i].err == err ? texts[i].text : text;
    sk_text_format(detail, sizeof detail, "%s: %s", change->entity, text);
    return sk_request_refuse(request, err, detail);
}

enum sk_err sk_roster_could(struct request *request, const struct sk_roster_change *change)
{
    const enum sk_err err = sk_roster_check(sk_engine_roster(request->floor->engine), change);
    return err == SK_OK ? SK_OK : explain(request, err, change);
}

struct sk_roster_act sk_roster_act_of(const struct request *request)
{
    return (struct sk_roster_act){.actor = request->actor.id,
                                  .address = request->actor.address,
                                  .reason = sk_request_reason(request),
                                  .command = request->command,
                                  .roles = request->actor.roles};
}

enum sk_err sk_roster_do(struct request *request, struct sk_roster_change *change)
{
    struct sk_command_floor *floor = request->floor;
    const struct sk_roster_act act = sk_roster_act_of(request);
    const enum sk_err err =
        sk_engine_roster_change(floor->engine, change, &act, request->now, sk_recorder_effects(floor->recorder));
    if (err != SK_OK)
        return explain(request, err, change);
    request->answer->durable = true;
    return SK_OK;
}

enum sk_err sk_roster_ready(struct request *request)
{
    if (!sk_recorder_writable(request->floor->recorder))
        return sk_request_refuse(request, SK_ERR_FULL, "the log cannot be written now, so the roster cannot change");
    const enum sk_err err = sk_commands_sync_site(request->floor, request->now, true);
    return err == SK_OK ? err : sk_request_refuse(request, err, "zones and calendars could not be put into the roster");
}

/* --- arguments --- */

/* null empties what stands; what is missing leaves it. */
static bool is_null(const struct request *request, const char *argument)
{
    return cJSON_IsNull(sk_json_get(request->args, argument));
}

bool sk_roster_read_validity(struct request *request, int64_t *from_us, int64_t *until_us)
{
    const char *from = is_null(request, "from") ? "" : sk_request_text(request, "from", false, 10);
    const char *until = is_null(request, "until") ? "" : from != NULL ? sk_request_text(request, "until", false, 10) : NULL;
    if (from == NULL || until == NULL)
        return false;
    *from_us = is_null(request, "from") ? 0 : *from_us;
    *until_us = is_null(request, "until") ? SK_NEVER : *until_us;
    if ((from[0] != '\0' && !sk_day_begin_us(request->floor->zone, from, from_us)) ||
        (until[0] != '\0' && !sk_day_end_us(request->floor->zone, until, until_us))) {
        sk_request_refuse(request, SK_ERR_PARSE, "'from' and 'until' are dates like 2026-11-20; until is the last day");
        return false;
    }
    if (*until_us > *from_us)
        return true;
    sk_request_refuse(request, SK_ERR_RANGE, "'until' lies before 'from'");
    return false;
}

/* From when the change counts: 'effective' (a date) or now. */
bool sk_roster_read_effective(struct request *request, struct sk_roster_change *change)
{
    const char *date = sk_request_text(request, "effective", false, 10);
    change->effective_us = request->now->utc_us;
    if (date == NULL)
        return false;
    if (date[0] == '\0' || sk_day_begin_us(request->floor->zone, date, &change->effective_us))
        return true;
    sk_request_refuse(request, SK_ERR_PARSE, "'effective' is a date like 2026-11-20");
    return false;
}

const struct sk_roster_change *sk_roster_entity(struct request *request, const char *argument, uint16_t family)
{
    char detail[128];
    const struct sk_roster_view view = view_now(request);
    const char *id = sk_request_text(request, argument, true, SK_ENTITY_MAX - 1);
    const struct sk_roster_change *change = id != NULL ? sk_roster_get(&view, family, id) : NULL;
    if (id != NULL && change == NULL) {
        sk_text_format(detail, sizeof detail, "%s: there is no '%.48s' on the roster", argument, id);
        sk_request_refuse(request, SK_ERR_NOT_FOUND, detail);
    }
    return change;
}

const struct sk_roster_change *sk_roster_standing(struct request *request, const char *argument, uint16_t family,
                                                  int64_t effective_us)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_view then = {roster, sk_roster_version(roster), effective_us};
    const struct sk_roster_change *entered = sk_roster_entity(request, argument, family);
    const struct sk_roster_change *stands = entered != NULL ? sk_roster_get(&then, family, entered->entity) : NULL;
    return stands != NULL ? stands : entered;
}

enum sk_err sk_roster_check_here(struct request *request, const struct sk_roster_change *person)
{
    char detail[128];
    if (request->now->utc_us < person->person.until_us)
        return SK_OK;
    sk_text_format(detail, sizeof detail, "person: '%s' has left; give him another 'until' first", person->entity);
    return sk_request_refuse(request, SK_ERR_CONFLICT, detail);
}

bool sk_roster_read_label(struct request *request, const char *argument, bool required, char to[SK_LABEL_MAX])
{
    if (is_null(request, argument) && !required) {
        to[0] = '\0';
        return true;
    }
    const char *text = sk_json_get(request->args, argument) == NULL && !required
                           ? to
                           : sk_request_text(request, argument, required, SK_LABEL_MAX - 1);
    if (text == NULL)
        return false;
    if (!sk_text_is_clean(text, strlen(text), false)) {
        sk_request_refuse(request, SK_ERR_PARSE, "names are one line of text without control characters");
        return false;
    }
    if (text != to)
        sk_text_copy(to, SK_LABEL_MAX, text);
    return true;
}

enum sk_err sk_roster_answer(struct request *request, const char *name, const char *id)
{
    sk_request_answer_id(request, name, id);
    sk_json_add_u64(request->answer->result, "roster_version", sk_roster_version(sk_engine_roster(request->floor->engine)));
    return SK_OK;
}
