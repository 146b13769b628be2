/* SPDX-License-Identifier: Apache-2.0 */
/* Sightings are kept in order of time; an alarm counts when its active bit changes, not at each refresh. */
#include "tests/direct/observed.h"

#include <stdio.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

static struct sighting *add(struct observed *seen)
{
    struct sighting *grown = sk_grow(seen->list, seen->count, &seen->capacity, sizeof *grown, 1000000);
    if (grown == NULL) {
        return NULL;
    }
    seen->list = grown;
    memset(&seen->list[seen->count], 0, sizeof *grown);
    return &seen->list[seen->count++];
}

static bool is_active_already(const struct observed *seen, const char *source, const char *name, bool active)
{
    for (size_t i = seen->count; i > 0; i--) {
        const struct sighting *one = &seen->list[i - 1];
        if (!one->record && strcmp(one->source, source) == 0 && strcmp(one->name, name) == 0) {
            return one->active == active;
        }
    }
    return !active;
}

void observed_alarm(struct observed *seen, const struct sk_alarm *alarm, double at_s)
{
    const char *name = sk_condition_name(alarm->condition);
    const bool active = (alarm->bits & SK_ALARM_BIT_ACTIVE) != 0;
    if (name == NULL || is_active_already(seen, alarm->source, name, active)) {
        return;
    }
    struct sighting *one = add(seen);
    if (one != NULL) {
        one->at_s = at_s;
        one->active = active;
        (void)sk_text_copy(one->source, sizeof one->source, alarm->source);
        (void)sk_text_copy(one->name, sizeof one->name, name);
        (void)sk_text_copy(one->detail, sizeof one->detail, alarm->detail);
    }
}

void observed_record(struct observed *seen, const struct sk_site *site, const struct sk_draft *draft, double at_s)
{
    struct sighting *one = add(seen);
    if (one == NULL) {
        return;
    }
    one->at_s = at_s;
    one->record = true;
    const char *name = sk_event_name(draft->header.ev);
    (void)sk_text_copy(one->name, sizeof one->name, name != NULL ? name : "?");
    for (size_t i = 0; i < site->door_count; i++) {
        if (draft->header.door != 0 && site->doors[i].number == draft->header.door) {
            (void)sk_text_copy(one->source, sizeof one->source, site->doors[i].id);
        }
    }
    struct sk_body_item item;
    if (sk_body_find(draft->body.bytes, draft->body.writer.length, SK_TAG_CTRL_REASON, &item)) {
        const char *reason = sk_deny_reason_name((int)sk_item_u64(&item));
        (void)sk_text_copy(one->detail, sizeof one->detail, reason != NULL ? reason : "");
    }
}

/* Exact, or "*" for any, or a device for all its points (only where nothing may be raised). */
static bool source_fits(const char *wanted, const char *source, bool loose)
{
    const size_t length = strlen(wanted);
    return strcmp(wanted, source) == 0 || (loose && strcmp(wanted, "*") == 0) ||
           (loose && strncmp(wanted, source, length) == 0 && source[length] == '/');
}

static bool is_record(const struct sk_expect *expect)
{
    return expect->kind == SK_EXPECT_RECORD || expect->kind == SK_EXPECT_NO_RECORD;
}

static bool fits(const struct sk_expect *expect, const struct sighting *one)
{
    const double slack_s = 1e-6;
    if (one->at_s < expect->after_s - slack_s || one->at_s > expect->after_s + expect->within_s + slack_s) {
        return false;
    }
    if (is_record(expect)) {
        return one->record && strcmp(one->name, expect->event) == 0 &&
               (expect->door == NULL || strcmp(one->source, expect->door) == 0) &&
               (expect->reason == NULL || strcmp(one->detail, expect->reason) == 0);
    }
    return !one->record && one->active == (expect->kind != SK_EXPECT_RETURNED) &&
           source_fits(expect->source, one->source, expect->kind == SK_EXPECT_NO_ALARM) &&
           (expect->condition == NULL || strcmp(one->name, expect->condition) == 0);
}

static void print_expectation(const struct sk_expect *expect)
{
    static const char *const WORDS[] = {"alarm", "no alarm", "returned", "record", "no record"};
    const bool record = is_record(expect);
    (void)printf("%-8s %s %s [%g s, +%g s]", WORDS[expect->kind], record ? expect->event : expect->source,
                 record ? (expect->door != NULL ? expect->door : "") : (expect->condition != NULL ? expect->condition : ""),
                 expect->after_s, expect->within_s);
}

static bool check_one(const struct observed *seen, const struct sk_expect *expect)
{
    const struct sighting *found = NULL;
    for (size_t i = 0; i < seen->count && found == NULL; i++) {
        found = fits(expect, &seen->list[i]) ? &seen->list[i] : NULL;
    }
    const bool held = (found != NULL) == (expect->kind != SK_EXPECT_NO_ALARM && expect->kind != SK_EXPECT_NO_RECORD);
    (void)printf("%s  ", held ? "held  " : "FAILED");
    print_expectation(expect);
    if (found != NULL) {
        (void)printf(": %s %s %s at %.1f s", found->source, found->name, found->detail, found->at_s);
    }
    (void)printf("\n");
    return held;
}

int observed_check(const struct observed *seen, const struct sk_scenario *scenario)
{
    int failures = 0;
    (void)printf("scenario %s (%s), %g s\n", scenario->id, scenario->title_en, scenario->duration_s);
    for (size_t i = 0; i < scenario->expect_count; i++) {
        failures += scenario->expects[i].kind == SK_EXPECT_PERSON || check_one(seen, &scenario->expects[i]) ? 0 : 1;
    }
    for (size_t i = 0; failures > 0 && i < seen->count; i++) {
        const struct sighting *one = &seen->list[i];
        (void)printf("  %8.1f s  %-8s %s %s %s\n", one->at_s,
                     one->record   ? "record"
                     : one->active ? "raised"
                                   : "returned",
                     one->source, one->name, one->detail);
    }
    (void)printf("%s: %d of %zu expectations failed\n", scenario->id, failures, scenario->expect_count);
    return failures;
}

void observed_free(struct observed *seen)
{
    sk_free(seen->list);
    *seen = (struct observed){0};
}
