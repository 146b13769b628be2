/* SPDX-License-Identifier: Apache-2.0 */
/* The register of rights over a damaged log: an engine plays, its effects go into a log as the recorder writes them, the log is
 * damaged, and a second engine goes on from the successor as the collector does. Lists, lost cards, reviews, consents and
 * newest uses stand as before and name their source; an alarm that was carried returns; what cannot be proved is lost and said.
 */
#include "tests/unit/store_support.h"

#include <sqlite3.h>

#include "collector/engine/rights.h"
#include "schemas/store/succeed.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR, PEOPLE = 3 };
static const struct sk_roster_act act = {"tester", "", "because", "test", 0};

struct run {
    struct kit kit;
    struct sk_store *store;
    struct sk_signer *signer;
};

static struct sk_signer *key_here(void)
{
    struct sk_signer *signer = NULL;
    struct sk_fault fault = {0};
    if (sk_signer_open(support_path(SK_SIGNING_KEY_FILE), true, &signer, &fault) != SK_OK)
        fail_msg("key: %s", fault.text);
    return signer;
}

/* --- effects into the log, as the recorder does --- */

static void alarm_write(struct sk_store *store, const struct sk_effect *effect, const struct sk_draft *record, uint64_t seq)
{
    struct sk_alarm stored = {0}, made = *effect->alarm;
    const enum sk_err err = sk_store_alarm_get(store, made.occurrence, &stored);
    assert_true(err == SK_OK || err == SK_ERR_NOT_FOUND);
    const bool raised = effect->link_record && record->header.ev == SK_EV_ALARM_RAISED;
    made.raise_seq = raised && stored.raise_seq == 0 ? seq : stored.raise_seq;
    made.last_seq = effect->link_record ? seq : stored.last_seq;
    assert_int_equal(sk_store_alarm_put(store, &made), SK_OK);
}

static void keep(struct run *run)
{
    const struct sk_draft *record = NULL;
    uint64_t seq = 0;
    assert_int_equal(sk_store_begin(run->store), SK_OK);
    for (size_t i = 0; i < sk_effects_count(run->kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(run->kit.effects, i);
        if (effect->kind == SK_EFFECT_RECORD) {
            record = effect->record;
            assert_int_equal(sk_store_append(run->store, record, &seq), SK_OK);
        } else if (effect->kind == SK_EFFECT_ALARM) {
            alarm_write(run->store, effect, record, seq);
        } else if (effect->kind == SK_EFFECT_PENDING_PUT) {
            assert_int_equal(
                sk_store_pending_put(run->store, effect->pending.key, effect->pending.bytes, effect->pending.length), SK_OK);
        } else if (effect->kind == SK_EFFECT_PENDING_DELETE) {
            assert_int_equal(sk_store_pending_delete(run->store, effect->pending.key), SK_OK);
        }
    }
    assert_int_equal(sk_store_commit(run->store), SK_OK);
    sk_effects_clear(run->kit.effects);
}

/* --- the house before the damage --- */

static void change(struct run *run, struct sk_roster_change made, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    made.effective_us = made.effective_us != 0 ? made.effective_us : 1;
    assert_int_equal(sk_engine_roster_change(run->kit.engine, &made, &act, &now, run->kit.effects), SK_OK);
    keep(run);
}

static enum sk_err fact_put(struct run *run, struct sk_fact *fact, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    const enum sk_err err = sk_engine_fact(run->kit.engine, fact, &act, &now, run->kit.effects);
    keep(run);
    return err;
}

static void tick(struct run *run, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    assert_int_equal(sk_engine_tick(run->kit.engine, &now, run->kit.effects), SK_OK);
    keep(run);
}

static void list_receive(struct run *run, unsigned last, int64_t ms)
{
    struct sk_list_row rows[PEOPLE];
    const struct sk_now now = kit_now(ms);
    memset(rows, 0, sizeof rows);
    for (unsigned i = 0; i < last; i++) {
        rows[i].identifier = rk_card(i + 1);
        rows[i].until_us = SK_NEVER;
    }
    assert_int_equal(sk_engine_list(run->kit.engine, 1, rows, last, now.utc_us, &act, &now, run->kit.effects), SK_OK);
    keep(run);
}

static void review_open(struct run *run, int64_t ms)
{
    struct sk_fact opened = {.ev = SK_EV_REVIEW_OPENED, .entity = "v-1", .zone = 12, .due_us = kit_now(DAY).utc_us};
    const struct sk_roster *roster = sk_engine_roster(run->kit.engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), kit_now(ms).utc_us};
    struct sk_review_row *rows = NULL;
    struct sk_sha256 *sha = NULL;
    size_t count = 0;
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    assert_int_equal(sk_review_rows(&view, sha, 12, &rows, &count, &opened.digest), SK_OK);
    sk_sha256_free(sha);
    sk_free(rows);
    opened.version = view.version;
    opened.count = count;
    assert_int_equal(fact_put(run, &opened, ms), SK_OK);
}

static void card_lose(struct run *run, int64_t ms)
{
    struct sk_roster_change lost = rk_credential(1, 1, 1, SK_CRED_LOST);
    struct sk_fact told = {.ev = SK_EV_CARD_LOST, .entity = "c-1", .told_us = kit_now(ms - MINUTE).utc_us};
    lost.ev = SK_EV_CREDENTIAL_STATE;
    lost.effective_us = kit_now(ms).utc_us;
    change(run, lost, ms);
    assert_int_equal(fact_put(run, &told, ms), SK_OK);
}

static void pass(struct run *run, uint16_t ev, unsigned card, uint64_t seq, int64_t ms)
{
    struct sk_access_event event = kit_event(ev, 1, seq, ms);
    const struct sk_now now = kit_now(ms);
    bool duplicate = false;
    event.has_identifier_hmac = true;
    event.identifier_hmac = rk_card(card);
    event.decision = ev == SK_EV_ACC_DENIED ? SK_DECISION_DENIED : SK_DECISION_GRANTED;
    assert_int_equal(sk_engine_event(run->kit.engine, &event, &now, run->kit.effects, &duplicate), SK_OK);
    keep(run);
}

/* A list of three cards, one lost and proved gone by the next list, a review of three rows with one decided, a consent, two
 * people who used the server room; the review is overdue and rings. */
static void play(struct run *run)
{
    struct sk_fact decided = {.ev = SK_EV_REVIEW_DECIDED, .entity = "v-1", .object = "a-1", .decision = "keep"};
    struct sk_fact consent = {.ev = SK_EV_BIOMETRIC_PUT, .entity = "b-1", .person = "p-2", .object = "slot 7", .factors = 4};
    consent.consent_us = kit_now(0).utc_us;
    for (size_t i = 0; i < RK_BASE; i++)
        change(run, rk_base(i), 0);
    for (unsigned i = 1; i <= PEOPLE; i++) {
        change(run, rk_person(i), 0);
        change(run, rk_credential(i, i, i, SK_CRED_ENABLED), 0);
        change(run, rk_right(i, i, 12, "always"), 0);
    }
    list_receive(run, PEOPLE, MINUTE);
    review_open(run, 2 * MINUTE);
    assert_int_equal(fact_put(run, &decided, 3 * MINUTE), SK_OK);
    assert_int_equal(fact_put(run, &consent, 4 * MINUTE), SK_OK);
    pass(run, SK_EV_ACC_GRANTED, 2, 1, 5 * MINUTE);
    pass(run, SK_EV_ACC_GRANTED, 3, 2, 6 * MINUTE);
    pass(run, SK_EV_ACC_DENIED, 2, 3, 6 * MINUTE + 1000); /* no use */
    card_lose(run, 7 * MINUTE);
    list_receive(run, PEOPLE, 8 * MINUTE); /* still on it */
    tick(run, DAY + MINUTE);
}

static void begin(struct run *run)
{
    const struct sk_now now = kit_now(0);
    bool is_new;
    memset(run, 0, sizeof *run);
    kit_site(&run->kit);
    kit_start(&run->kit);
    sk_effects_clear(run->kit.effects);
    run->store = support_open(SK_STORE_WRITER);
    run->signer = key_here();
    assert_int_equal(sk_store_begin(run->store), SK_OK);
    assert_int_equal(sk_log_begin(run->store, "test-1", run->signer, &support_cadence, &now, &is_new), SK_OK);
    assert_int_equal(sk_store_commit(run->store), SK_OK);
    play(run);
    assert_int_equal(sk_store_begin(run->store), SK_OK);
    assert_int_equal(sk_checkpoint_make(run->store, run->signer, &support_cadence, &now, NULL), SK_OK);
    assert_int_equal(sk_store_commit(run->store), SK_OK);
}

static void shut(struct run *run)
{
    sk_store_close(run->store);
    sk_signer_free(run->signer);
    run->store = NULL;
    run->signer = NULL;
}

/* --- the successor --- */

static void sql(const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}

static enum sk_err give_roster(void *context, uint16_t ev, const void *body, size_t length)
{
    return sk_engine_restore_roster(((struct run *)context)->kit.engine, ev, body, length);
}

static size_t unusable;
static enum sk_err give_fact(void *context, int64_t t_us, uint16_t ev, const void *body, size_t length)
{
    unusable += sk_engine_restore_fact(((struct run *)context)->kit.engine, t_us, ev, body, length) != SK_OK;
    return SK_OK;
}

static bool give_alarm(void *context, const struct sk_alarm *alarm)
{
    assert_int_equal(sk_engine_restore_alarm(((struct run *)context)->kit.engine, alarm), SK_OK);
    return true;
}

static enum sk_err give_pending(void *context, const char *key, const void *bytes, size_t length)
{
    const struct sk_now now = kit_now(2 * DAY);
    if (strcmp(key, SK_SUCCESSION_KEY) != 0)
        assert_int_equal(sk_engine_restore_pending(((struct run *)context)->kit.engine, key, bytes, length, &now), SK_OK);
    return SK_OK;
}

/* An engine from the log that stands in the directory, as the collector starts it. */
static void restore(struct run *run, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    uint64_t last = 0;
    unusable = 0;
    kit_site(&run->kit);
    assert_int_equal(sk_effects_create(&run->kit.effects), SK_OK);
    assert_int_equal(sk_engine_create(&run->kit.site, "boot-a", &run->kit.engine), SK_OK);
    assert_int_equal(sk_store_alarm_last(run->store, &last), SK_OK);
    sk_engine_restore_last_occurrence(run->kit.engine, last);
    assert_int_equal(sk_store_roster_each(run->store, give_roster, run), SK_OK);
    assert_int_equal(sk_store_facts_each(run->store, give_fact, run), SK_OK);
    assert_int_equal(sk_store_alarms(run->store, true, UINT64_MAX, UINT32_MAX, give_alarm, run), SK_OK);
    assert_int_equal(sk_store_pending_each(run->store, give_pending, run), SK_OK);
    assert_int_equal(sk_engine_start(run->kit.engine, &now, run->kit.effects), SK_OK);
    keep(run);
}

/* Sets the damaged log aside and begins its successor, received a day later. */
static void succeed(struct run *next, struct sk_carried *carried, struct sk_old_log *old, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    struct sk_fault fault = {0};
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    if (sk_log_examine(support_directory, "the test says so", old, &fault) != SK_OK || !old->any)
        fail_msg("examine: %s", fault.text);
    memset(next, 0, sizeof *next);
    next->store = support_open(SK_STORE_WRITER);
    next->signer = key_here();
    assert_int_equal(sk_store_begin(next->store), SK_OK);
    assert_int_equal(
        sk_log_succeed(next->store, support_directory, "test-1", next->signer, &support_cadence, &now, old, carried), SK_OK);
    assert_int_equal(sk_store_commit(next->store), SK_OK);
    sk_signer_public_key(next->signer, key);
    if (sk_store_verify(next->store, key, NULL, NULL, &fault) != SK_OK)
        fail_msg("the successor does not verify: %s", fault.text);
    restore(next, ms);
}

/* --- what must stand --- */

static bool rings(const struct run *run, const char *source)
{
    for (size_t i = 0; i < sk_engine_alarm_count(run->kit.engine); i++) {
        const struct sk_alarm *alarm = sk_engine_alarm(run->kit.engine, i);
        if (strcmp(alarm->source, source) == 0 && (alarm->bits & SK_ALARM_BIT_ACTIVE) != 0)
            return true;
    }
    return false;
}

static void check_lists(const struct sk_rights *before, const struct sk_rights *after)
{
    const struct sk_list *a = &before->lists[0], *b = &after->lists[0];
    assert_int_equal(b->number, 2);
    assert_int_equal(b->live, a->live);
    assert_int_equal(b->spell_count, a->spell_count);
    assert_int_equal(b->difference_count, a->difference_count);
    assert_int_equal(b->taken_us, a->taken_us);
    assert_int_equal(b->received_us, a->received_us);
    assert_int_equal(b->compared_us, a->compared_us);
    assert_memory_equal(&b->digest, &a->digest, sizeof a->digest);
}

static void check_rights(const struct sk_rights *before, const struct sk_rights *after)
{
    check_lists(before, after);
    const struct sk_loss *a = sk_loss_of(before, "c-1"), *b = sk_loss_of(after, "c-1");
    assert_true(b != NULL && b->told_us == a->told_us && b->suspended_us == a->suspended_us);
    const struct sk_review *x = sk_review_find(before, "v-1"), *y = sk_review_find(after, "v-1");
    assert_non_null(y);
    assert_int_equal(y->opened_us, x->opened_us);
    assert_string_equal(y->opener, "tester");
    assert_int_equal(y->count, PEOPLE);
    assert_string_equal(sk_review_row_find(y, "a-1")->decision, "keep");
    assert_int_equal(sk_review_row_find(y, "a-1")->decided_us, sk_review_row_find(x, "a-1")->decided_us);
    assert_int_equal(after->biometric_count, 1);
    assert_string_equal(after->biometrics[0].reference, "slot 7");
    assert_int_equal(after->biometrics[0].consent_us, before->biometrics[0].consent_us);
}

static void check_uses(struct run *run)
{
    for (unsigned person = 2; person <= 3; person++) {
        const struct sk_roster_change holder = rk_person(person);
        int64_t at_us = 0;
        uint16_t zone = 0;
        assert_int_equal(sk_store_last_use(run->store, holder.person.tag, 12, &at_us, &zone), SK_OK);
        assert_int_equal(at_us, kit_now((3 + person) * MINUTE).utc_us);
        assert_int_equal(sk_store_last_use(run->store, holder.person.tag, 0, &at_us, &zone), SK_OK);
        assert_int_equal(zone, 12);
    }
}

struct sources {
    const struct sk_old_log *old;
    size_t facts, uses;
};

static bool source_check(void *context, const struct sk_record *record)
{
    struct sources *sources = context;
    struct sk_body_item item;
    const bool use = record->header.ev == SK_EV_USE_CARRIED;
    if (!use && !sk_is_fact(record->header.ev))
        return true;
    assert_true(sk_body_find(record->body, record->body_length, SK_TAG_OLD_ORIGIN, &item));
    assert_memory_equal(item.bytes, sources->old->origin, item.length);
    assert_true(sk_body_find(record->body, record->body_length, SK_TAG_SET_ASIDE, &item));
    assert_memory_equal(item.bytes, sources->old->name, item.length);
    assert_true(sk_body_find(record->body, record->body_length, SK_TAG_OLD_SEQ, &item));
    assert_true(sk_body_find(record->body, record->body_length, SK_TAG_OLD_TIME_US, &item));
    assert_true(sk_item_i64(&item) < (int64_t)record->header.t_recv_us); /* the time it had, and when it was carried */
    sources->facts += !use;
    sources->uses += use;
    return true;
}

static void check_sources(struct run *run, const struct sk_old_log *old, const struct sk_carried *carried)
{
    struct sources sources = {.old = old};
    const uint64_t size = sk_store_size(run->store);
    for (uint64_t seq = 0; seq < size; seq++)
        assert_int_equal(sk_store_record(run->store, seq, source_check, &sources), SK_OK);
    assert_int_equal(sources.facts, carried->facts);
    assert_int_equal(sources.uses, carried->uses);
}

/* --- tests --- */

static void finish_review(struct run *run, int64_t ms)
{
    struct sk_fact closed = {.ev = SK_EV_REVIEW_CLOSED, .entity = "v-1"};
    for (unsigned i = 1; i <= PEOPLE; i++) {
        struct sk_fact decided = {.ev = SK_EV_REVIEW_DECIDED, .entity = "v-1", .decision = "keep"};
        sk_text_format(decided.object, sizeof decided.object, "a-%u", i);
        assert_int_equal(fact_put(run, &decided, ms), SK_OK);
    }
    assert_int_equal(fact_put(run, &closed, ms), SK_OK);
    tick(run, ms + MINUTE);
}

static void rights_go_on_and_the_alarm_returns(void **state)
{
    struct run run, next;
    struct sk_carried carried;
    struct sk_old_log old;
    (void)state;
    begin(&run);
    assert_true(rings(&run, "review:v-1/overdue") && rings(&run, "card:c-1/late"));
    shut(&run);
    succeed(&next, &carried, &old, 2 * DAY);
    assert_int_equal(carried.lost, 0);
    assert_int_equal(unusable, 0);
    check_rights(sk_engine_rights(run.kit.engine), sk_engine_rights(next.kit.engine));
    check_uses(&next);
    check_sources(&next, &old, &carried);
    tick(&next, 2 * DAY + MINUTE);
    assert_true(rings(&next, "review:v-1/overdue") && rings(&next, "card:c-1/late"));
    finish_review(&next, 2 * DAY + HOUR);
    assert_false(rings(&next, "review:v-1/overdue"));
    list_receive(&next, 0, 2 * DAY + 2 * HOUR); /* no card is on the controller any more: the loss has arrived */
    tick(&next, 2 * DAY + 2 * HOUR + MINUTE);
    assert_false(rings(&next, "card:c-1/late"));
    shut(&next);
    kit_stop(&run.kit);
    kit_stop(&next.kit);
}

/* A successor that is damaged in its turn: times are still those of the first log, sources those of the log before. */
static void twice(void **state)
{
    struct run run, next, third;
    struct sk_carried carried;
    struct sk_old_log old;
    (void)state;
    begin(&run);
    shut(&run);
    succeed(&next, &carried, &old, 2 * DAY);
    shut(&next);
    succeed(&third, &carried, &old, 3 * DAY);
    assert_int_equal(carried.lost, 0);
    check_rights(sk_engine_rights(run.kit.engine), sk_engine_rights(third.kit.engine));
    check_uses(&third);
    check_sources(&third, &old, &carried);
    shut(&third);
    kit_stop(&run.kit);
    kit_stop(&next.kit);
    kit_stop(&third.kit);
}

#define OF(ev) "(SELECT seq FROM rights_fact WHERE ev = " ev ")"
#define OPENED "1640"    /* review.opened, 0x0668 */
#define DENIED "x'0104'" /* acc.denied, of the same person in the same zone */

static void what_is_not_proved_is_lost_and_said(void **state)
{
    static const struct {
        const char *name, *damage;
        int lost;
        size_t unusable; /* facts that no longer follow */
        bool review;     /* it stands, and its alarm returns with it */
    } rows[] = {
        {"a fact's row changed", "UPDATE rights_fact SET body = x'00' WHERE ev = " OPENED, 0, 0, true},
        {"a fact's record changed", "UPDATE record SET body = x'00' WHERE seq = " OF(OPENED), 0, 0, true},
        {"a fact nothing proves", "UPDATE record SET body = x'00', leaf = zeroblob(32) WHERE seq = " OF(OPENED), 1, 1, false},
        {"a fact of another kind", "UPDATE rights_fact SET ev = 1641 WHERE ev = " OPENED, 1, 1, false},
        {"a fact that is none", "UPDATE rights_fact SET ev = 7 WHERE ev = " OPENED, 1, 1, false},
        {"a use's record changed", "UPDATE record SET leaf = zeroblob(32) WHERE seq = (SELECT min(seq) FROM last_use)", 1, 0,
         true},
        {"a use of somebody else", "UPDATE last_use SET subject = zeroblob(16) WHERE seq = (SELECT min(seq) FROM last_use)", 1,
         0, true},
        {"a use that is none",
         "UPDATE last_use SET seq = (SELECT seq FROM record WHERE substr(header, 22, 2) = " DENIED
         ") WHERE seq = (SELECT min(seq) FROM last_use)",
         1, 0, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run run, next;
        struct sk_carried carried;
        struct sk_old_log old;
        begin(&run);
        shut(&run);
        sql(rows[i].damage);
        succeed(&next, &carried, &old, 2 * DAY);
        sk_check(carried.lost == (uint64_t)rows[i].lost && unusable == rows[i].unusable, rows[i].name);
        sk_check((sk_review_find(sk_engine_rights(next.kit.engine), "v-1") != NULL) == rows[i].review, rows[i].name);
        sk_check(rings(&next, "review:v-1/overdue"), rows[i].name);
        shut(&next);
        kit_stop(&run.kit);
        kit_stop(&next.kit);
        support_teardown(NULL);
        support_setup(NULL);
    }
}

/* The campaign is lost, so nobody's word ends its alarm: who acknowledges it does. */
static void an_alarm_about_nothing_ends_with_a_person(void **state)
{
    static const struct sk_actor person = {.id = "op", .roles = 2};
    struct run run, next;
    struct sk_carried carried;
    struct sk_old_log old;
    struct sk_now now = kit_now(2 * DAY + MINUTE);
    uint64_t occurrence = 0;
    (void)state;
    begin(&run);
    shut(&run);
    sql("UPDATE record SET body = x'00', leaf = zeroblob(32) WHERE seq = " OF(OPENED));
    succeed(&next, &carried, &old, 2 * DAY);
    for (size_t i = 0; i < sk_engine_alarm_count(next.kit.engine); i++)
        if (strcmp(sk_engine_alarm(next.kit.engine, i)->source, "review:v-1/overdue") == 0)
            occurrence = sk_engine_alarm(next.kit.engine, i)->occurrence;
    assert_int_not_equal(occurrence, 0);
    assert_int_equal(sk_engine_acknowledge(next.kit.engine, occurrence, "seen", &person, &now, next.kit.effects), SK_OK);
    keep(&next);
    assert_false(rings(&next, "review:v-1/overdue"));
    review_open(&next, 2 * DAY + 2 * MINUTE); /* and a new campaign of that name rings by itself */
    tick(&next, 2 * DAY + 3 * MINUTE);
    assert_true(rings(&next, "review:v-1/overdue"));
    shut(&next);
    kit_stop(&run.kit);
    kit_stop(&next.kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rights_go_on_and_the_alarm_returns, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(twice, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(what_is_not_proved_is_lost_and_said, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(an_alarm_about_nothing_ends_with_a_person, support_setup, support_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
