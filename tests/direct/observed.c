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

/* The second decision, or the entry of a register that the record is about. */
static void read_decision(const struct sk_draft *draft, struct sighting *one)
{
    struct sk_body_item item;
    const uint8_t *bytes = draft->body.bytes;
    const size_t length = draft->body.writer.length;
    if (sk_body_find(bytes, length, SK_TAG_OUR_REASONS, &item)) {
        for (size_t i = 0; i + 1 < item.length && one->our_reason_count < SK_REASONS_MAX; i += 2) {
            one->our_reasons[one->our_reason_count++] = (uint16_t)(item.bytes[i] << 8 | item.bytes[i + 1]);
        }
    }
    if (sk_body_find(bytes, length, SK_TAG_AGREEMENT, &item)) {
        one->agreement = (uint8_t)sk_item_u64(&item);
    }
    if (sk_body_find(bytes, length, SK_TAG_ENTITY_ID, &item)) {
        sk_text_format(one->entry, sizeof one->entry, "%.*s", (int)item.length, (const char *)item.bytes);
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
    read_decision(draft, one);
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

static bool has_reason(const struct sighting *one, const char *reason)
{
    const int wanted = sk_deny_reason_parse(reason);
    for (size_t i = 0; i < one->our_reason_count; i++) {
        if (one->our_reasons[i] == wanted) {
            return true;
        }
    }
    return false;
}

static bool record_fits(const struct sk_expect *expect, const struct sighting *one)
{
    return one->record && strcmp(one->name, expect->event) == 0 &&
           (expect->door == NULL || strcmp(one->source, expect->door) == 0) &&
           (expect->reason == NULL || strcmp(one->detail, expect->reason) == 0) &&
           (expect->entry == NULL || strcmp(one->entry, expect->entry) == 0) &&
           (expect->our_reason == NULL || has_reason(one, expect->our_reason)) &&
           (expect->agreement == NULL || one->agreement == sk_agreement_parse(expect->agreement));
}

static bool fits(const struct sk_expect *expect, const struct sighting *one)
{
    const double slack_s = 1e-6;
    if (one->at_s < expect->after_s - slack_s || one->at_s > expect->after_s + expect->within_s + slack_s) {
        return false;
    }
    if (is_record(expect)) {
        return record_fits(expect, one);
    }
    return !one->record && one->active == (expect->kind != SK_EXPECT_RETURNED) &&
           source_fits(expect->source, one->source, expect->kind == SK_EXPECT_NO_ALARM) &&
           (expect->condition == NULL || strcmp(one->name, expect->condition) == 0);
}

static void print_expectation(const struct sk_expect *expect)
{
    static const char *const WORDS[] = {"alarm", "no alarm", "returned", "record", "no record"};
    const bool record = is_record(expect);
    const char *const more[] = {record ? expect->door : expect->condition, expect->entry, expect->our_reason,
                                expect->agreement};
    (void)printf("%-8s %s", WORDS[expect->kind], record ? expect->event : expect->source);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        (void)printf("%s%s", more[i] != NULL ? " " : "", more[i] != NULL ? more[i] : "");
    }
    (void)printf(" [%g s, +%g s]", expect->after_s, expect->within_s);
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

static void print_sighting(const struct sighting *one)
{
    (void)printf("  %8.1f s  %-8s %s %s %s %s", one->at_s,
                 one->record   ? "record"
                 : one->active ? "raised"
                               : "returned",
                 one->source, one->name, one->detail, one->entry);
    for (size_t i = 0; i < one->our_reason_count; i++) {
        (void)printf(" %s", sk_deny_reason_name(one->our_reasons[i]));
    }
    (void)printf(" %s\n", one->agreement != 0 ? sk_agreement_word(one->agreement) : "");
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
        print_sighting(one);
    }
    (void)printf("%s: %d of %zu expectations failed\n", scenario->id, failures, scenario->expect_count);
    return failures;
}

void observed_free(struct observed *seen)
{
    sk_free(seen->list);
    *seen = (struct observed){0};
}
