/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's own acts, as the collector's commands would call them. */
#include "tests/direct/at_monitor.h"

#include <stdio.h>
#include <string.h>

#include "collector/engine/muster.h"
#include "collector/engine/occupancy.h"

static uint16_t outside(const struct sk_site *site)
{
    for (size_t i = 0; i < site->zone_count; i++) {
        if (site->zones[i].class_ == 0) {
            return site->zones[i].number;
        }
    }
    return 0;
}

enum sk_err at_monitor_do(struct sk_engine *engine, const struct sk_site *site, const cJSON *step, const struct sk_now *now,
                          struct sk_effects *effects, struct sk_fault *fault)
{
    static const struct sk_actor warden = {.id = "warden", .roles = 2};
    const char *act = sk_json_text(sk_json_get(step, "act")), *id = sk_json_text(sk_json_get(step, "person"));
    const char *reason = sk_json_text(sk_json_get(step, "reason")), *visit = sk_json_text(sk_json_get(step, "visit"));
    const bool seen = act != NULL && strcmp(act, "seen") == 0;
    const struct sk_presence_act why = {&warden, reason != NULL ? reason : "", ""};
    const int64_t person = id != NULL ? sk_roster_person_index(sk_engine_roster(engine), id) : -1;
    enum sk_err err = SK_ERR_INVALID;
    if (act != NULL && strcmp(act, "start") == 0) {
        err = sk_engine_muster_start(engine, outside(site), false, &why, now, effects);
    } else if (act != NULL && strcmp(act, "end") == 0) {
        err = sk_engine_muster_end(engine, &why, now, effects);
    } else if (act != NULL && visit != NULL) {
        err = sk_engine_muster_guest(engine, visit, 0, seen, &why, now, effects);
    } else if (act != NULL && person >= 0) {
        err = sk_engine_muster_seen(engine, (size_t)person, seen, &why, now, effects);
    }
    return err == SK_OK ? err : sk_fault_set(fault, err, "muster '%s' of '%s'", act != NULL ? act : "", id != NULL ? id : "");
}

static int32_t zone_index(const struct sk_site *site, uint16_t number)
{
    for (size_t i = 0; i < site->zone_count; i++) {
        if (site->zones[i].number == number) {
            return (int32_t)i;
        }
    }
    return -1;
}

struct found {
    const char *state, *confidence;
};

static struct found find_person(const struct sk_engine *engine, const struct sk_site *site, const char *id,
                                const struct sk_now *now)
{
    const struct sk_roster *roster = sk_engine_roster(engine);
    const struct sk_muster *muster = sk_engine_muster(engine);
    const int64_t person = sk_roster_person_index(roster, id);
    struct found found = {"absent", ""};
    if (person >= 0 && sk_muster_is_listed(muster, (size_t)person)) {
        uint16_t number;
        int64_t since_us;
        const struct sk_trail *trail = sk_engine_trail(engine, (size_t)person);
        sk_occupancy_where(trail, roster, &number, &since_us);
        const int32_t zone = zone_index(site, number);
        found.state = sk_muster_word(sk_muster_state_of(muster, trail, roster, (size_t)person));
        if (zone >= 0) {
            found.confidence = sk_confidence_word(sk_engine_doubts(engine, (size_t)person, (uint32_t)zone, now->utc_us));
        }
    }
    return found;
}

/* Guests stand on the list by their visit. */
static struct found find_guest(const struct sk_engine *engine, const char *visit, const struct sk_now *now)
{
    const struct sk_muster *muster = sk_engine_muster(engine);
    const struct sk_guests guests = sk_engine_guests(engine, now->utc_us);
    const struct sk_roster *roster = sk_engine_roster(engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), now->utc_us};
    const struct sk_trails trails = sk_engine_trails(engine);
    struct sk_muster_guest row;
    for (size_t i = 0; i < muster->guests.count; i++) {
        if (strcmp(muster->guests.items[i].visit, visit) == 0 && sk_muster_guest_at(muster, &guests, &view, &trails, i, &row)) {
            return (struct found){sk_muster_word(row.state),
                                  sk_confidence_word(sk_engine_guest_doubts(engine, &row.guest, now->utc_us))};
        }
    }
    return (struct found){"absent", ""};
}

static bool check_one(const struct sk_engine *engine, const struct sk_site *site, const struct sk_expect *expect,
                      const struct sk_now *now)
{
    const struct found found = sk_roster_person_index(sk_engine_roster(engine), expect->person) >= 0
                                   ? find_person(engine, site, expect->person, now)
                                   : find_guest(engine, expect->person, now);
    const char *state = found.state, *confidence = found.confidence;
    const bool held = (expect->muster == NULL || strcmp(expect->muster, state) == 0) &&
                      (expect->confidence == NULL || strcmp(expect->confidence, confidence) == 0);
    (void)printf("%s  person   %s %s %s: %s %s\n", held ? "held  " : "FAILED", expect->person,
                 expect->muster != NULL ? expect->muster : "", expect->confidence != NULL ? expect->confidence : "", state,
                 confidence);
    return held;
}

int at_monitor_check(const struct sk_engine *engine, const struct sk_site *site, const struct sk_scenario *scenario,
                     const struct sk_now *now)
{
    int failures = 0;
    for (size_t i = 0; i < scenario->expect_count; i++) {
        if (scenario->expects[i].kind == SK_EXPECT_PERSON) {
            failures += check_one(engine, site, &scenario->expects[i], now) ? 0 : 1;
        }
    }
    return failures;
}
