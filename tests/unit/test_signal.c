/* SPDX-License-Identifier: Apache-2.0 */
/* Signals and what a site has for them: the lists themselves, and each kind of source with and without it. */
#include "schemas/model/signal.h"

#include "schemas/model/register.h"
#include "tests/unit/engine_kit.h"

static struct sk_zone *tokyo;

static int group_setup(void **state)
{
    struct sk_fault fault = {0};
    (void)state;
    return sk_zone_load("Asia/Tokyo", &tokyo, &fault) == SK_OK ? 0 : -1;
}

static int group_teardown(void **state)
{
    (void)state;
    sk_zone_free(tokyo);
    return 0;
}

static void the_list_is_in_order_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < SK_SIGNAL_COUNT; i++) {
        const struct sk_signal *signal = sk_signal_at(i);
        sk_check(i == 0 || strcmp(sk_signal_at(i - 1)->name, signal->name) < 0, signal->name);
        sk_check(sk_signal_find(signal->name) == (int32_t)i, signal->name);
        sk_check(sk_signal_kind_name(signal->kind) != NULL, signal->name);
        sk_check(signal->keeper[0] == '\0' || sk_keeper_text(signal->keeper, SK_LANG_JA) != NULL, signal->name);
        sk_check(signal->kind != SK_SIGNAL_DEVICE || strstr(signal->name, ".n.") != NULL ||
                     sk_point_kind_find(signal->name) != NULL,
                 signal->name);
    }
    assert_null(sk_signal_at(SK_SIGNAL_COUNT));
    static const char *const none[] = {"", "a", "zzz", "visitor.nam", "visitor.names"};
    for (size_t i = 0; i < SK_COUNT(none); i++)
        sk_check(sk_signal_find(none[i]) == -1, none[i]);
    for (int source = 1; source <= SK_SOURCE_EXPIRED; source++)
        assert_non_null(sk_signal_source_text(source, SK_LANG_EN));
    assert_null(sk_signal_source_name(0));
    assert_null(sk_signal_source_name(SK_SOURCE_EXPIRED + 1));
}

/* 2026-11-20 as JST; the site kit has one door with a controller. */
static void each_source_by_case(void **state)
{
    static const struct {
        const char *name, *signal;
        const char *point; /* kind of the site's point 0; NULL: none of the list */
        const char *keeper, *until;
        bool doors;
        uint8_t source;
        bool there;
    } rows[] = {
        {"a point tells it", "ups.status", "ups.status", NULL, NULL, true, SK_SOURCE_POINTS, true},
        {"a numbered point tells it", "ambient.n.humidity", "ambient.n.humidity", NULL, NULL, true, SK_SOURCE_POINTS, true},
        {"a numbered one of what is one", "cabinet.lock.state", "cabinet.n.lock.state", NULL, NULL, true, SK_SOURCE_POINTS,
         true},
        {"no such point", "ups.status", NULL, NULL, NULL, true, SK_SOURCE_NO_POINT, false},
        {"a point wins over the site file", "ups.status", "ups.status", "watch", NULL, true, SK_SOURCE_POINTS, true},
        {"no point, a register named", "ups.status", NULL, "watch", NULL, true, SK_SOURCE_REGISTER, true},
        {"no point, attested to the last day", "ups.status", NULL, "", "2026-11-20", true, SK_SOURCE_ATTESTATION, true},
        {"attested to the day before", "ups.status", NULL, "", "2026-11-19", true, SK_SOURCE_EXPIRED, false},
        {"a register of ours", "visitor.name", NULL, NULL, NULL, true, SK_SOURCE_KEPT, true},
        {"the site file names another", "visitor.name", NULL, "goods", NULL, true, SK_SOURCE_REGISTER, true},
        {"events with a controller", "access.event", NULL, NULL, NULL, true, SK_SOURCE_KEPT, true},
        {"events without any", "access.event", NULL, NULL, NULL, false, SK_SOURCE_NO_DEVICE, false},
        {"a rack lock nowhere", "rack.unlock.event", NULL, NULL, NULL, true, SK_SOURCE_NO_DEVICE, false},
        {"not kept yet", "backup.result", NULL, NULL, NULL, true, SK_SOURCE_NOT_KEPT, false},
        {"not kept, attested", "backup.result", NULL, "", "2027-03-31", true, SK_SOURCE_ATTESTATION, true},
    };
    (void)state;
    int64_t at_us = 0;
    assert_true(sk_time_parse("2026-11-20T23:59:59+09:00", &at_us));
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        static struct kit kit;
        static struct sk_signal_has has[SK_SIGNAL_COUNT];
        kit_site(&kit);
        struct sk_point_kind kind = {.name = rows[i].point};
        const int32_t signal = sk_signal_find(rows[i].signal);
        assert_true(signal >= 0);
        const struct sk_stand_in stand_in = {.signal = (uint16_t)signal,
                                             .keeper = rows[i].keeper,
                                             .who = "chief",
                                             .until = rows[i].until != NULL ? rows[i].until : "",
                                             .document = "D-1"};
        if (rows[i].point != NULL)
            kit.points[0].kind = &kind;
        kit.site.stand_ins = &stand_in;
        kit.site.stand_in_count = rows[i].keeper != NULL;
        if (!rows[i].doors)
            kit.site.device_count = 1;
        sk_signals_of_site(&kit.site, tokyo, at_us, has);
        if (has[signal].source != rows[i].source || sk_signal_is_there(&has[signal]) != rows[i].there)
            fail_msg("%s: source %s", rows[i].name, sk_signal_source_name(has[signal].source));
        sk_check((has[signal].points == 1) == (rows[i].point != NULL), rows[i].name);
    }
}

/* Nothing is left unsaid: each signal has a source or a reason, on any site. */
static void every_signal_is_answered(void **state)
{
    static struct kit kit;
    static struct sk_signal_has has[SK_SIGNAL_COUNT];
    (void)state;
    kit_site(&kit);
    sk_signals_of_site(&kit.site, tokyo, KIT_UTC0, has);
    for (size_t i = 0; i < SK_SIGNAL_COUNT; i++) {
        sk_check(has[i].source >= SK_SOURCE_POINTS && has[i].source <= SK_SOURCE_EXPIRED, sk_signal_at(i)->name);
        sk_check((has[i].source == SK_SOURCE_KEPT) == (has[i].keeper[0] != '\0'), sk_signal_at(i)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_in_order_and_found),
        cmocka_unit_test(each_source_by_case),
        cmocka_unit_test(every_signal_is_answered),
    };
    return cmocka_run_group_tests_name("signal", tests, group_setup, group_teardown);
}
