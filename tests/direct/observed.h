/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen of alarms and records in one run, and whether it is what the scenario expects. */
#ifndef SK_TESTS_OBSERVED_H
#define SK_TESTS_OBSERVED_H

#include "collector/engine/decide.h"
#include "collector/engine/engine.h"
#include "sim/plant/scenario.h"

struct sighting {
    double at_s;
    bool record;
    bool active; /* alarms: raised (true) or returned */
    char source[SK_ALARM_SOURCE_MAX];
    char name[64];                  /* condition, or event name */
    char detail[SK_ALARM_TEXT_MAX]; /* alarms: detail; records: reason of denial */
    char entry[SK_ENTITY_MAX];      /* records: of a register */
    uint16_t our_reasons[SK_REASONS_MAX];
    size_t our_reason_count;
    uint8_t agreement; /* enum sk_agreement */
};
struct observed {
    struct sighting *list;
    size_t count, capacity;
};

void observed_alarm(struct observed *seen, const struct sk_alarm *alarm, double at_s);
void observed_record(struct observed *seen, const struct sk_site *site, const struct sk_draft *draft, double at_s);
/* Prints one line per expectation and, when one failed, all that was seen. Returns how many failed. */
int observed_check(const struct observed *seen, const struct sk_scenario *scenario);
void observed_free(struct observed *seen);

#endif
