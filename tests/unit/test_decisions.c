/* SPDX-License-Identifier: Apache-2.0 */
/* Every reason of denial as data (tests/vectors/decisions): an input that yields it, and its neighbour that does not. A reason
 * without a case fails the test, so nobody can add one and show nothing. */
#include <string.h>

#include "collector/engine/decide.h"
#include "schemas/base/json.h"
#include "tests/unit/roster_kit.h"

#define VECTORS "tests/vectors/decisions/reasons.json"

enum { PEOPLE = 9 };

struct stage { /* a world for one input */
    const cJSON *given, *defaults;
    struct sk_trail trails[PEOPLE];
    struct sk_trails all;
    struct sk_papers papers;
    struct sk_decide_input input;
    int64_t at_us;
};

static struct sk_zone *tokyo;
static struct sk_roster *roster;
static cJSON *vectors;

static const cJSON *field(const struct stage *stage, const char *name)
{
    const cJSON *item = sk_json_get(stage->given, name);
    return item != NULL ? item : sk_json_get(stage->defaults, name);
}

static double figure(const cJSON *object, const char *name, double otherwise)
{
    const cJSON *item = sk_json_get(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

static bool holds(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(sk_json_get(object, name));
}

static uint16_t mask_of(const cJSON *words)
{
    unsigned mask = 0;
    const cJSON *word;
    cJSON_ArrayForEach(word, words)
    {
        const int factor = sk_factor_parse(word->valuestring);
        assert_true(factor >= 0);
        mask |= 1u << factor;
    }
    return (uint16_t)mask;
}

static uint8_t decision_of(const char *word)
{
    static const char *const words[] = {"none", "granted", "denied", "unknown"};
    for (uint8_t i = 0; i < SK_COUNT(words); i++)
        if (strcmp(words[i], word) == 0)
            return i;
    fail_msg("no decision: %s", word);
    return 0;
}

static uint16_t reason_of(const char *word)
{
    for (uint16_t reason = 1; reason < 256; reason++)
        if (sk_deny_reason_name(reason) != NULL && strcmp(sk_deny_reason_name(reason), word) == 0)
            return reason;
    fail_msg("no reason: %s", word);
    return 0;
}

static void place_people(struct stage *stage)
{
    const cJSON *one;
    const cJSON *last = field(stage, "last");
    const uint16_t zone = (uint16_t)field(stage, "zone")->valuedouble;
    struct sk_trail *own = &stage->trails[0];
    cJSON_ArrayForEach(one, sk_json_get(stage->given, "inside"))
    {
        sk_trail_add(&stage->trails[(int)figure(one, "person", 1) - 1],
                     stage->at_us - (int64_t)figure(one, "s", 0) * SK_US_PER_S, (uint16_t)figure(one, "zone", 0));
    }
    const double card = field(stage, "card")->valuedouble;
    own = card >= 1 && card <= PEOPLE ? &stage->trails[(int)card - 1] : own;
    if (last != NULL)
        sk_trail_add(own, stage->at_us - (int64_t)figure(last, "s", 0) * SK_US_PER_S, (uint16_t)figure(last, "zone", 0));
    if (holds(stage->given, "came_in"))
        sk_trail_add(own, stage->at_us, zone);
    stage->all = (struct sk_trails){stage->trails, PEOPLE};
    stage->input.trail = own;
    stage->input.trails = &stage->all;
}

static void fill_papers(struct stage *stage)
{
    const cJSON *papers = sk_json_get(stage->given, "papers"), *one;
    stage->papers = (struct sk_papers){.kept = papers != NULL,
                                       .permit = holds(papers, "permit"),
                                       .unratified = holds(papers, "unratified"),
                                       .measure = holds(papers, "measure"),
                                       .goods_held = holds(papers, "goods_held"),
                                       .escorted = sk_json_get(papers, "escorts") != NULL};
    cJSON_ArrayForEach(one, sk_json_get(papers, "escorts"))
    {
        stage->papers.escorts[stage->papers.escort_count++] = (uint32_t)one->valuedouble - 1;
    }
    stage->input.papers = &stage->papers;
}

static void set(struct stage *stage, const cJSON *given)
{
    *stage = (struct stage){.given = given, .defaults = sk_json_get(vectors, "defaults")};
    const double card = field(stage, "card")->valuedouble;
    const cJSON *seen = sk_json_get(given, "seen");
    const char *because = sk_json_text(sk_json_get(given, "controller_reason"));
    stage->at_us = rk_at(field(stage, "at")->valuestring);
    stage->input = (struct sk_decide_input){.has_identifier = card != 0,
                                            .identifier = rk_card((unsigned)card),
                                            .has_place = cJSON_IsTrue(field(stage, "place")),
                                            .entry = strcmp(field(stage, "direction")->valuestring, "entry") == 0,
                                            .used = holds(given, "used"),
                                            .gaps = holds(given, "gaps"),
                                            .zone_from = (uint16_t)field(stage, "from")->valuedouble,
                                            .zone_to = (uint16_t)field(stage, "zone")->valuedouble,
                                            .door = 1,
                                            .factors_claimed = mask_of(field(stage, "factors")),
                                            .factors_site = mask_of(field(stage, "wanted")),
                                            .ctrl_decision = decision_of(field(stage, "controller")->valuestring),
                                            .ctrl_reason = because != NULL ? reason_of(because) : 0,
                                            .as_of_us = stage->at_us + (int64_t)figure(given, "as_of_s", 0) * SK_US_PER_S,
                                            .late_us = cJSON_IsTrue(field(stage, "clock")) ? stage->at_us : 0};
    if (seen != NULL)
        stage->input.seen = (struct sk_sighting){stage->at_us - (int64_t)figure(seen, "s", 0) * SK_US_PER_S,
                                                 (uint16_t)figure(seen, "from", 0), (uint16_t)figure(seen, "zone", 0)};
    place_people(stage);
    fill_papers(stage);
}

/* The decision comes out as expected; does it list the reason, or does the controller? */
static bool yields(const cJSON *given, const cJSON *expect, uint16_t reason, const char *name)
{
    static struct stage stage;
    struct sk_second_decision out;
    const cJSON *reasons = sk_json_get(expect, "reasons");
    set(&stage, given);
    const struct sk_roster_view view = {roster, UINT64_MAX, stage.at_us};
    bool listed = stage.input.ctrl_reason == reason;
    sk_decide(&view, &stage.input, &out);
    sk_check(out.decision == decision_of(sk_json_text(sk_json_get(expect, "ours"))), name);
    sk_check(out.agreement == sk_agreement_parse(sk_json_text(sk_json_get(expect, "agreement"))), name);
    sk_check(out.reason_count == (size_t)cJSON_GetArraySize(reasons), name);
    for (size_t i = 0; i < out.reason_count; i++) {
        sk_check(out.reasons[i] == reason_of(cJSON_GetArrayItem(reasons, (int)i)->valuestring), name);
        listed |= out.reasons[i] == reason;
    }
    return listed;
}

static void test_vectors(void **state)
{
    (void)state;
    const cJSON *one;
    bool shown[256] = {false};
    cJSON_ArrayForEach(one, sk_json_get(vectors, "cases"))
    {
        const char *name = sk_json_text(sk_json_get(one, "name"));
        const cJSON *neighbour = sk_json_get(one, "neighbour");
        const uint16_t reason = reason_of(sk_json_text(sk_json_get(one, "yields")));
        sk_check(yields(sk_json_get(one, "given"), sk_json_get(one, "expect"), reason, name), name);
        const bool still = yields(sk_json_get(neighbour, "given"), sk_json_get(neighbour, "expect"), reason, name);
        /* where the word is the controller's alone, its neighbour differs in what we make of it */
        const char *a = sk_json_text(sk_json_get(sk_json_get(one, "expect"), "agreement"));
        const char *b = sk_json_text(sk_json_get(sk_json_get(neighbour, "expect"), "agreement"));
        sk_check(!still || strcmp(a, b) != 0, name);
        shown[reason] = true;
    }
    for (int reason = 1; reason < 256; reason++)
        if (sk_deny_reason_name(reason) != NULL && !shown[reason])
            fail_msg("no case yields %s", sk_deny_reason_name(reason));
}

/* Between which moments a card was at a reader, and by which clocks nothing may be said. */
static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t class_, quality;
        int64_t ctrl, recv, early, late;
    } bounds[] = {
        {"the controller's moment is earlier", SK_OCC_ONLINE, SK_CLOCK_SYNCED, 100, 300, 100, 300},
        {"a little ahead", SK_OCC_ONLINE, SK_CLOCK_SYNCED, 300 + 2 * SK_US_PER_S, 300, 300, 300 + 2 * SK_US_PER_S},
        {"too far ahead", SK_OCC_ONLINE, SK_CLOCK_SYNCED, 301 + 2 * SK_US_PER_S, 300, 0, 0},
        {"it came late", SK_OCC_GRACE, SK_CLOCK_SYNCED, 100, 300, 0, 0},
        {"no time of the controller's", SK_OCC_ONLINE, SK_CLOCK_SYNCED, 0, 300, 0, 0},
        {"our own clock is not set", SK_OCC_ONLINE, SK_CLOCK_UNSYNCED, 100, 300, 0, 0},
    };
    for (size_t i = 0; i < SK_COUNT(bounds); i++) {
        const struct sk_bounds out = sk_sighting_bounds(bounds[i].class_, bounds[i].quality, bounds[i].ctrl, bounds[i].recv);
        sk_check(out.early_us == bounds[i].early && out.late_us == bounds[i].late, bounds[i].name);
    }
}

static int begin(void **state)
{
    struct sk_fault fault = {0};
    (void)state;
    if (sk_json_parse_file(VECTORS, &SK_JSON_FILE, &vectors, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    assert_int_equal(sk_roster_create(&roster), SK_OK);
    sk_roster_set_zone(roster, tokyo);
    rk_world(roster, tokyo);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cJSON_Delete(vectors);
    sk_roster_free(roster);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_bounds)};
    if (sk_zone_load("Asia/Tokyo", &tokyo, NULL) != SK_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, begin, end);
    sk_zone_free(tokyo);
    return failed;
}
