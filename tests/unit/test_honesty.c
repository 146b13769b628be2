/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the envelope-check table, as data: tests/vectors/access/envelope.json says what a controller sends and when, and
 * which records, which alarms and how many entries must come of it. Nothing else may come. */
#include "schemas/base/json.h"
#include "tests/unit/engine_kit.h"

enum { NAMES_MAX = 16, NAME_MAX_ = 96 };

struct seen {
    size_t entries;
    char records[NAMES_MAX][NAME_MAX_];
    size_t record_count;
    char raised[NAMES_MAX][NAME_MAX_];
    size_t raised_count;
    char detail[SK_ALARM_TEXT_MAX]; /* of the last ctrl.* record */
    int last_class;
    uint64_t last_seq;
};

static struct kit kit;
static struct seen seen;

static void begin(int bits)
{
    kit_site(&kit);
    kit.profiles[1].mqtt.seq_bits = (uint8_t)bits;
    kit.devices[1].comm_lost_ms = 60000;
    kit.devices[1].comm_severity = SK_SEV_HIGH;
    kit.points[0].device = kit.points[1].device = 1;
    kit.points[0].name = "door.controller.epoch";
    kit.points[0].id = "dc1/door.controller.epoch";
    kit.points[1].name = "door.controller.seq";
    kit.points[1].id = "dc1/door.controller.seq";
    kit.devices[1].first_point = 0;
    kit.devices[1].point_count = 2;
    memset(&seen, 0, sizeof seen);
    kit_start(&kit);
}

static void note_record(const struct sk_draft *draft)
{
    struct sk_body_item item;
    assert_true(sk_body_is_canonical(draft->body.bytes, draft->body.writer.length));
    if (draft->header.ev == SK_EV_ACC_GRANTED) {
        seen.entries++;
        seen.last_seq = draft->header.ctrl_seq;
        seen.last_class = kit_item(draft, SK_TAG_OCCURRENCE_CLASS, &item) ? (int)sk_item_u64(&item) : -1;
    }
    if (draft->header.class_ != SK_CLASS_SYSTEM)
        return;
    assert_true(seen.record_count < NAMES_MAX);
    sk_text_copy(seen.records[seen.record_count++], NAME_MAX_, sk_event_name(draft->header.ev));
    if (!kit_item(draft, SK_TAG_DETAIL, &item))
        return;
    memcpy(seen.detail, item.bytes, item.length < sizeof seen.detail ? item.length : sizeof seen.detail - 1);
    seen.detail[item.length < sizeof seen.detail ? item.length : sizeof seen.detail - 1] = '\0';
}

static void note_alarm(const struct sk_alarm *alarm)
{
    if ((alarm->bits & SK_ALARM_BIT_ACTIVE) == 0)
        return;
    for (size_t i = 0; i < seen.raised_count; i++)
        if (strcmp(seen.raised[i], alarm->source) == 0)
            return;
    assert_true(seen.raised_count < NAMES_MAX);
    sk_text_copy(seen.raised[seen.raised_count++], NAME_MAX_, alarm->source);
}

static void note(void)
{
    for (size_t i = 0; i < sk_effects_count(kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(kit.effects, i);
        if (effect->kind == SK_EFFECT_RECORD)
            note_record(effect->record);
        else if (effect->kind == SK_EFFECT_ALARM)
            note_alarm(effect->alarm);
    }
}

static int64_t number(const cJSON *step, const char *name, int64_t otherwise)
{
    const cJSON *item = sk_json_get(step, name);
    return item == NULL ? otherwise : (int64_t)item->valuedouble;
}

static void send(const cJSON *step, uint64_t seq, int64_t ms)
{
    const char *content = sk_json_text(sk_json_get(step, "content"));
    struct sk_access_event event = kit_event(SK_EV_ACC_GRANTED, (uint32_t)number(step, "epoch", 0), seq, ms);
    event.t_ctrl_us = sk_json_get(step, "clock") != NULL ? 0 : event.recv_us + number(step, "ahead_ms", 0) * 1000;
    event.native_length = content != NULL ? (uint16_t)strlen(content) : 0;
    if (content != NULL)
        memcpy(event.native, content, strlen(content));
    kit_event_feed(&kit, &event, ms);
    note();
}

static void heartbeat(const cJSON *step, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    const struct sk_sample samples[] = {kit_sample(&kit, 0, (double)number(step, "head_epoch", 0), SK_Q_GOOD, ms),
                                        kit_sample(&kit, 1, (double)number(step, "head", 0), SK_Q_GOOD, ms)};
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_samples(kit.engine, samples, 2, NULL, 0, &now, kit.effects), SK_OK);
    note();
}

static void play(const cJSON *step)
{
    const int64_t ms = number(step, "at", 0);
    kit_tick(&kit, ms);
    note();
    if (sk_json_get(step, "head") != NULL)
        heartbeat(step, ms);
    for (int64_t seq = number(step, "fill_from", 1); seq <= number(step, "fill_to", 0); seq++)
        if (seq != number(step, "seq", 0))
            send(step, (uint64_t)seq, ms);
    if (sk_json_get(step, "epoch") != NULL)
        send(step, (uint64_t)number(step, "seq", 0), ms);
}

/* A whole list, in order. */
static bool are(const cJSON *list, char names[NAMES_MAX][NAME_MAX_], size_t count)
{
    size_t at = 0;
    for (const cJSON *item = list->child; item != NULL; item = item->next, at++)
        if (at >= count || strcmp(item->valuestring, names[at]) != 0)
            return false;
    return at == count;
}

static bool stand(const cJSON *list)
{
    char names[NAMES_MAX][NAME_MAX_];
    size_t count = 0;
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++)
        if ((sk_engine_alarm(kit.engine, i)->bits & SK_ALARM_BIT_ACTIVE) != 0)
            sk_text_copy(names[count++], NAME_MAX_, sk_engine_alarm(kit.engine, i)->source);
    return are(list, names, count);
}

static void check(const cJSON *one)
{
    const char *name = sk_json_text(sk_json_get(one, "name")), *detail = sk_json_text(sk_json_get(one, "detail"));
    const char *class_ = sk_json_text(sk_json_get(one, "last_class"));
    begin((int)number(one, "bits", 0));
    for (const cJSON *step = sk_json_get(one, "steps")->child; step != NULL; step = step->next)
        play(step);
    if ((int64_t)seen.entries != number(one, "entries", -1))
        fail_msg("%s: %zu entries", name, seen.entries);
    if (!are(sk_json_get(one, "records"), seen.records, seen.record_count))
        fail_msg("%s: %zu records, the last %s", name, seen.record_count,
                 seen.record_count > 0 ? seen.records[seen.record_count - 1] : "none");
    if (!are(sk_json_get(one, "raised"), seen.raised, seen.raised_count))
        fail_msg("%s: %zu alarms, the last %s", name, seen.raised_count,
                 seen.raised_count > 0 ? seen.raised[seen.raised_count - 1] : "none");
    if (sk_json_get(one, "stands") != NULL && !stand(sk_json_get(one, "stands")))
        fail_msg("%s: other alarms stand at the end", name);
    if (detail != NULL && strcmp(detail, seen.detail) != 0)
        fail_msg("%s: '%s'", name, seen.detail);
    if (class_ != NULL && strcmp(class_, sk_occurrence_class_name(seen.last_class)) != 0)
        fail_msg("%s: class %d", name, seen.last_class);
    if (sk_json_get(one, "last_seq") != NULL && seen.last_seq != (uint64_t)number(one, "last_seq", 0))
        fail_msg("%s: number %llu", name, (unsigned long long)seen.last_seq);
    kit_stop(&kit);
}

static void test_envelope_table(void **state)
{
    static const char *const rows[] = {"next", "gap",    "duplicate", "conflict", "rollback", "reorder",
                                       "late", "future", "skew",      "epoch",    "wrap",     "silence"};
    (void)state;
    struct sk_fault fault = {0};
    cJSON *json = NULL;
    if (sk_json_parse_file("tests/vectors/access/envelope.json", &SK_JSON_FILE, &json, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    for (size_t i = 0; i < SK_COUNT(rows); i++) { /* no row of the table without a case */
        bool any = false;
        for (const cJSON *one = json->child; one != NULL; one = one->next)
            any |= strcmp(sk_json_text(sk_json_get(one, "check")), rows[i]) == 0;
        sk_check(any, rows[i]);
    }
    for (const cJSON *one = json->child; one != NULL; one = one->next)
        check(one);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_envelope_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
