/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the registers that look beyond the entry, told as stories: each step is refused for the fields it names, or done. */
#include "tests/unit/register_kit.h"

static struct sk_zone *tokyo;
static struct kit kit;
static struct sk_roster *roster;
static struct sk_registers *registers;

static int setup(void **state)
{
    struct sk_fault fault = {0};
    (void)state;
    kit_site(&kit);
    struct sk_roster_change person = rk_person(1), left = rk_person(2);
    person.version = 1;
    left.version = 2;
    left.person.until_us = KIT_UTC0 - SK_US_PER_S;
    return sk_zone_load("Asia/Tokyo", &tokyo, &fault) != SK_OK || sk_roster_create(&roster) != SK_OK ||
                   sk_registers_create(&registers) != SK_OK || sk_roster_apply(roster, &person) != SK_OK ||
                   sk_roster_apply(roster, &left) != SK_OK
               ? -1
               : 0;
}

static int teardown(void **state)
{
    (void)state;
    sk_registers_free(registers);
    sk_roster_free(roster);
    sk_zone_free(tokyo);
    return 0;
}

struct step {
    const char *name;
    uint16_t ev;
    const char *entry, *actor, *text, *fields; /* entry: "" opens one; fields: faults expected, "" it is done */
};

static void tell(const struct step *steps, size_t count)
{
    static struct sk_register_document document;
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        struct rg_faults faults = {"", ""};
        const struct sk_entry *entry = sk_registers_get(registers, step->entry);
        const int64_t now_us = KIT_UTC0 + (int64_t)i * SK_US_PER_S;
        const struct sk_register_context context = {
            .site = &kit.site, .roster = roster, .registers = registers, .zone = tokyo, .now_us = now_us, .actor = step->actor};
        if (rg_read(&context, step->ev, entry, step->text, &faults, &document) == SK_OK)
            sk_register_judge(&context, sk_act_row(step->ev), entry, &document, rg_fault, &faults);
        if (strcmp(faults.fields, step->fields) != 0)
            fail_msg("%s: refused for '%s' (%s), expected '%s'", step->name, faults.fields, faults.first, step->fields);
        if (faults.fields[0] != '\0')
            continue;
        struct sk_register_act act = rg_act(registers, step->ev, step->entry, step->actor, now_us, &document);
        if (sk_registers_apply(registers, &act) != SK_OK)
            fail_msg("%s: could not be applied", step->name);
    }
}
#define TELL(steps) tell(steps, SK_COUNT(steps))

#define VISIT                                                                                                                  \
    "{\"name\":\"n\",\"company\":\"c\",\"purpose\":\"p\",\"host\":\"p-1\",\"host_name\":\"h\",\"host_company\":\"c\","         \
    "\"date\":\"2025-11-20\",\"from\":\"2025-11-20T11:00:00Z\",\"until\":\"2025-11-20T15:00:00Z\",\"kind\":"
#define TO_SERVER        "\"visitor\",\"zones\":[\"server\"]}"
#define TO_OUTSIDE       "\"visitor\",\"zones\":[\"outside\"]}"
#define DELIVERY         "\"delivery\",\"delivery\":\"no_touch_attended\",\"zones\":[\"server\"]}"
#define CHECKED          "{\"identity\":\"licence\",\"identity_by\":\"desk\"}"
#define SCREENED(result) "{\"screening\":\"" result "\",\"screened_by\":\"p-1\"}"
#define LED(visit, escort, direction)                                                                                          \
    "{\"visit\":\"" visit "\",\"escort\":\"" escort "\",\"door\":\"d1\",\"direction\":\"" direction "\"}"
#define OFFICE "{\"office\":\"head\"}"

static void visits(void **state)
{
    static const struct step steps[] = {
        {"a visitor for class 3", SK_EV_VISIT_REQUESTED, "", "ann", VISIT TO_SERVER, ""},
        {"led in before anybody approved", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-1", "p-1", "in"), "visit"},
        {"approved", SK_EV_VISIT_APPROVED, "vs-1", "boss", OFFICE, ""},
        {"led into class 3 unscreened", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-1", "p-1", "in"), "visit"},
        {"arrived", SK_EV_VISIT_ARRIVED, "vs-1", "desk", CHECKED, ""},
        {"enters class 3 unscreened", SK_EV_VISIT_ENTERED, "vs-1", "desk", "{}", "screening"},
        {"screened: refused", SK_EV_VISIT_SCREENED, "vs-1", "op", SCREENED("refused"), ""},
        {"enters although refused", SK_EV_VISIT_ENTERED, "vs-1", "desk", "{}", "screening=ok"},
        {"screened: ok", SK_EV_VISIT_SCREENED, "vs-1", "op", SCREENED("ok"), ""},
        {"enters", SK_EV_VISIT_ENTERED, "vs-1", "desk", "{\"in_at\":\"2025-11-20T12:00:00Z\"}", ""},
        {"led by somebody who has left", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-1", "p-2", "in"), "escort"},
        {"led in", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-1", "p-1", "in"), ""},
        {"a badge", SK_EV_VISIT_BADGE_OUT, "vs-1", "desk", "{\"badge\":\"V-7\"}", ""},
        {"another badge, the first not back", SK_EV_VISIT_BADGE_OUT, "vs-1", "desk", "{\"badge\":\"V-8\"}", "badge"},
        {"a second visitor", SK_EV_VISIT_REQUESTED, "", "ann", VISIT TO_OUTSIDE, ""},
        {"approved too", SK_EV_VISIT_APPROVED, "vs-2", "boss", OFFICE, ""},
        {"arrived too", SK_EV_VISIT_ARRIVED, "vs-2", "desk", CHECKED, ""},
        {"the same badge", SK_EV_VISIT_BADGE_OUT, "vs-2", "desk", "{\"badge\":\"V-7\"}", "badge"},
        {"into a zone that is not his", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-2", "p-1", "in"), "door"},
        {"enters class 0 unscreened", SK_EV_VISIT_ENTERED, "vs-2", "desk", "{}", ""},
        {"left before he came", SK_EV_VISIT_DEPARTED, "vs-1", "desk", "{\"out_at\":\"2025-11-20T11:59:59Z\"}", "out_at"},
        {"left", SK_EV_VISIT_DEPARTED, "vs-1", "desk", "{}", ""},
        {"his badge is back", SK_EV_VISIT_BADGE_IN, "vs-1", "desk", "{}", ""},
        {"and given to the next", SK_EV_VISIT_BADGE_OUT, "vs-2", "desk", "{\"badge\":\"V-7\"}", ""},
        {"over", SK_EV_VISIT_CLOSED, "vs-1", "desk", "{}", ""},
        {"led in when it is over", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-1", "p-1", "in"), "visit"},
        {"but led out, whatever his papers say", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-1", "p-1", "out"), ""},
        {"a delivery person", SK_EV_VISIT_REQUESTED, "", "ann", VISIT DELIVERY, ""},
        {"approved", SK_EV_VISIT_APPROVED, "vs-3", "boss", OFFICE, ""},
        {"led in by his pattern", SK_EV_JOINT_RECORDED, "", "desk", LED("vs-3", "p-1", "in"), ""},
    };
    (void)state;
    TELL(steps);
}

#define KEY                   "{\"key\":\"K-1\",\"holder\":\"p-1\",\"purpose\":\"x\",\"until\":\"2025-11-21T12:00:00Z\"}"
#define MODE(approver, until) "{\"kind\":\"drill\",\"until\":\"" until "\",\"cause\":\"x\",\"approver\":\"" approver "\"}"

static void watch(void **state)
{
    static const struct step steps[] = {
        {"a key", SK_EV_KEY_TAKEN, "", "desk", KEY, ""},
        {"the same key again", SK_EV_KEY_TAKEN, "", "desk", KEY, "key"},
        {"given back before it was taken", SK_EV_KEY_RETURNED, "ky-1", "desk", "{\"returned_at\":\"2025-11-20T11:00:00Z\"}",
         "returned_at"},
        {"given back", SK_EV_KEY_RETURNED, "ky-1", "desk", "{}", ""},
        {"taken again", SK_EV_KEY_TAKEN, "", "desk", KEY, ""},
        {"handed over to himself", SK_EV_HANDOVER_GIVEN, "", "desk", "{\"from\":\"p-1\",\"to\":\"p-1\",\"matters\":\"x\"}",
         "to"},
        {"handed over", SK_EV_HANDOVER_GIVEN, "", "desk", "{\"from\":\"p-1\",\"to\":\"ann\",\"matters\":\"x\"}", ""},
        {"a mode by himself", SK_EV_MODE_DECLARED, "", "desk", MODE("desk", "2025-11-20T13:00:00Z"), "approver"},
        {"a mode without an end", SK_EV_MODE_DECLARED, "", "desk", MODE("boss", "2099-11-20T13:00:00Z"), "until"},
        {"a mode", SK_EV_MODE_DECLARED, "", "desk", MODE("boss", "2025-11-20T13:00:00Z"), ""},
        {"drawn out", SK_EV_MODE_EXTENDED, "md-1", "desk", "{\"until\":\"2025-12-20T13:00:00Z\"}", "until"},
        {"extended", SK_EV_MODE_EXTENDED, "md-1", "desk", "{\"until\":\"2025-11-21T11:00:00Z\"}", ""},
        {"a plan", SK_EV_PATROL_PLAN_PLANNED, "", "ann",
         "{\"title\":\"t\",\"checkpoints\":[\"A\",\"B\",\"C\"],\"times\":[\"09:00\"],\"tolerance_min\":10,\"from\":\"2025-11-"
         "01\","
         "\"until\":\"2025-12-31\"}",
         ""},
        {"approved", SK_EV_PATROL_PLAN_APPROVED, "pp-1", "boss", OFFICE, ""},
        {"a round", SK_EV_PATROL_STARTED, "", "desk", "{\"plan\":\"pp-1\",\"due\":\"2025-11-20T12:00:00Z\",\"by\":\"p-1\"}",
         ""},
        {"a place of no plan", SK_EV_PATROL_CHECKED, "pr-1", "desk", "{\"checkpoint\":\"Z\",\"result\":\"good\"}",
         "checkpoint"},
        {"one checked", SK_EV_PATROL_CHECKED, "pr-1", "desk", "{\"checkpoint\":\"A\",\"result\":\"good\"}", ""},
        {"finished as if all were", SK_EV_PATROL_FINISHED, "pr-1", "desk", "{}", "missed missed"},
        {"one forgotten", SK_EV_PATROL_FINISHED, "pr-1", "desk", "{\"missed\":[\"C\"]}", "missed"},
        {"finished", SK_EV_PATROL_FINISHED, "pr-1", "desk", "{\"missed\":[\"C\",\"B\"]}", ""},
    };
    (void)state;
    TELL(steps);
}

#define GOODS(direction)                                                                                                       \
    "{\"kind\":\"owned\",\"direction\":\"" direction "\",\"items\":[\"pc\",\"pc\"],\"serials\":[\"S1\",\"S2\"],"               \
    "\"purpose\":\"p\",\"from\":\"2025-11-20T11:00:00Z\",\"until\":\"2025-11-20T13:00:00Z\",\"responsible\":\"p-1\","          \
    "\"owner\":\"own\",\"applicant\":\"ann\"}"
#define LOOKED(serials) "{\"inspection\":\"ok\",\"inspected_by\":\"p-1\",\"method\":\"eye\",\"found_serials\":[" serials "]}"

static void goods(void **state)
{
    static const struct step steps[] = {
        {"a permit to come in", SK_EV_GOODS_PERMIT, "", "ann", GOODS("in"), ""},
        {"approved", SK_EV_GOODS_APPROVED, "gd-1", "boss", OFFICE, ""},
        {"another one found", SK_EV_GOODS_INSPECTED, "gd-1", "desk", LOOKED("\"S1\",\"S3\""), ""},
        {"carried in all the same", SK_EV_GOODS_IN, "gd-1", "desk", "{}", "found_serials"},
        {"told, with a reason", SK_EV_GOODS_MISMATCH, "gd-1", "desk", "{\"found_serials\":[\"S1\",\"S3\"]}", ""},
        {"carried in as told", SK_EV_GOODS_IN, "gd-1", "desk", "{}", ""},
        {"one less goes out", SK_EV_GOODS_OUT, "gd-1", "desk", "{\"found_serials\":[\"S1\"]}", "found_serials"},
        {"one more goes out", SK_EV_GOODS_OUT, "gd-1", "desk", "{\"found_serials\":[\"S1\",\"S2\",\"S3\"]}", "found_serials"},
        {"all go out", SK_EV_GOODS_OUT, "gd-1", "desk", "{\"found_serials\":[\"S2\",\"S1\"]}", ""},
        {"a permit to go out", SK_EV_GOODS_PERMIT, "", "ann", GOODS("out"), ""},
        {"approved", SK_EV_GOODS_APPROVED, "gd-2", "boss", OFFICE, ""},
        {"looked at", SK_EV_GOODS_INSPECTED, "gd-2", "desk", LOOKED("\"S1\",\"S2\""), ""},
        {"comes in on it", SK_EV_GOODS_IN, "gd-2", "desk", "{}", "direction"},
        {"goes out", SK_EV_GOODS_OUT, "gd-2", "desk", "{}", ""},
    };
    (void)state;
    TELL(steps);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(visits), T(watch), T(goods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
