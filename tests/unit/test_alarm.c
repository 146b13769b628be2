/* SPDX-License-Identifier: Apache-2.0 */
/* The ISA-18.2 word of every combination that matters, and what counts as open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "schemas/model/alarm.h"

static const struct {
    const char *name;
    uint16_t bits;
    enum sk_alarm_state state;
    bool open;
} rows[] = {
    {"new", SK_ALARM_BIT_ACTIVE, SK_ALARM_UNACK, true},
    {"acknowledged", SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED, SK_ALARM_ACKED, true},
    {"returned, not acknowledged", 0, SK_ALARM_RTN_UNACK, true},
    {"over", SK_ALARM_BIT_ACKED, SK_ALARM_NORMAL, false},
    {"over, stale and simulated do not count", SK_ALARM_BIT_ACKED | SK_ALARM_BIT_STALE | SK_ALARM_BIT_SIMULATED,
     SK_ALARM_NORMAL, false},
    {"stale stays active", SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_STALE, SK_ALARM_UNACK, true},
    {"shelved", SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_SHELVED, SK_ALARM_SHELVED, true},
    {"suppressed goes before shelved", SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_SHELVED | SK_ALARM_BIT_SUPPRESSED,
     SK_ALARM_SUPPRESSED, true},
    {"out of service goes before all", 0x1F, SK_ALARM_OUT_OF_SERVICE, true},
};

static void states(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sk_alarm_state_of(rows[i].bits) != rows[i].state || sk_alarm_is_open(rows[i].bits) != rows[i].open)
            fail_msg("%s: state %d", rows[i].name, (int)sk_alarm_state_of(rows[i].bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
