/* SPDX-License-Identifier: Apache-2.0 */
/* Registers in the engine and in the store: an act is one record, what is overdue rings and returns only when somebody acted,
 * and a restart (from the rows beside the log) changes nothing of it. */
#include "schemas/store/carry.h"
#include "schemas/store/vault.h"
#include "tests/unit/register_kit.h"
#include "tests/unit/store_support.h"

static struct sk_zone *tokyo;
static struct kit kit;
static struct sk_store *store;

static int setup(void **state)
{
    struct sk_fault fault = {0};
    if (support_setup(state) != 0 || sk_zone_load("Asia/Tokyo", &tokyo, &fault) != SK_OK)
        return -1;
    store = support_open(SK_STORE_WRITER);
    kit_site(&kit);
    kit_start(&kit);
    sk_engine_set_zone(kit.engine, tokyo);
    return 0;
}

static int teardown(void **state)
{
    kit_stop(&kit);
    sk_store_close(store);
    sk_zone_free(tokyo);
    return support_teardown(state);
}

/* What the recorder does: records and alarm rows in one transaction, then they are gone from the list. */
static void commit(void)
{
    uint64_t seq;
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (size_t i = 0; i < sk_effects_count(kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(kit.effects, i);
        if (effect->kind == SK_EFFECT_RECORD)
            assert_int_equal(sk_store_append(store, effect->record, &seq), SK_OK);
        else if (effect->kind == SK_EFFECT_PENDING_PUT)
            assert_int_equal(sk_store_pending_put(store, effect->pending.key, effect->pending.bytes, effect->pending.length),
                             SK_OK);
        else if (effect->kind == SK_EFFECT_PENDING_DELETE)
            assert_int_equal(sk_store_pending_delete(store, effect->pending.key), SK_OK);
        else if (effect->kind == SK_EFFECT_ALARM)
            assert_int_equal(sk_store_alarm_put(store, effect->alarm), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
    sk_effects_clear(kit.effects);
}

static enum sk_err act(uint16_t ev, const char *entry, const char *actor, int64_t ms, const char *text)
{
    static struct sk_register_document document;
    static const struct sk_roster_act by = {"", "", "", "test", 2};
    struct sk_fault fault = {0};
    const struct sk_now now = kit_now(ms);
    const struct sk_registers *registers = sk_engine_registers(kit.engine);
    const struct sk_register_context context = {
        .site = &kit.site, .roster = sk_engine_roster(kit.engine), .registers = registers, .zone = tokyo, .now_us = now.utc_us};
    rg_read(&context, ev, sk_registers_get(registers, entry), text, NULL, &document);
    struct sk_register_act made = rg_act(registers, ev, entry, actor, now.utc_us, &document);
    const enum sk_err err = sk_engine_register_act(kit.engine, &made, &by, &now, kit.effects, &fault);
    commit();
    return err;
}

static void open_permit(const char *until, int64_t ms)
{
    char text[512];
    snprintf(text, sizeof text, RG_PERMIT, until);
    assert_int_equal(act(SK_EV_PERMIT_REQUESTED, "", "ann", ms, text), SK_OK);
}

static const struct sk_alarm *alarm_of(const char *name)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++)
        if (strstr(sk_engine_alarm(kit.engine, i)->source, name) != NULL)
            return sk_engine_alarm(kit.engine, i);
    return NULL;
}

static void tick(int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    assert_int_equal(sk_engine_tick(kit.engine, &now, kit.effects), SK_OK);
    commit();
}

static enum sk_err take_act(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    return sk_engine_restore_register(context, ev, at_us, body, length);
}
static bool take_alarm(void *context, const struct sk_alarm *alarm)
{
    return sk_engine_restore_alarm(context, alarm) == SK_OK;
}
static enum sk_err take_pending(void *context, const char *key, const void *bytes, size_t length)
{
    const struct sk_now now = kit_now(0);
    return sk_engine_restore_pending(context, key, bytes, length, &now);
}

/* Another process: everything comes from the rows. */
static void restart(int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    uint64_t last_alarm = 0;
    uint32_t last = 0;
    sk_engine_free(kit.engine);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER);
    assert_int_equal(sk_engine_create(&kit.site, "boot-a", &kit.engine), SK_OK);
    sk_engine_set_zone(kit.engine, tokyo);
    assert_int_equal(sk_store_alarm_last(store, &last_alarm), SK_OK);
    sk_engine_restore_last_occurrence(kit.engine, last_alarm);
    assert_int_equal(sk_store_registers_each(store, 0, take_act, kit.engine), SK_OK);
    for (size_t i = 0; sk_register_at(i) != NULL; i++) {
        assert_int_equal(sk_store_register_last(store, sk_register_at(i)->number, &last), SK_OK);
        sk_engine_restore_register_last(kit.engine, sk_register_at(i)->number, last);
    }
    assert_int_equal(sk_store_alarms(store, true, UINT64_MAX, UINT32_MAX, take_alarm, kit.engine), SK_OK);
    assert_int_equal(sk_store_pending_each(store, take_pending, kit.engine), SK_OK);
    assert_int_equal(sk_engine_start(kit.engine, &now, kit.effects), SK_OK);
    commit();
}

/* KIT_UTC0 is 2025-11-20T12:00:00Z. */
enum { MINUTE_MS = 60000 };

/* Fields at their bound and a long reason do not fit into one record: nothing of it may stand, for the log would not have it.
 */
static void too_long_for_a_record(void **state)
{
    static struct sk_register_document document;
    static char reason[1200], text[4000], racks[2600];
    struct sk_fault fault = {0};
    const struct sk_now now = kit_now(0);
    const struct sk_registers *registers = sk_engine_registers(kit.engine);
    const struct sk_register_context context = {
        .site = &kit.site, .roster = sk_engine_roster(kit.engine), .registers = registers, .zone = tokyo, .now_us = now.utc_us};
    (void)state;
    commit(); /* what the start said */
    memset(reason, 'r', sizeof reason - 1);
    for (size_t i = 0; i < 11; i++)
        snprintf(racks + strlen(racks), sizeof racks - strlen(racks), "%s\"%0230zu\"", i > 0 ? "," : "", i);
    snprintf(text, sizeof text, RG_PERMIT, "2025-11-20T12:10:00Z");
    snprintf(text + strlen(text) - 1, sizeof text - strlen(text), ",\"racks\":[%s],\"note\":\"%0365d\"}", racks, 0);
    rg_read(&context, SK_EV_PERMIT_REQUESTED, NULL, text, NULL, &document);
    struct sk_register_act made = rg_act(registers, SK_EV_PERMIT_REQUESTED, "", "ann", now.utc_us, &document);
    struct sk_roster_act by = {"", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", reason, "register.act", 2};
    made.has_personal = true;
    assert_int_equal(sk_engine_register_act(kit.engine, &made, &by, &now, kit.effects, &fault), SK_ERR_TOO_LONG);
    assert_true(fault.text[0] != '\0');
    assert_null(sk_registers_get(registers, "pm-1"));
    assert_int_equal(sk_effects_count(kit.effects), 0);
    by.reason = "";
    assert_int_equal(sk_engine_register_act(kit.engine, &made, &by, &now, kit.effects, &fault), SK_OK);
    commit();
    assert_non_null(sk_registers_get(registers, "pm-1"));
}

static void overdue_rings_and_returns(void **state)
{
    (void)state;
    open_permit("2025-11-20T12:10:00Z", 0);
    assert_int_equal(act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 1, "{\"office\":\"head\"}"), SK_OK);
    open_permit("2025-11-20T12:20:00Z", 2);
    assert_int_equal(act(SK_EV_PERMIT_APPROVED, "pm-2", "boss", 3, "{\"office\":\"head\"}"), SK_OK);
    tick(3); /* the act is looked at in its own turn */
    assert_true(sk_engine_deadline(kit.engine) <= KIT_MONO0 + INT64_C(1000) * (3 + MINUTE_MS));
    tick(10 * MINUTE_MS - 1);
    assert_null(alarm_of("permit.overdue"));
    tick(10 * MINUTE_MS);
    assert_non_null(alarm_of("permit.overdue"));
    assert_string_equal(alarm_of("permit.overdue")->detail, "1: pm-1");
    const struct sk_actor ann = {.id = "ann", .roles = 2};
    const struct sk_now now = kit_now(11 * MINUTE_MS);
    assert_int_equal(sk_engine_acknowledge(kit.engine, alarm_of("permit.overdue")->occurrence, "", &ann, &now, kit.effects),
                     SK_OK);
    commit();
    tick(20 * MINUTE_MS); /* one more takes the acknowledgement back */
    assert_true((alarm_of("permit.overdue")->bits & SK_ALARM_BIT_ACKED) == 0);
    assert_string_equal(alarm_of("permit.overdue")->detail, "2: pm-1, pm-2");
    assert_int_equal(act(SK_EV_PERMIT_CLOSED, "pm-1", "boss", 21 * MINUTE_MS, "{\"result\":\"done\"}"), SK_OK);
    tick(21 * MINUTE_MS);
    assert_string_equal(alarm_of("permit.overdue")->detail, "1: pm-2");
    assert_true((alarm_of("permit.overdue")->bits & SK_ALARM_BIT_ACTIVE) != 0);
    assert_int_equal(act(SK_EV_PERMIT_CLOSED, "pm-2", "boss", 22 * MINUTE_MS, "{\"result\":\"done\"}"), SK_OK);
    tick(22 * MINUTE_MS);
    assert_true((alarm_of("permit.overdue")->bits & SK_ALARM_BIT_ACTIVE) == 0); /* open until acknowledged */
}

/* The site gives more time by a key of its file. */
static void the_site_sets_the_time(void **state)
{
    static uint32_t after_s[64];
    (void)state;
    for (size_t i = 0; sk_due_at(i) != NULL; i++)
        after_s[i] = strcmp(sk_due_at(i)->name, "permit.overdue") == 0 ? 300 : sk_due_at(i)->after_s;
    kit.site.due_after_s = after_s;
    open_permit("2025-11-20T12:10:00Z", 0);
    assert_int_equal(act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 1, "{\"office\":\"head\"}"), SK_OK);
    tick(15 * MINUTE_MS - 1);
    assert_null(alarm_of("permit.overdue"));
    tick(15 * MINUTE_MS);
    assert_non_null(alarm_of("permit.overdue"));
}

/* Emergency entries have until ratified, counted from the act; a stepped clock is followed within a minute. */
static void not_ratified_in_time(void **state)
{
    (void)state;
    assert_int_equal(act(SK_EV_EMERGENCY_OPENED, "", "desk", 0,
                         "{\"purpose\":\"leak\",\"company\":\"c\",\"worker_names\":[\"x\"],\"zones\":[\"server\"],"
                         "\"until\":\"2025-11-20T14:00:00Z\",\"applicant\":\"ann\"}"),
                     SK_OK);
    tick(MINUTE_MS);
    assert_null(alarm_of("emergency.not_ratified"));
    const struct sk_now stepped = {KIT_UTC0 + INT64_C(259200) * SK_US_PER_S, KIT_MONO0 + 120 * SK_US_PER_S, SK_CLOCK_SYNCED};
    assert_int_equal(sk_engine_tick(kit.engine, &stepped, kit.effects), SK_OK);
    assert_non_null(alarm_of("emergency.not_ratified"));
    assert_int_equal(alarm_of("emergency.not_ratified")->severity, SK_SEV_HIGH);
}

/* Every allocation of an act fails once: no record, no entry, and the same act succeeds afterwards. */
static void no_memory(void **state)
{
    static struct sk_register_document document;
    static const struct sk_roster_act by = {"", "", "", "test", 2};
    char text[512];
    const struct sk_now now = kit_now(5);
    const struct sk_registers *registers = sk_engine_registers(kit.engine);
    const struct sk_register_context context = {
        .site = &kit.site, .roster = sk_engine_roster(kit.engine), .registers = registers, .zone = tokyo, .now_us = now.utc_us};
    unsigned long n = 1;
    (void)state;
    snprintf(text, sizeof text, RG_PERMIT, "2025-11-20T11:30:00Z");
    rg_read(&context, SK_EV_PERMIT_REQUESTED, NULL, text, NULL, &document);
    for (enum sk_err err = SK_ERR_NOMEM; err != SK_OK; n++) {
        struct sk_register_act made = rg_act(registers, SK_EV_PERMIT_REQUESTED, "", "ann", now.utc_us, &document);
        sk_mem_fail_at(n);
        err = sk_engine_register_act(kit.engine, &made, &by, &now, kit.effects, NULL);
        sk_mem_fail_at(0);
        assert_true(err == SK_OK || err == SK_ERR_NOMEM);
        assert_true((sk_registers_get(registers, "pm-1") != NULL) == (err == SK_OK));
        for (size_t i = 0; err != SK_OK && i < sk_effects_count(kit.effects); i++)
            assert_true(sk_effects_at(kit.effects, i)->kind != SK_EFFECT_RECORD);
    }
    assert_true(n > 4);
    commit();
    assert_int_equal(sk_store_size(store), 1);
}

static enum sk_err count_act(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    (void)ev, (void)at_us, (void)body, (void)length;
    ++*(int *)context;
    return SK_OK;
}

static void a_restart_changes_nothing(void **state)
{
    struct sk_register_found found[4];
    size_t count = 0;
    int acts = 0;
    char id[SK_ENTRY_ID_MAX];
    (void)state;
    open_permit("2025-11-20T12:10:00Z", 0);
    assert_int_equal(act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 1, "{\"office\":\"head\"}"), SK_OK);
    open_permit("2025-11-20T13:00:00Z", 2);
    assert_int_equal(act(SK_EV_PERMIT_CANCELLED, "pm-2", "ann", 3, "{}"), SK_OK);
    open_permit("2025-11-20T12:30:00Z", 4);
    assert_int_equal(act(SK_EV_PERMIT_APPROVED, "pm-3", "boss", 5, "{\"office\":\"head\"}"), SK_OK);
    tick(10 * MINUTE_MS);
    const uint64_t occurrence = alarm_of("permit.overdue")->occurrence, size = sk_store_size(store);
    restart(11 * MINUTE_MS);
    tick(11 * MINUTE_MS + 1);
    assert_int_equal(alarm_of("permit.overdue")->occurrence, occurrence);
    assert_string_equal(alarm_of("permit.overdue")->detail, "1: pm-1");
    assert_true(sk_store_size(store) <= size + 1); /* nothing rang again; an interruption may be named */
    const struct sk_entry *entry = sk_registers_get(sk_engine_registers(kit.engine), "pm-1");
    assert_int_equal(entry->act_count, 2);
    assert_int_equal(sk_entry_state_at(entry, KIT_UTC0), SK_RS_REQUESTED);
    assert_int_equal(sk_entry_since(entry, SK_NEVER), KIT_UTC0 + 1000);
    sk_registers_next_id(sk_engine_registers(kit.engine), SK_REGISTER_PERMIT, id);
    assert_string_equal(id, "pm-4");
    tick(30 * MINUTE_MS); /* what falls due after the restart still does */
    assert_string_equal(alarm_of("permit.overdue")->detail, "2: pm-1, pm-3");
    /* the projection holds all of it, newest first */
    struct sk_register_filter filter = {.registers = 1u << SK_REGISTER_PERMIT, .below = UINT64_MAX, .limit = 4};
    assert_int_equal(sk_store_register_entries(store, &filter, found, &count), SK_OK);
    assert_true(count == 3 && found[0].number == 3 && found[1].number == 2 && found[2].number == 1);
    filter.open_only = true;
    assert_int_equal(sk_store_register_entries(store, &filter, found, &count), SK_OK);
    assert_true(count == 2 && found[0].number == 3 && found[1].number == 1);
    filter.open_only = false;
    filter.state = SK_RS_CANCELLED;
    assert_int_equal(sk_store_register_entries(store, &filter, found, &count), SK_OK);
    assert_true(count == 1 && found[0].number == 2);
    filter = (struct sk_register_filter){.registers = 1u << SK_REGISTER_VISIT, .below = UINT64_MAX, .limit = 4};
    assert_int_equal(sk_store_register_entries(store, &filter, found, &count), SK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(sk_store_entry_acts(store, SK_REGISTER_PERMIT, 1, count_act, &acts), SK_OK);
    assert_int_equal(acts, 2);
}

/* Entries that ended long ago are not loaded, and their numbers are not given out again. */
static void what_ended_is_not_loaded(void **state)
{
    int acts = 0;
    (void)state;
    open_permit("2025-11-20T12:10:00Z", 0);
    assert_int_equal(act(SK_EV_PERMIT_CANCELLED, "pm-1", "ann", 1000, "{}"), SK_OK);
    open_permit("2025-11-20T12:10:00Z", 1001);
    assert_int_equal(sk_store_registers_each(store, KIT_UTC0 + INT64_C(1000000), count_act, &acts), SK_OK);
    assert_int_equal(acts, 3);
    acts = 0;
    assert_int_equal(sk_store_registers_each(store, KIT_UTC0 + INT64_C(1000001), count_act, &acts), SK_OK);
    assert_int_equal(acts, 1);
}

/* The rows can hold no act that does not follow: the transaction with it is gone as a whole. */
static void the_store_refuses_what_does_not_follow(void **state)
{
    struct sk_draft draft = {.header = {.ev = SK_EV_PERMIT_APPROVED, .class_ = SK_CLASS_ROSTER, .t_recv_us = 5}};
    static const struct sk_roster_act by = {"", "", "", "", 0};
    struct sk_register_act made = {.row = sk_act_row(SK_EV_PERMIT_APPROVED),
                                   .entry = "pm-7",
                                   .step = 2,
                                   .state = SK_RS_APPROVED,
                                   .actor = "boss",
                                   .fields = (const uint8_t *)"",
                                   .fields_length = 0};
    uint64_t seq;
    (void)state;
    sk_body_init(&draft.body);
    sk_register_act_write(&made, &by, &draft.body);
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_append(store, &draft, &seq), SK_ERR_INVALID);
    assert_int_equal(sk_store_commit(store), SK_ERR_INVALID);
    assert_int_equal(sk_store_size(store), 0);
}

static enum sk_err sum_times(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    struct sk_register_act read;
    assert_int_equal(sk_register_act_read(ev, body, length, &read), SK_OK);
    assert_int_equal(read.at_us, at_us);
    *(int64_t *)context += at_us;
    return SK_OK;
}

/* A log that follows a damaged one has every entry, and each act at its own time. */
static void carried_over_into_the_next_log(void **state)
{
    struct sk_store *next = NULL;
    struct sk_fault fault = {0};
    struct sk_carried carried = {0};
    const struct sk_old_log old = {.any = true, .name = "set-aside"};
    const struct sk_now later = kit_now(86400000);
    int64_t before = 0, after = 0;
    uint32_t last = 0;
    (void)state;
    open_permit("2025-11-20T12:10:00Z", 0);
    assert_int_equal(act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 1000, "{\"office\":\"head\"}"), SK_OK);
    open_permit("2025-11-20T12:10:00Z", 2000);
    assert_int_equal(act(SK_EV_PERMIT_CANCELLED, "pm-2", "ann", 3000, "{}"), SK_OK);
    assert_int_equal(sk_store_registers_each(store, 0, sum_times, &before), SK_OK);
    assert_int_equal(sk_store_open(support_path("../next"), SK_STORE_WRITER, &next, &fault), SK_OK);
    assert_int_equal(sk_store_begin(next), SK_OK);
    assert_int_equal(sk_carry_over(next, store, &old, &later, &carried), SK_OK);
    assert_int_equal(sk_store_commit(next), SK_OK);
    assert_true(carried.roster == 4 && carried.lost == 0);
    assert_int_equal(sk_store_registers_each(next, 0, sum_times, &after), SK_OK);
    assert_true(before == after && before != 0);
    assert_int_equal(sk_store_register_last(next, SK_REGISTER_PERMIT, &last), SK_OK);
    assert_int_equal(last, 2);
    sk_store_close(next);
}

static void personal_fields_are_erasable(void **state)
{
    struct sk_fault fault = {0};
    struct sk_vault *vault = NULL;
    struct sk_register_personal put = {.fields = {1, 0, 1, 'x'}, .length = 4}, got;
    struct sk_hash first, again;
    (void)state;
    assert_int_equal(sk_vault_open(support_directory, &vault, &fault), SK_OK);
    put.salt[0] = 1;
    assert_int_equal(sk_register_personal_commit(&put, &first), SK_OK);
    assert_int_equal(sk_vault_register_put(vault, "vs-1", 1, &put), SK_OK);
    assert_int_equal(sk_vault_register_get(vault, "vs-1", 1, &got), SK_OK);
    assert_int_equal(sk_register_personal_commit(&got, &again), SK_OK);
    assert_memory_equal(&first, &again, sizeof first);
    put.salt[0] = 2; /* another salt, another commitment */
    assert_int_equal(sk_register_personal_commit(&put, &again), SK_OK);
    assert_memory_not_equal(&first, &again, sizeof first);
    assert_int_equal(sk_vault_register_get(vault, "vs-1", 2, &got), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_vault_register_erase(vault, "vs-1"), SK_OK);
    assert_int_equal(sk_vault_register_erase(vault, "vs-1"), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_vault_register_get(vault, "vs-1", 1, &got), SK_ERR_NOT_FOUND);
    sk_vault_close(vault);
}

/* --- racks and keys --- */

/* dev is a rack lock in rack R1 (point 0), dev2 a key cabinet (point 1, the key in slot 3). */
static void begin_racks(void)
{
    static const char *const lock_words[] = {"locked", "unlocked"};
    static const char *const key_words[] = {"present", "out", "overdue", "wrong_slot"};
    static struct sk_point_kind lock, key;
    static struct sk_profile profiles[2];
    static const struct sk_place rack = {.rack = "R1", .text = "R1"};
    const struct sk_now now = kit_now(0);
    lock = (struct sk_point_kind){.name = "l", .kind = SK_KIND_STATE, .states = lock_words, .state_count = 2};
    key = (struct sk_point_kind){.name = "k", .kind = SK_KIND_STATE, .states = key_words, .state_count = 4};
    profiles[0] = (struct sk_profile){.id = "rack", .kind = SK_DEV_RACK};
    profiles[1] = (struct sk_profile){.id = "keys", .kind = SK_DEV_KEYS};
    sk_engine_free(kit.engine);
    kit.devices[0].profile = &profiles[0];
    kit.devices[0].point_count = 1;
    kit.devices[2].profile = &profiles[1];
    kit.devices[2].first_point = 1;
    kit.devices[2].point_count = 1;
    kit.points[0].kind = &lock;
    kit.points[0].name = "rack.1.lock.state";
    kit.points[0].place = &rack;
    kit.points[1].device = 2;
    kit.points[1].kind = &key;
    kit.points[1].name = "keys.3.state";
    assert_int_equal(sk_engine_create(&kit.site, "boot-a", &kit.engine), SK_OK);
    sk_engine_set_zone(kit.engine, tokyo);
    assert_int_equal(sk_engine_start(kit.engine, &now, kit.effects), SK_OK);
    commit();
}

/* A state of a point; the request its record carries, "-" for a record that says there is none, "" for no record. */
static const char *turn(uint32_t point, double state, int64_t ms)
{
    static char said[64];
    struct sk_body_item item;
    kit_feed(&kit, point, state, SK_Q_GOOD, 0, 0, ms);
    const struct sk_draft *draft = kit_record(&kit, point == 0 ? SK_EV_RACK_LOCK : SK_EV_KEY_STATE);
    said[0] = '\0';
    if (draft != NULL && kit_item(draft, SK_TAG_REQUEST_REF, &item))
        snprintf(said, sizeof said, "%.*s", (int)item.length, (const char *)item.bytes);
    else if (draft != NULL)
        snprintf(said, sizeof said, "%s",
                 kit_item(draft, SK_TAG_DETAIL, &item) && memmem(item.bytes, item.length, "no request", 10) != NULL
                     ? "-"
                     : "recorded");
    commit();
    tick(ms);
    return said;
}

/* What rings of racks and keys: "rack:no_request 1: dev/t R1"; "" nothing. */
static const char *ringing(void)
{
    static char text[512];
    text[0] = '\0';
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++) {
        const struct sk_alarm *alarm = sk_engine_alarm(kit.engine, i);
        if ((alarm->bits & SK_ALARM_BIT_ACTIVE) == 0 || strstr(alarm->source, "_request") == NULL)
            continue;
        assert_int_equal(alarm->condition, SK_COND_ACCESS);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %s", text[0] != '\0' ? "; " : "", alarm->source,
                 alarm->detail);
    }
    return text;
}

static void request_rack(const char *named, const char *from, const char *until, int64_t ms)
{
    char text[512];
    snprintf(text, sizeof text,
             "{%s,\"by\":\"ann\",\"company\":\"c\",\"purpose\":\"p\",\"from\":\"2025-11-20T%s:00Z\","
             "\"until\":\"2025-11-20T%s:00Z\"}",
             named, from, until);
    assert_int_equal(act(SK_EV_RACK_REQUEST_REQUESTED, "", "ann", ms, text), SK_OK);
}

/* Which papers cover a rack opened at 12:05. */
static void rack_request_names_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *named, *from, *until, *carried;
        bool approved;
    } rows[] = {{"by rack", "\"racks\":[\"R2\",\"R1\"]", "12:00", "13:00", "rr-1", true},
                {"by lock", "\"racks\":[\"x\"],\"locks\":[\"dev\"]", "12:00", "13:00", "rr-1", true},
                {"another rack", "\"racks\":[\"R10\"]", "12:00", "13:00", "-", true},
                {"not approved", "\"racks\":[\"R1\"]", "12:00", "13:00", "-", false},
                {"not yet", "\"racks\":[\"R1\"]", "12:06", "13:00", "-", true},
                {"no more", "\"racks\":[\"R1\"]", "12:00", "12:05", "-", true}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        if (i > 0) {
            assert_int_equal(teardown(state), 0);
            assert_int_equal(setup(state), 0);
        }
        begin_racks();
        request_rack(rows[i].named, rows[i].from, rows[i].until, 1000);
        if (rows[i].approved)
            assert_int_equal(act(SK_EV_RACK_REQUEST_APPROVED, "rr-1", "boss", 2000, "{\"office\":\"head\"}"), SK_OK);
        turn(0, 0, 3000);
        const char *said = turn(0, 1, 5 * MINUTE_MS);
        if (strcmp(said, rows[i].carried) != 0)
            fail_msg("row '%s': '%s'", rows[i].name, said);
        const bool rings = strcmp(ringing(), "rack:no_request 1: dev/t R1") == 0;
        if (rings != (rows[i].carried[0] == '-') || (!rings && ringing()[0] != '\0'))
            fail_msg("row '%s': rings '%s'", rows[i].name, ringing());
    }
}

static void rack_held_open(void **state)
{
    (void)state;
    begin_racks();
    turn(0, 0, 0);
    assert_string_equal(turn(0, 1, 1000), "-");
    assert_string_equal(ringing(), "rack:no_request 1: dev/t R1");
    restart(2000);
    tick(2000);
    assert_string_equal(ringing(), "rack:no_request 1: dev/t R1");
    request_rack("\"racks\":[\"R1\"]", "12:00", "12:10", 3000); /* asked for late: it stands from its approval */
    tick(3000);
    assert_string_equal(ringing(), "rack:no_request 1: dev/t R1");
    assert_int_equal(act(SK_EV_RACK_REQUEST_APPROVED, "rr-1", "boss", 4000, "{\"office\":\"head\"}"), SK_OK);
    tick(4000);
    assert_string_equal(ringing(), "");
    assert_string_equal(turn(0, 0, MINUTE_MS), "recorded");
    assert_string_equal(turn(0, 1, 2 * MINUTE_MS), "rr-1");
    assert_true(sk_engine_deadline(kit.engine) <= KIT_MONO0 + INT64_C(1000) * 3 * MINUTE_MS);
    tick(10 * MINUTE_MS - 1);
    assert_string_equal(ringing(), "");
    tick(11 * MINUTE_MS);
    assert_string_equal(ringing(), "rack:past_request 1: dev/t R1 after rr-1");
    restart(11 * MINUTE_MS);
    tick(11 * MINUTE_MS);
    assert_string_equal(ringing(), "rack:past_request 1: dev/t R1 after rr-1");
    assert_string_equal(turn(0, 0, 12 * MINUTE_MS), "rr-1"); /* shut: the request of its opening */
    assert_string_equal(ringing(), "");
}

static void keys_and_loans(void **state)
{
    (void)state;
    begin_racks();
    turn(1, 0, 0);
    assert_string_equal(turn(1, 1, 1000), "-");
    assert_string_equal(ringing(), "key:no_request 1: dev/t2");
    assert_int_equal(act(SK_EV_KEY_TAKEN, "", "desk", 2000,
                         "{\"key\":\"3\",\"cabinet\":\"dc2\",\"holder_name\":\"x\",\"purpose\":\"p\","
                         "\"until\":\"2025-11-20T12:10:00Z\"}"),
                     SK_OK);
    tick(2000);
    assert_string_equal(ringing(), "");
    tick(11 * MINUTE_MS); /* overdue in the register, and past its time here; it was taken before the desk wrote it */
    assert_string_equal(ringing(), "key:no_request 1: dev/t2");
    assert_string_equal(turn(1, 2, 12 * MINUTE_MS), "recorded");
    assert_string_equal(ringing(), "key:no_request 1: dev/t2");
    turn(1, 0, 13 * MINUTE_MS);
    assert_string_equal(ringing(), "");
    request_rack("\"racks\":[\"R1\"]", "12:00", "13:00", 14 * MINUTE_MS);
    assert_int_equal(act(SK_EV_RACK_REQUEST_APPROVED, "rr-1", "boss", 14 * MINUTE_MS, "{\"office\":\"head\"}"), SK_OK);
    assert_int_equal(act(SK_EV_KEY_TAKEN, "", "desk", 15 * MINUTE_MS,
                         "{\"key\":\"dev/t2\",\"holder_name\":\"x\",\"purpose\":\"p\",\"request\":\"rr-1\","
                         "\"until\":\"2025-11-20T13:00:00Z\"}"),
                     SK_OK);
    assert_string_equal(turn(1, 1, 16 * MINUTE_MS), "rr-1");
    assert_string_equal(ringing(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(too_long_for_a_record),
        T(overdue_rings_and_returns),
        T(the_site_sets_the_time),
        T(not_ratified_in_time),
        T(no_memory),
        T(a_restart_changes_nothing),
        T(what_ended_is_not_loaded),
        T(the_store_refuses_what_does_not_follow),
        T(carried_over_into_the_next_log),
        T(personal_fields_are_erasable),
        T(rack_request_names_it),
        T(rack_held_open),
        T(keys_and_loans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
