/* SPDX-License-Identifier: Apache-2.0 */
/* An engine, a replay of its records beside it, and acts of the registers as JSON: what the tests of papers share. The replay
 * must agree with every record of every step, and owe no supplement. */
#ifndef PAPERS_KIT_H
#define PAPERS_KIT_H

#include "collector/engine/papers.h"
#include "collector/engine/replay.h"
#include "schemas/base/json.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

struct papers {
    struct kit kit;
    struct sk_replay *replay;
    const struct sk_zone *zone;
    uint64_t seq;
    size_t judged, disagreed, supplements, exempt;
};

static inline void pk_replay_record(struct papers *run, const struct sk_draft *draft)
{
    struct sk_replayed out;
    const struct sk_record record = {draft->header, draft->body.bytes, draft->body.writer.length};
    assert_true(sk_body_done(&draft->body));
    assert_int_equal(sk_replay_record(run->replay, &record, &out), SK_OK);
    run->judged += out.judged && !out.supplement;
    run->supplements += out.supplement;
    run->disagreed += out.judged && out.ours.agreement == SK_DISAGREE_GRANTED;
    run->exempt += out.judged && out.ours.agreement == SK_AGREE_EXEMPT;
    if (out.judged && !out.same)
        fail_msg("record of 0x%04x after event %llu is decided otherwise", draft->header.ev, (unsigned long long)run->seq);
}

static inline void pk_records(struct papers *run)
{
    for (size_t i = 0; i < sk_effects_count(run->kit.effects); i++)
        if (sk_effects_at(run->kit.effects, i)->kind == SK_EFFECT_RECORD)
            pk_replay_record(run, sk_effects_at(run->kit.effects, i)->record);
}

static inline void pk_step(struct papers *run)
{
    pk_records(run);
    assert_int_equal(sk_replay_owed(run->replay), 0);
}

static inline void pk_number(struct papers *run, const char *kind, const char *id, uint16_t number)
{
    struct sk_draft draft = {.header = {.ev = SK_EV_SYS_NUMBER, .class_ = SK_CLASS_SYSTEM}};
    sk_body_init(&draft.body);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, number);
    pk_replay_record(run, &draft);
}

static inline void pk_change(struct papers *run, struct sk_roster_change what, int64_t ms)
{
    static const struct sk_roster_act act = {"admin", "", "why", "test", 64};
    const struct sk_now now = kit_now(ms);
    sk_effects_clear(run->kit.effects);
    assert_int_equal(sk_engine_roster_change(run->kit.engine, &what, &act, &now, run->kit.effects), SK_OK);
    pk_step(run);
}

static inline void pk_begin(struct papers *run, const struct sk_zone *zone)
{
    memset(run, 0, sizeof *run);
    run->zone = zone;
    kit_site(&run->kit);
    kit_start(&run->kit);
    sk_engine_set_zone(run->kit.engine, zone);
    assert_int_equal(sk_replay_create(zone, &run->replay), SK_OK);
    for (size_t i = 0; i < run->kit.site.zone_count; i++)
        pk_number(run, "zone", run->kit.site.zones[i].id, run->kit.site.zones[i].number);
    pk_number(run, "door", run->kit.doors[0].id, run->kit.doors[0].number);
    for (size_t i = 0; i < RK_BASE; i++)
        pk_change(run, rk_base(i), 0);
    pk_change(run, rk_way(21, 11, 12, 3), 0);
}

static inline void pk_end(struct papers *run)
{
    sk_replay_free(run->replay);
    kit_stop(&run->kit);
}

static inline void pk_person(struct papers *run, unsigned number, uint8_t kind, bool right)
{
    struct sk_roster_change person = rk_person(number);
    person.person.kind = kind;
    pk_change(run, person, 0);
    pk_change(run, rk_credential(number, number, number, SK_CRED_ENABLED), 0);
    if (right)
        pk_change(run, rk_right(number, number, 12, "always"), 0);
}

static inline void pk_fault(void *context, const char *field, const char *expected, const char *found)
{
    (void)context;
    fail_msg("field %s: expected %s, found %s", field, expected, found);
}

/* "permit.approved" of "pm-1" ("" opens one; its id comes back) with these fields. */
static inline const char *pk_act(struct papers *run, const char *name, const char *entry, const char *json, int64_t ms)
{
    static char id[SK_ENTRY_ID_MAX];
    static struct sk_register_document document;
    static const struct sk_roster_act by = {"desk", "", "why", "test", 64};
    const struct sk_now now = kit_now(ms);
    const struct sk_registers *registers = sk_engine_registers(run->kit.engine);
    const struct sk_act_row *row = NULL;
    struct sk_fault fault = {0};
    cJSON *fields = NULL;
    for (size_t i = 0; sk_act_at(i) != NULL; i++)
        row = strcmp(sk_event_name(sk_act_at(i)->ev), name) == 0 ? sk_act_at(i) : row;
    assert_non_null(row);
    if (sk_json_parse(json, strlen(json), &SK_JSON_REQUEST, &fields, &fault) != SK_OK)
        fail_msg("%s: %s", name, fault.text);
    if (entry[0] == '\0')
        sk_registers_next_id(registers, row->register_, id);
    else
        sk_text_copy(id, sizeof id, entry);
    const struct sk_entry *there = sk_registers_get(registers, id);
    const struct sk_register_context context = {.site = &run->kit.site,
                                                .roster = sk_engine_roster(run->kit.engine),
                                                .registers = registers,
                                                .zone = run->zone,
                                                .now_us = now.utc_us};
    assert_int_equal(sk_register_document_read(&context, row, there, fields, pk_fault, NULL, &document), SK_OK);
    struct sk_register_act act = {.row = row,
                                  .step = there != NULL ? there->act_count + 1 : 1,
                                  .actor = "desk",
                                  .fields = document.fields,
                                  .fields_length = document.fields_length};
    sk_text_copy(act.entry, sizeof act.entry, id);
    sk_effects_clear(run->kit.effects);
    if (sk_engine_register_act(run->kit.engine, &act, &by, &now, run->kit.effects, &fault) != SK_OK)
        fail_msg("%s: %s", name, fault.text);
    cJSON_Delete(fields);
    pk_records(run);
    kit_tick(&run->kit, ms); /* what the papers change is looked at once a turn */
    pk_step(run);
    return id;
}

static inline struct sk_access_event pk_event(uint16_t ev, unsigned card, bool in, uint64_t seq, int64_t ms)
{
    struct sk_access_event event = kit_event(ev, 1, seq, ms);
    event.reader = in ? 0 : 1;
    event.has_identifier_hmac = true;
    event.identifier_hmac = rk_card(card);
    event.factors = 1;
    return event;
}

static inline const char *pk_pass(struct papers *run, uint16_t ev, unsigned card, bool in, int64_t ms)
{
    const struct sk_access_event event = pk_event(ev, card, in, ++run->seq, ms);
    kit_event_feed(&run->kit, &event, ms);
    pk_step(run);
    return kit_story(&run->kit);
}

static inline const char *pk_tick(struct papers *run, int64_t ms)
{
    kit_tick(&run->kit, ms);
    pk_step(run);
    return kit_story(&run->kit);
}

/* A warden says where somebody is. */
static inline void pk_correct(struct papers *run, size_t person_index, uint16_t zone, int64_t ms)
{
    static const struct sk_actor warden = {.id = "warden", .roles = 2};
    const struct sk_presence_act act = {&warden, "seen", ""};
    const struct sk_now now = kit_now(ms);
    sk_effects_clear(run->kit.effects);
    assert_int_equal(sk_engine_place(run->kit.engine, person_index, zone, &act, &now, run->kit.effects), SK_OK);
    pk_step(run);
}

static inline const struct sk_alarm *pk_alarm(const struct papers *run, const char *source)
{
    for (size_t i = 0; i < sk_engine_alarm_count(run->kit.engine); i++)
        if (strcmp(sk_engine_alarm(run->kit.engine, i)->source, source) == 0)
            return sk_engine_alarm(run->kit.engine, i);
    return NULL;
}

static inline bool pk_is_active(const struct papers *run, const char *source)
{
    for (size_t i = 0; i < sk_engine_alarm_count(run->kit.engine); i++) {
        const struct sk_alarm *alarm = sk_engine_alarm(run->kit.engine, i);
        if (strcmp(alarm->source, source) == 0 && (alarm->bits & SK_ALARM_BIT_ACTIVE) != 0)
            return true;
    }
    return false;
}

static inline uint64_t pk_item(const struct sk_draft *draft, enum sk_tag tag)
{
    struct sk_body_item found;
    assert_non_null(draft);
    return kit_item(draft, tag, &found) ? sk_item_u64(&found) : UINT64_MAX;
}

static inline bool pk_says(const struct sk_draft *draft, enum sk_tag tag, const char *text)
{
    struct sk_body_item found;
    return draft != NULL && kit_item(draft, tag, &found) && found.length == strlen(text) &&
           memcmp(found.bytes, text, found.length) == 0;
}

static inline bool pk_lists(const struct sk_draft *draft, enum sk_tag tag, uint16_t reason)
{
    struct sk_body_item found;
    if (draft == NULL || !kit_item(draft, tag, &found))
        return false;
    for (size_t i = 0; i + 1 < found.length; i += 2)
        if ((found.bytes[i] << 8 | found.bytes[i + 1]) == reason)
            return true;
    return false;
}

#endif
