/* SPDX-License-Identifier: Apache-2.0 */
/* The one ISA-18.2 word of an alarm's bits. Bits do not exclude each other, the word does: what takes an alarm out of people's
 * sight (out of service, suppressed, shelved) comes before what it would otherwise show. */
#include "schemas/model/alarm.h"

static const struct {
    uint16_t mask;
    uint16_t value;
    enum sk_alarm_state state;
} state_rows[] = {
    {SK_ALARM_BIT_OUT_OF_SERVICE, SK_ALARM_BIT_OUT_OF_SERVICE, SK_ALARM_OUT_OF_SERVICE},
    {SK_ALARM_BIT_SUPPRESSED, SK_ALARM_BIT_SUPPRESSED, SK_ALARM_SUPPRESSED},
    {SK_ALARM_BIT_SHELVED, SK_ALARM_BIT_SHELVED, SK_ALARM_SHELVED},
    {SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED, SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED, SK_ALARM_ACKED},
    {SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED, SK_ALARM_BIT_ACTIVE, SK_ALARM_UNACK},
    {SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED, 0, SK_ALARM_RTN_UNACK},
};

enum sk_alarm_state sk_alarm_state_of(uint16_t bits)
{
    for (size_t i = 0; i < sizeof state_rows / sizeof *state_rows; i++)
        if ((bits & state_rows[i].mask) == state_rows[i].value)
            return state_rows[i].state;
    return SK_ALARM_NORMAL;
}

bool sk_alarm_is_open(uint16_t bits)
{
    return (bits & (SK_ALARM_BIT_ACTIVE | SK_ALARM_BIT_ACKED)) != SK_ALARM_BIT_ACKED;
}
