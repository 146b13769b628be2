/* SPDX-License-Identifier: Apache-2.0 */
/* Papers at the door, on a whole engine with the replay beside it: permits and their limits, the emergency form, escorts (at
 * the door, inside, by measure), goods, guests without a card, emergency modes, and papers that come too late. */
#include <stdlib.h>

#include "collector/engine/internal.h"
#include "collector/engine/reach.h"
#include "tests/unit/papers_kit.h"

enum { STAFF = 1, ESCORT, WORKER, VISITOR, STRANGER, MIN = 60000 };

static struct sk_zone *tokyo;
static struct papers run;

static void begin(void)
{
    pk_begin(&run, tokyo);
    pk_person(&run, STAFF, SK_PERSON_STAFF, true);
    pk_person(&run, ESCORT, SK_PERSON_STAFF, true);
    pk_person(&run, WORKER, SK_PERSON_CONTRACTOR, true);
    pk_person(&run, VISITOR, SK_PERSON_VISITOR, true);
    pk_person(&run, STRANGER, SK_PERSON_STAFF, false);
    /* the site keeps registers: another permit, of somebody else */
    pk_act(&run, "permit.requested", "",
           "{\"purpose\":\"x\",\"company\":\"x\",\"from\":\"2025-11-20T12:00:00Z\",\"until\":\"2025-11-20T13:00:00Z\","
           "\"zones\":[\"server\"],\"workers\":[\"p-1\"],\"applicant\":\"a\"}",
           100);
}

static const struct sk_draft *taken(void)
{
    return kit_record(&run.kit, SK_EV_ACC_TAKEN);
}

#define PERMIT(zone, more)                                                                                                     \
    "{\"purpose\":\"x\",\"company\":\"x\",\"from\":\"2025-11-20T12:10:00Z\",\"until\":\"2025-11-20T12:20:00Z\",\"zones\":["    \
    "\"" zone "\"],\"workers\":[\"p-3\"],\"applicant\":\"a\"" more "}"

/* What the last act makes of a permit of 12:10 to 12:20, and what an entry at that minute then lists. */
static const struct {
    const char *name, *zone, *acts[3];
    int64_t minute;
    uint16_t reason;
} permits[] = {
    {"approved, within", "server", {"permit.approved"}, 10, 0},
    {"a minute before", "server", {"permit.approved"}, 9, SK_DENY_PERMIT_MISSING},
    {"its last minute", "server", {"permit.approved"}, 19, 0},
    {"when it ends", "server", {"permit.approved"}, 20, SK_DENY_PERMIT_MISSING},
    {"asked for only", "server", {NULL}, 15, SK_DENY_PERMIT_MISSING},
    {"another zone", "outside", {"permit.approved"}, 15, SK_DENY_PERMIT_MISSING},
    {"refused", "server", {"permit.refused"}, 15, SK_DENY_PERMIT_MISSING},
    {"work begun", "server", {"permit.approved", "permit.started"}, 15, 0},
    {"work closed", "server", {"permit.approved", "permit.closed"}, 15, SK_DENY_PERMIT_MISSING},
    {"cancelled", "server", {"permit.approved", "permit.cancelled"}, 15, SK_DENY_PERMIT_MISSING},
    {"amended and not approved again", "server", {"permit.approved", "permit.amended"}, 15, SK_DENY_PERMIT_MISSING},
};

static void test_permits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_COUNT(permits); i++) {
        begin();
        const bool here = strcmp(permits[i].zone, "server") == 0;
        char id[SK_ENTRY_ID_MAX];
        sk_text_copy(id, sizeof id,
                     pk_act(&run, "permit.requested", "", here ? PERMIT("server", "") : PERMIT("outside", ""), MIN));
        for (size_t k = 0; k < SK_COUNT(permits[i].acts) && permits[i].acts[k] != NULL; k++) {
            const char *name = permits[i].acts[k];
            const char *fields = strcmp(name, "permit.approved") == 0 ? "{\"office\":\"x\"}"
                                 : strcmp(name, "permit.closed") == 0 ? "{\"result\":\"x\"}"
                                                                      : "{}";
            pk_act(&run, name, id, fields, 2 * MIN + (int64_t)k);
        }
        pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, permits[i].minute * MIN);
        sk_check(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_PERMIT_MISSING) == (permits[i].reason != 0), permits[i].name);
        sk_check(pk_item(taken(), SK_TAG_AGREEMENT) == SK_AGREE, permits[i].name); /* listed, no quarrel */
        pk_pass(&run, SK_EV_ACC_TAKEN, STAFF, true, permits[i].minute * MIN + 1);
        sk_check(pk_item(taken(), SK_TAG_OUR_REASONS) == UINT64_MAX, "staff need none");
        pk_end(&run);
    }
}

/* Where papers are required a grant without them is the highest alarm; an emergency form lets in and is told, ratified it is a
 * permit, refused it is none, and a permit that comes afterwards corrects by a record of its own. */
static void test_required(void **state)
{
    (void)state;
    begin();
    struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
    rule.zone.papers = SK_PAPERS_REQUIRED;
    pk_change(&run, rule, 200);
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 11 * MIN);
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_true(pk_is_active(&run, "door:d1/policy") || pk_alarm(&run, "door:d1/policy") != NULL);
    pk_act(&run, "permit.requested", "", PERMIT("server", ""), 12 * MIN);
    assert_null(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT));
    pk_act(&run, "permit.approved", "pm-2", "{\"office\":\"x\"}", 13 * MIN);
    const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_true(pk_says(supplement, SK_TAG_CAUSE, "late_paper") && pk_says(supplement, SK_TAG_SUPPLEMENTS, "1/1"));
    assert_int_equal(pk_item(supplement, SK_TAG_OLD_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_int_equal(pk_item(supplement, SK_TAG_AGREEMENT), SK_AGREE);
    assert_non_null(pk_alarm(&run, "door:d1/policy")); /* the alarm that was stays for a person */
    pk_act(&run, "permit.closed", "pm-2", "{\"result\":\"x\"}", 14 * MIN);
    assert_null(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT)); /* what held then goes on to hold */
    /* wrong for two reasons, of which the paper takes one: said, and not rung again */
    rule.zone.passback = SK_PASSBACK_HARD;
    pk_change(&run, rule, 15 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 18 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_ANTIPASSBACK_HARD));
    pk_act(&run, "permit.requested", "", PERMIT("server", ""), 19 * MIN);
    pk_tick(&run, 60 * MIN);
    assert_false(pk_is_active(&run, "door:d1/policy"));
    pk_act(&run, "permit.approved", "pm-3", "{\"office\":\"x\"}", 61 * MIN);
    supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_int_equal(pk_item(supplement, SK_TAG_OLD_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_int_equal(pk_item(supplement, SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_false(pk_is_active(&run, "door:d1/policy"));
    pk_end(&run);
}

/* What was decided before the site kept registers is not measured by them. */
static void test_before_registers(void **state)
{
    (void)state;
    pk_begin(&run, tokyo);
    pk_person(&run, STAFF, SK_PERSON_STAFF, true);
    pk_person(&run, ESCORT, SK_PERSON_STAFF, true);
    pk_person(&run, WORKER, SK_PERSON_CONTRACTOR, true);
    struct sk_roster_change rule = rk_zone(12, 3, SK_PASSBACK_SOFT, 0);
    rule.zone.papers = SK_PAPERS_REQUIRED;
    pk_change(&run, rule, 200);
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, MIN);
    pk_act(&run, "permit.requested", "", PERMIT("server", ""), 2 * MIN);
    assert_null(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT));
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 3 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_PERMIT_MISSING));
    pk_end(&run);
}

static void test_emergency(void **state)
{
    (void)state;
    static const char form[] = "{\"purpose\":\"x\",\"company\":\"x\",\"zones\":[\"server\"],\"workers\":[\"p-3\"],"
                               "\"until\":\"2025-11-20T12:20:00Z\",\"applicant\":\"a\"}";
    begin();
    struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
    rule.zone.papers = SK_PAPERS_REQUIRED;
    pk_change(&run, rule, 200);
    pk_act(&run, "emergency.opened", "", form, MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 2 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_EMERGENCY_ENTRY));
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_AGREE);
    pk_act(&run, "emergency.ratified", "em-1", "{\"office\":\"x\"}", 3 * MIN);
    assert_false(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_REASONS, SK_DENY_EMERGENCY_ENTRY));
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OLD_REASONS, SK_DENY_EMERGENCY_ENTRY));
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 4 * MIN);
    assert_int_equal(pk_item(taken(), SK_TAG_OUR_REASONS), UINT64_MAX);
    /* one that a second person refuses */
    pk_act(&run, "emergency.opened", "",
           "{\"purpose\":\"x\",\"company\":\"x\",\"zones\":[\"server\"],\"workers\":[\"p-3\"],"
           "\"until\":\"2025-11-20T12:40:00Z\",\"applicant\":\"a\"}",
           22 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 23 * MIN);
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_AGREE);
    pk_act(&run, "emergency.refused", "em-2", "{}", 24 * MIN);
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_string_equal(pk_alarm(&run, "door:d1/policy")->detail, "x:PermitMissing (late: late_paper)");
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 41 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_PERMIT_MISSING));
    pk_end(&run);
}

#define CARDLESS                                                                                                               \
    "{\"name\":\"n\",\"company\":\"x\",\"kind\":\"visitor\",\"purpose\":\"x\",\"host\":\"p-2\",\"host_name\":\"n\","           \
    "\"host_company\":\"x\",\"date\":\"2025-11-20\",\"from\":\"2025-11-20T12:00:00Z\",\"until\":\"2025-11-20T15:00:00Z\","     \
    "\"zones\":[\"server\"]}"
#define VISIT(more)                                                                                                            \
    "{\"name\":\"n\",\"company\":\"x\",\"person\":\"p-4\",\"kind\":\"visitor\",\"purpose\":\"x\",\"host\":\"p-2\","            \
    "\"host_name\":\"n\",\"host_company\":\"x\",\"date\":\"2025-11-20\",\"from\":\"2025-11-20T12:00:00Z\","                    \
    "\"until\":\"2025-11-20T15:00:00Z\",\"zones\":[\"server\"]" more "}"
#define SINGLE "zone:server/occ.single_in_two_person"
#define ASTRAY "zone:server/escort.astray"

static void visit(const char *fields)
{
    char id[SK_ENTRY_ID_MAX];
    sk_text_copy(id, sizeof id, pk_act(&run, "visit.requested", "", fields, MIN));
    pk_act(&run, "visit.approved", id, "{\"office\":\"x\"}", MIN + 1);
    pk_act(&run, "visit.arrived", id, "{\"identity\":\"licence\",\"identity_by\":\"desk\"}", MIN + 2);
}

/* The escort follows, walks away, comes back; then walks away for good, and a watch by camera is attested. */
static void test_escort(void **state)
{
    (void)state;
    begin();
    visit(VISIT(",\"escort\":\"p-2\""));
    pk_pass(&run, SK_EV_ACC_TAKEN, VISITOR, true, 2 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_ESCORT_AWAITED));
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, true, 2 * MIN + 20000);
    assert_string_equal(pk_tick(&run, 4 * MIN), "");
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, false, 5 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, true, 5 * MIN + 29000);
    assert_string_equal(pk_tick(&run, 7 * MIN), "");
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, false, 8 * MIN);
    assert_string_equal(pk_tick(&run, 8 * MIN + 31000), "R");
    assert_true(pk_is_active(&run, ASTRAY));
    assert_string_equal(pk_alarm(&run, ASTRAY)->detail, "p-4");
    pk_act(&run, "visit.watched", "vs-1",
           "{\"watch_by\":\"guard\",\"watch_cameras\":[\"dev\"],\"watch_from\":\"2025-11-20T12:00:00Z\",\"watch_until\":"
           "\"2025-11-20T13:00:00Z\"}",
           9 * MIN);
    assert_false(pk_is_active(&run, ASTRAY));
    pk_end(&run);
}

static void test_escort_missing(void **state)
{
    (void)state;
    begin();
    struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
    rule.zone.papers = SK_PAPERS_REQUIRED;
    pk_change(&run, rule, 200);
    visit(VISIT(",\"escort\":\"p-2\""));
    pk_pass(&run, SK_EV_ACC_TAKEN, STAFF, true, MIN + 10); /* somebody, but not his escort */
    pk_pass(&run, SK_EV_ACC_TAKEN, VISITOR, true, 2 * MIN);
    pk_tick(&run, 2 * MIN + 30500);
    const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_true(pk_lists(supplement, SK_TAG_OUR_REASONS, SK_DENY_ESCORT_MISSING));
    assert_int_equal(pk_item(supplement, SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    assert_true(pk_is_active(&run, ASTRAY) || pk_alarm(&run, ASTRAY) == NULL);
    pk_tick(&run, 3 * MIN);
    assert_true(pk_is_active(&run, ASTRAY));
    /* an equal measure, attested and approved for the zone, late: both say so */
    pk_act(&run, "attestation.filed", "",
           "{\"kind\":\"equal_measure\",\"subject\":\"zone:server\",\"document\":\"d\",\"issued\":\"2025-11-20\",\"expires\":"
           "\"2025-11-21\",\"responsible\":\"guard\",\"result\":\"good\"}",
           4 * MIN);
    pk_act(&run, "attestation.approved", "at-1", "{\"office\":\"x\"}", 4 * MIN + 1);
    supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_true(pk_lists(supplement, SK_TAG_OUR_REASONS, SK_DENY_ESCORT_BY_MEASURE));
    assert_int_equal(pk_item(supplement, SK_TAG_OUR_DECISION), SK_DECISION_GRANTED);
    assert_false(pk_is_active(&run, ASTRAY));
    pk_end(&run);
}

static void test_goods(void **state)
{
    (void)state;
    begin();
    pk_act(&run, "goods.permit", "",
           "{\"kind\":\"owned\",\"direction\":\"in\",\"items\":[\"server\"],\"serials\":[\"1\"],\"purpose\":\"x\","
           "\"from\":\"2025-11-20T12:00:00Z\",\"until\":\"2025-11-20T14:00:00Z\",\"responsible\":\"p-1\",\"owner\":\"own\","
           "\"applicant\":\"a\",\"person\":\"p-1\",\"zones\":[\"server\"]}",
           MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, STAFF, true, 2 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_GOODS));
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, true, 2 * MIN + 1);
    assert_false(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_GOODS));
    pk_act(&run, "goods.approved", "gd-1", "{\"office\":\"x\"}", 3 * MIN);
    pk_act(&run, "goods.inspected", "gd-1", "{\"inspection\":\"ok\",\"inspected_by\":\"guard\",\"method\":\"eye\"}",
           3 * MIN + 1);
    pk_act(&run, "goods.in", "gd-1", "{}", 3 * MIN + 2);
    pk_pass(&run, SK_EV_ACC_TAKEN, STAFF, true, 4 * MIN);
    assert_false(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_GOODS));
    pk_end(&run);
}

/* A guest without a card is led in: he counts among the people, and not among those who may be there. */
static void test_guests(void **state)
{
    (void)state;
    begin();
    struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
    rule.zone.people_min = 2;
    rule.zone.occ_max = 3;
    pk_change(&run, rule, 200);
    pk_act(&run, "visit.requested", "", CARDLESS, MIN);
    pk_act(&run, "visit.approved", "vs-1", "{\"office\":\"x\"}", MIN + 1);
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, true, 2 * MIN);
    pk_act(&run, "joint.recorded", "", "{\"visit\":\"vs-1\",\"escort\":\"p-2\",\"door\":\"d1\",\"direction\":\"in\"}",
           2 * MIN + 2000);
    pk_tick(&run, 2 * MIN + 31000);
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_REASONS, SK_DENY_WRONG_ACCOMPANIMENT));
    assert_false(pk_is_active(&run, SINGLE)); /* two are inside, though only one may be */
    pk_pass(&run, SK_EV_ACC_TAKEN, STAFF, true, 4 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, WORKER, true, 5 * MIN);
    assert_true(pk_lists(taken(), SK_TAG_OUR_REASONS, SK_DENY_OCC_UPPER)); /* the guest is the fourth */
    assert_true(pk_is_active(&run, "zone:server/occ.max"));
    pk_act(&run, "joint.recorded", "", "{\"visit\":\"vs-1\",\"escort\":\"p-2\",\"door\":\"d1\",\"direction\":\"out\"}",
           6 * MIN);
    assert_false(pk_is_active(&run, "zone:server/occ.max"));
    /* another guest, who also has a card: counted once where both say he is */
    visit(VISIT(""));
    pk_pass(&run, SK_EV_ACC_TAKEN, STAFF, false, 7 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, VISITOR, true, 8 * MIN);
    pk_act(&run, "joint.recorded", "", "{\"visit\":\"vs-2\",\"escort\":\"p-2\",\"door\":\"d1\",\"direction\":\"in\"}",
           8 * MIN + 1);
    assert_false(pk_is_active(&run, "zone:server/occ.max"));
    const struct sk_registers *registers = sk_engine_registers(run.kit.engine);
    const int64_t in_us = kit_now(2 * MIN + 2000).utc_us;
    assert_int_equal(sk_joint_people(registers, "d1", true, in_us, in_us + 1), 1);
    assert_int_equal(sk_joint_people(registers, "d1", true, in_us + 1, in_us + 2), 0);
    assert_int_equal(sk_joint_people(registers, "d2", true, 0, SK_NEVER), 0);
    pk_end(&run);
}

/* Told afterwards that a guest was led in with him: the passage that nobody accompanied is decided again. */
static void test_guest_told_late(void **state)
{
    (void)state;
    begin();
    struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
    rule.zone.people_min = 2;
    pk_change(&run, rule, 200);
    pk_act(&run, "visit.requested", "", CARDLESS, MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, ESCORT, true, 2 * MIN);
    pk_tick(&run, 2 * MIN + 31000);
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_REASONS, SK_DENY_NO_ACCOMPANIMENT));
    pk_act(&run, "joint.recorded", "",
           "{\"visit\":\"vs-1\",\"escort\":\"p-2\",\"door\":\"d1\",\"direction\":\"in\",\"at\":\"2025-11-20T12:02:02Z\"}",
           3 * MIN);
    const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_true(pk_lists(supplement, SK_TAG_OUR_REASONS, SK_DENY_WRONG_ACCOMPANIMENT));
    assert_true(pk_says(supplement, SK_TAG_CAUSE, "late_paper"));
    pk_act(&run, "joint.voided", "je-1", "{}", 4 * MIN);
    assert_true(pk_lists(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_OUR_REASONS, SK_DENY_NO_ACCOMPANIMENT));
    pk_end(&run);
}

/* In an emergency every passage is recorded, judged, marked, and no violation. */
static void test_modes(void **state)
{
    (void)state;
    begin();
    struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
    rule.zone.people_min = 2;
    pk_change(&run, rule, 200);
    pk_pass(&run, SK_EV_ACC_TAKEN, STRANGER, true, 20000);
    pk_pass(&run, SK_EV_ACC_TAKEN, STRANGER, true, MIN);
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    pk_tick(&run, 4 * MIN);
    assert_true(pk_is_active(&run, SINGLE));
    pk_pass(&run, SK_EV_ACC_TAKEN, STRANGER, false, 4 * MIN + 1);
    assert_false(pk_is_active(&run, SINGLE));
    /* told five minutes later, from between the two entries on */
    pk_act(&run, "mode.declared", "",
           "{\"kind\":\"fire_release\",\"from\":\"2025-11-20T12:00:40Z\",\"until\":\"2025-11-20T12:30:00Z\",\"cause\":\"x\","
           "\"approver\":\"boss\"}",
           5 * MIN);
    const struct sk_draft *supplement = kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT);
    assert_int_equal(pk_item(supplement, SK_TAG_AGREEMENT), SK_AGREE_EXEMPT);
    assert_true(pk_says(supplement, SK_TAG_EXEMPT_BY, "md-1 fire_release"));
    assert_true(pk_says(supplement, SK_TAG_SUPPLEMENTS, "1/2"));
    pk_pass(&run, SK_EV_ACC_TAKEN, STRANGER, true, 6 * MIN);
    assert_string_equal(kit_story(&run.kit), "E"); /* recorded, and no alarm */
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_AGREE_EXEMPT);
    assert_int_equal(pk_item(taken(), SK_TAG_EXEMPTED), 1);
    assert_int_equal(pk_item(taken(), SK_TAG_OUR_DECISION), SK_DECISION_DENIED); /* the rules are listed as ever */
    assert_true(pk_says(taken(), SK_TAG_EXEMPT_BY, "md-1 fire_release"));
    assert_string_equal(pk_tick(&run, 10 * MIN), "E"); /* alone in a zone for two: said, and no violation */
    assert_int_equal(pk_item(kit_record(&run.kit, SK_EV_ACC_SUPPLEMENT), SK_TAG_AGREEMENT), SK_AGREE_EXEMPT);
    assert_false(pk_is_active(&run, SINGLE));
    pk_act(&run, "mode.ended", "md-1", "{}", 11 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, STRANGER, true, 12 * MIN);
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED);
    pk_act(
        &run, "mode.declared", "",
        "{\"kind\":\"drill\",\"until\":\"2025-11-20T12:50:00Z\",\"zones\":[\"outside\"],\"cause\":\"x\",\"approver\":\"boss\"}",
        20 * MIN);
    pk_pass(&run, SK_EV_ACC_TAKEN, STRANGER, true, 21 * MIN);
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_DISAGREE_GRANTED); /* a drill elsewhere */
    pk_end(&run);
}

static void test_emergency_service(void **state)
{
    (void)state;
    begin();
    pk_person(&run, 6, SK_PERSON_EMERGENCY, false);
    pk_pass(&run, SK_EV_ACC_TAKEN, 6, true, MIN);
    assert_string_equal(kit_story(&run.kit), "E");
    assert_int_equal(pk_item(taken(), SK_TAG_AGREEMENT), SK_AGREE_EXEMPT);
    assert_true(pk_says(taken(), SK_TAG_EXEMPT_BY, "emergency_service"));
    pk_end(&run);
}

/* --- everything at random; the records alone say the same --- */

static uint64_t seed;

static uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static void time_text(char to[SK_TIME_TEXT], int64_t ms)
{
    sk_time_format(to, kit_now(ms).utc_us);
}

static const struct sk_entry *any_entry(uint8_t register_)
{
    const struct sk_entry *entry, *found = NULL;
    size_t cursor = 0, count = 0;
    while ((entry = sk_registers_next(sk_engine_registers(run.kit.engine), register_, &cursor)) != NULL)
        if (any((uint32_t)++count) == 0)
            found = entry;
    return found;
}

/* --- a paper reaches everybody whose decision it changes --- */

static struct sk_second_decision before_act[SK_CASES];
static bool asked_before[SK_CASES];
static size_t reached, changed_by_papers;

/* Every passage that is kept, decided again as of now with all papers there are. */
static void decide_all(struct sk_second_decision to[SK_CASES], bool asked[SK_CASES], int64_t ms)
{
    const struct sk_world world = sk_engine_world(run.kit.engine);
    const int64_t now_us = kit_now(ms).utc_us;
    for (size_t i = 0; i < SK_CASES; i++) {
        struct sk_case kept = run.kit.engine->cases.items[i];
        asked[i] = kept.in_use && kept.person >= 0;
        kept.papers_by_us = now_us;
        if (asked[i])
            sk_case_decide(&world, &kept, now_us, false, &to[i]);
    }
}

static bool differs(const struct sk_second_decision *a, const struct sk_second_decision *b)
{
    return a->decision != b->decision || a->agreement != b->agreement || a->reason_count != b->reason_count ||
           memcmp(a->reasons, b->reasons, a->reason_count * sizeof a->reasons[0]) != 0 || a->company != b->company;
}

static void check_reach(const char *name, const char *entry, int64_t ms)
{
    static struct sk_second_decision after[SK_CASES];
    bool asked[SK_CASES];
    const struct sk_world world = sk_engine_world(run.kit.engine);
    struct sk_reach reach;
    decide_all(after, asked, ms);
    sk_reach_of(&world, entry, &reach);
    for (size_t i = 0; i < SK_CASES; i++) {
        const bool concerns = sk_reach_concerns(&world, &reach, &run.kit.engine->cases.items[i]);
        reached += concerns;
        if (!asked_before[i] || !asked[i] || !differs(&before_act[i], &after[i]))
            continue;
        changed_by_papers++;
        if (!concerns)
            fail_msg("%s of %s changes a passage and does not reach it", name, entry);
    }
}

static uint32_t watch_one_in = 1; /* it costs two decisions of all passages that are kept */
static void act(const char *name, const char *entry, const char *json, int64_t ms)
{
    const bool watched = any(watch_one_in) == 0;
    if (watched)
        decide_all(before_act, asked_before, ms);
    const char *id = pk_act(&run, name, entry, json, ms);
    if (watched)
        check_reach(name, id, ms);
}

/* An act on an entry, if its state allows it. */
static void try_act(const char *name, const struct sk_entry *entry, uint64_t states, const char *fields, int64_t ms)
{
    char id[SK_ENTRY_ID_MAX];
    if (entry == NULL || (states >> entry->state & 1) == 0)
        return;
    sk_text_copy(id, sizeof id, entry->id);
    act(name, id, fields, ms);
}

enum { PEOPLE = 30 };
#define STATE(name) (UINT64_C(1) << SK_RS_##name)

static void random_opening(int64_t ms)
{
    char json[1024], from[SK_TIME_TEXT], until[SK_TIME_TEXT];
    const unsigned person = 1 + any(PEOPLE), escort = 1 + any(PEOPLE);
    time_text(from, ms - (int64_t)any(1200000) + 600000);
    time_text(until, ms + 700000 + (int64_t)any(3600000));
    switch (any(5)) {
    case 0:
        sk_text_format(
            json, sizeof json,
            "{\"purpose\":\"x\",\"company\":\"x\",\"from\":\"%s\",\"until\":\"%s\",\"zones\":[\"%s\"],\"workers\":[\"p-%u\","
            "\"p-%u\"],\"applicant\":\"a\",\"escort\":\"p-%u\"}",
            from, until, any(4) == 0 ? "outside" : "server", person, person % PEOPLE + 1, escort);
        act("permit.requested", "", json, ms);
        return;
    case 1:
        sk_text_format(json, sizeof json,
                       "{\"purpose\":\"x\",\"company\":\"x\",\"zones\":[\"server\"],\"workers\":[\"p-%u\"],\"until\":\"%s\","
                       "\"applicant\":\"a\"}",
                       person, until);
        act("emergency.opened", "", json, ms);
        return;
    case 2:
        sk_text_format(
            json, sizeof json,
            "{\"name\":\"n\",\"company\":\"x\",\"person\":\"p-%u\",\"kind\":\"visitor\",\"purpose\":\"x\",\"host\":\"p-1\","
            "\"host_name\":\"n\",\"host_company\":\"x\",\"date\":\"2025-11-20\",\"from\":\"%s\",\"until\":\"%s\","
            "\"zones\":[\"server\"],\"escort\":\"p-%u\"}",
            person, from, until, escort);
        act("visit.requested", "", json, ms);
        return;
    case 3:
        if (any(6) == 0) {
            sk_text_format(json, sizeof json,
                           "{\"kind\":\"drill\",\"from\":\"%s\",\"until\":\"%s\",\"cause\":\"x\",\"approver\":\"boss\"}", from,
                           until);
            act("mode.declared", "", json, ms);
        }
        return;
    default: {
        const struct sk_entry *visit = any_entry(SK_REGISTER_VISIT);
        char at[SK_TIME_TEXT];
        if (visit == NULL)
            return;
        time_text(at, ms - (int64_t)any(600000));
        sk_text_format(json, sizeof json,
                       "{\"visit\":\"%s\",\"escort\":\"p-%u\",\"door\":\"d1\",\"direction\":\"%s\",\"at\":\"%s\"}", visit->id,
                       escort, any(2) == 0 ? "in" : "out", at);
        act("joint.recorded", "", json, ms);
    }
    }
}

static void random_act(int64_t ms)
{
    switch (any(8)) {
    case 0:
        try_act("permit.approved", any_entry(SK_REGISTER_PERMIT), STATE(REQUESTED), "{\"office\":\"x\"}", ms);
        return;
    case 1:
        try_act("permit.closed", any_entry(SK_REGISTER_PERMIT), STATE(APPROVED) | STATE(OPEN), "{\"result\":\"x\"}", ms);
        return;
    case 2:
        try_act(any(2) == 0 ? "emergency.ratified" : "emergency.refused", any_entry(SK_REGISTER_EMERGENCY), STATE(OPEN),
                "{\"office\":\"x\"}", ms);
        return;
    case 3:
        try_act("visit.approved", any_entry(SK_REGISTER_VISIT), STATE(REQUESTED), "{\"office\":\"x\"}", ms);
        return;
    case 4:
        try_act("mode.ended", any_entry(SK_REGISTER_MODE), STATE(ACTIVE), "{}", ms);
        return;
    default:
        random_opening(ms);
    }
}

static void random_rule(int64_t ms)
{
    struct sk_roster_change rule = rk_zone(12, 3, (uint8_t)any(4), 300);
    rule.zone.people_min = (uint8_t)any(4);
    rule.zone.together_s = 1 + any(40);
    rule.zone.occ_max = (uint16_t)any(20);
    rule.zone.papers = (uint8_t)any(3);
    pk_change(&run, rule, ms);
}

static void random_passage(int64_t ms)
{
    static const uint16_t events[] = {SK_EV_ACC_GRANTED, SK_EV_ACC_TAKEN, SK_EV_ACC_TAKEN, SK_EV_ACC_NOT_TAKEN,
                                      SK_EV_ACC_DENIED};
    struct sk_access_event event = pk_event(events[any(5)], 1 + any(PEOPLE + 1), any(2) == 0, ++run.seq, ms);
    if (any(4) == 0)
        event.t_ctrl_us -= (int64_t)any(1800) * SK_US_PER_S;
    if (event.ev == SK_EV_ACC_DENIED) {
        event.decision = SK_DECISION_DENIED;
        event.reason = any(2) == 0 ? SK_DENY_OTHER : SK_DENY_UNAUTHORIZED;
    }
    kit_event_feed(&run.kit, &event, ms);
    pk_step(&run);
}

static void test_at_random(void **state)
{
    (void)state;
    const char *full = getenv("SK_TEST_FULL");
    const bool whole = full != NULL && strcmp(full, "1") == 0;
    const size_t passages = whole ? 100000 : 3000;
    watch_one_in = whole ? 16 : 1;
    seed = 20261120;
    pk_begin(&run, tokyo);
    for (unsigned i = 1; i <= PEOPLE; i++)
        pk_person(&run, i, (uint8_t)(1 + i % 11), i % 4 != 0);
    for (size_t i = 0; i < passages; i++) {
        const int64_t ms = (int64_t)(i + 1) * 7000;
        pk_tick(&run, ms - 1);
        random_passage(ms);
        if (any(15) == 0)
            random_act(ms + 1);
        if (any(60) == 0)
            random_rule(ms + 2);
    }
    assert_int_equal(run.judged, passages);
    assert_true(changed_by_papers > passages / (600 * (size_t)watch_one_in) && reached > changed_by_papers);
    assert_true(run.disagreed > passages / 50 && run.supplements > passages / 50 && run.exempt > passages / 100);
    pk_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permits),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_emergency),
        cmocka_unit_test(test_escort),
        cmocka_unit_test(test_escort_missing),
        cmocka_unit_test(test_goods),
        cmocka_unit_test(test_guests),
        cmocka_unit_test(test_guest_told_late),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_emergency_service),
        cmocka_unit_test(test_before_registers),
        cmocka_unit_test(test_at_random),
    };
    if (sk_zone_load("Asia/Tokyo", &tokyo, NULL) != SK_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sk_zone_free(tokyo);
    return failed;
}
