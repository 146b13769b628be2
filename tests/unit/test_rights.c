/* SPDX-License-Identifier: Apache-2.0 */
/* Rights beside the roster in virtual time: how a controller's row and the roster are judged, lists folded again from their
 * records, and every limit a minute before and a minute after it. */
#include <string.h>

#include "collector/engine/rights.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR, CARDS = 60 };
static struct sk_zone *tokyo;
static const struct sk_roster_act act = {"tester", "", "because", "test", 0};

static int load_zone(void **state)
{
    struct sk_fault fault;
    (void)state;
    return sk_zone_load("Asia/Tokyo", &tokyo, &fault) == SK_OK ? 0 : -1;
}

static int drop_zone(void **state)
{
    (void)state;
    sk_zone_free(tokyo);
    return 0;
}

static void change(struct kit *kit, struct sk_roster_change made, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    sk_effects_clear(kit->effects);
    made.effective_us = made.effective_us != 0 ? made.effective_us : 1;
    assert_int_equal(sk_engine_roster_change(kit->engine, &made, &act, &now, kit->effects), SK_OK);
}

/* Zones and schedules, then `people` people with a card each and a right to the server room. */
static void begin(struct kit *kit, unsigned people)
{
    kit_site(kit);
    kit_start(kit);
    sk_engine_set_zone(kit->engine, tokyo);
    for (size_t i = 0; i < RK_BASE; i++)
        change(kit, rk_base(i), 0);
    for (unsigned i = 1; i <= people; i++) {
        change(kit, rk_person(i), 0);
        change(kit, rk_credential(i, i, i, SK_CRED_ENABLED), 0);
        change(kit, rk_right(i, i, 12, "always"), 0);
    }
}

static struct sk_list_row row_of(unsigned card)
{
    struct sk_list_row row;
    memset(&row, 0, sizeof row);
    row.identifier = rk_card(card);
    row.until_us = SK_NEVER;
    return row;
}

/* Cards first .. last, drawn up at taken_ms, received at ms. */
static enum sk_err receive(struct kit *kit, unsigned first, unsigned last, int64_t taken_ms, int64_t ms)
{
    struct sk_list_row rows[CARDS];
    size_t count = 0;
    const struct sk_now now = kit_now(ms);
    for (unsigned card = first; card <= last; card++)
        rows[count++] = row_of(card);
    sk_effects_clear(kit->effects);
    return sk_engine_list(kit->engine, 1, rows, count, kit_now(taken_ms).utc_us, &act, &now, kit->effects);
}

static const struct sk_alarm *alarm_of(const struct kit *kit, const char *source)
{
    for (size_t i = 0; i < sk_engine_alarm_count(kit->engine); i++)
        if (strcmp(sk_engine_alarm(kit->engine, i)->source, source) == 0)
            return sk_engine_alarm(kit->engine, i);
    return NULL;
}

static bool rings(const struct kit *kit, const char *source)
{
    const struct sk_alarm *alarm = alarm_of(kit, source);
    return alarm != NULL && alarm->returned_us == 0;
}

/* --- one row against the roster --- */

static void test_judge(void **state)
{
    enum { NO_ROW = 1, OTHER_DOOR = 2, THE_DOOR = 4 };
    static const struct {
        const char *name;
        uint8_t credential;              /* state */
        int64_t card_until, right_until; /* ms; 0 for ever */
        unsigned row;
        int64_t row_until; /* ms; 0 not said */
        uint8_t difference;
    } rows[] = {
        {"both permit", SK_CRED_ENABLED, 0, 0, 0, 0, 0},
        {"neither permits", SK_CRED_BLOCKED, 0, 0, NO_ROW, 0, 0},
        {"not on the controller", SK_CRED_ENABLED, 0, 0, NO_ROW, 0, SK_DIFF_MISSING},
        {"lost, still there", SK_CRED_LOST, 0, 0, 0, 0, SK_DIFF_PERMITTED},
        {"returned, still there", SK_CRED_RETURNED, 0, 0, 0, 0, SK_DIFF_PERMITTED},
        {"the card's last day is over", SK_CRED_ENABLED, HOUR, 0, 0, 0, SK_DIFF_PERMITTED},
        {"the right is over", SK_CRED_ENABLED, 0, HOUR, 0, 0, SK_DIFF_PERMITTED},
        {"over on both sides", SK_CRED_ENABLED, 0, HOUR, NO_ROW, 0, 0},
        {"the door that leads there", SK_CRED_ENABLED, 0, 0, THE_DOOR, 0, 0},
        {"another door too", SK_CRED_ENABLED, 0, 0, THE_DOOR | OTHER_DOOR, 0, SK_DIFF_DIFFERS},
        {"another door alone", SK_CRED_ENABLED, 0, 0, OTHER_DOOR, 0, SK_DIFF_DIFFERS},
        {"the controller has an end, the roster none", SK_CRED_ENABLED, 0, 0, 0, 9 * DAY, SK_DIFF_DIFFERS},
        {"the same end", SK_CRED_ENABLED, 9 * DAY, 0, 0, 9 * DAY, 0},
        {"last day inclusive", SK_CRED_ENABLED, 9 * DAY, 0, 0, 9 * DAY - 1, 0},
        {"a day longer", SK_CRED_ENABLED, 9 * DAY, 0, 0, 10 * DAY, SK_DIFF_DIFFERS},
        {"a day shorter", SK_CRED_ENABLED, 0, 9 * DAY, 0, 8 * DAY, SK_DIFF_DIFFERS},
    };
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct kit kit;
        struct sk_expected expected;
        begin(&kit, 0);
        struct sk_roster_change card = rk_credential(1, 1, 1, rows[i].credential), right = rk_right(1, 1, 12, "always");
        card.credential.until_us = rows[i].card_until != 0 ? kit_now(rows[i].card_until).utc_us : SK_NEVER;
        right.authorization.until_us = rows[i].right_until != 0 ? kit_now(rows[i].right_until).utc_us : SK_NEVER;
        change(&kit, rk_person(1), 0);
        change(&kit, card, 0);
        change(&kit, right, 0);
        const struct sk_roster *roster = sk_engine_roster(kit.engine);
        const struct sk_roster_view view = {roster, sk_roster_version(roster), kit_now(2 * HOUR).utc_us};
        struct sk_spell spell = {row_of(1), 0, SK_NEVER};
        spell.row.until_us = rows[i].row_until != 0 ? kit_now(rows[i].row_until).utc_us : SK_NEVER;
        if ((rows[i].row & THE_DOOR) != 0)
            spell.row.doors[spell.row.door_count++] = 21;
        if ((rows[i].row & OTHER_DOOR) != 0)
            spell.row.doors[spell.row.door_count++] = 77;
        sk_list_expect(&view, &kit.site, 1, sk_roster_get(&view, SK_EV_CREDENTIAL_ISSUED, "c-1"), &expected);
        sk_check(sk_list_judge(&kit.site, (rows[i].row & NO_ROW) != 0 ? NULL : &spell, &expected) == rows[i].difference,
                 rows[i].name);
        kit_stop(&kit);
    }
    const struct sk_spell stranger = {row_of(9), 0, SK_NEVER};
    assert_int_equal(sk_list_judge(NULL, &stranger, NULL), SK_DIFF_UNKNOWN);
    assert_int_equal(sk_list_judge(NULL, NULL, NULL), 0);
}

/* --- lists again from their records --- */

static uint32_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static void refold(struct kit *from, struct sk_engine *to)
{
    for (size_t i = 0; i < sk_effects_count(from->effects); i++) {
        const struct sk_effect *effect = sk_effects_at(from->effects, i);
        if (effect->kind != SK_EFFECT_RECORD || !sk_is_fact(effect->record->header.ev))
            continue;
        const struct sk_body *body = &effect->record->body;
        assert_true(sk_body_done(body));
        assert_int_equal(sk_engine_restore_fact(to, (int64_t)effect->record->header.t_recv_us, effect->record->header.ev,
                                                body->bytes, body->writer.length),
                         SK_OK);
    }
}

/* Bisection rests on it. */
static void check_ascending(const struct sk_list *list)
{
    for (size_t i = 1; i < list->difference_count; i++)
        assert_true(memcmp(&list->differences[i - 1].identifier, &list->differences[i].identifier, SK_HASH_SIZE) < 0);
}

static void check_same(const struct sk_list *a, const struct sk_list *b)
{
    assert_int_equal(a->live, b->live);
    assert_int_equal(a->spell_count, b->spell_count);
    assert_int_equal(a->difference_count, b->difference_count);
    assert_memory_equal(&a->digest, &b->digest, sizeof a->digest);
    for (size_t i = 0; i < a->spell_count; i++) {
        assert_memory_equal(&a->spells[i].row, &b->spells[i].row, sizeof a->spells[i].row);
        assert_true(a->spells[i].since_us == b->spells[i].since_us && a->spells[i].gone_us == b->spells[i].gone_us);
    }
    for (size_t i = 0; i < a->difference_count; i++) {
        assert_memory_equal(&a->differences[i].identifier, &b->differences[i].identifier, SK_HASH_SIZE);
        assert_int_equal(a->differences[i].kind, b->differences[i].kind);
        assert_true(a->differences[i].since_us == b->differences[i].since_us);
    }
}

/* A hundred random lists: what stands is what came last, what stood then is what came then, and the records alone give both. */
static void test_folded_again(void **state)
{
    enum { LISTS = 100 };
    static bool listed[LISTS][CARDS];
    struct kit kit, twin;
    uint64_t seed = 20261120;
    (void)state;
    begin(&kit, CARDS / 2);
    kit_site(&twin);
    assert_int_equal(sk_effects_create(&twin.effects), SK_OK);
    assert_int_equal(sk_engine_create(&twin.site, "boot-b", &twin.engine), SK_OK); /* not started: it only restores */
    for (int64_t i = 0; i < LISTS; i++) {
        struct sk_list_row rows[CARDS];
        size_t count = 0;
        const struct sk_now now = kit_now((i + 1) * HOUR);
        for (unsigned card = 0; card < CARDS; card++) {
            listed[i][card] = i == 0 ? draw(&seed) % 2 == 0 : (draw(&seed) % 8 == 0) != listed[i - 1][card];
            if (!listed[i][card])
                continue;
            rows[count] = row_of(card);
            rows[count].doors[0] = (uint16_t)(20 + draw(&seed) % 2);
            rows[count].door_count = draw(&seed) % 4 == 0;
            if (rows[count].door_count == 0)
                rows[count].doors[0] = 0;
            count++;
        }
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_list(kit.engine, 1, rows, count, now.utc_us - 1, &act, &now, kit.effects), SK_OK);
        assert_int_equal(sk_engine_rights(kit.engine)->lists[0].live, count);
        check_ascending(&sk_engine_rights(kit.engine)->lists[0]);
        refold(&kit, twin.engine);
    }
    const struct sk_list *list = &sk_engine_rights(kit.engine)->lists[0];
    check_same(list, &sk_engine_rights(twin.engine)->lists[0]);
    for (int64_t i = 0; i < LISTS; i++)
        for (unsigned card = 0; card < CARDS; card++) {
            const struct sk_hash identifier = rk_card(card);
            assert_true((sk_list_at(list, &identifier, kit_now((i + 1) * HOUR).utc_us) != NULL) == listed[i][card]);
        }
    kit_stop(&kit);
    kit_stop(&twin);
}

static void test_refused(void **state)
{
    struct kit kit;
    struct sk_list_row twins[2] = {row_of(3), row_of(3)};
    const struct sk_now now = kit_now(HOUR);
    (void)state;
    begin(&kit, 4);
    assert_int_equal(receive(&kit, 1, 4, 0, 0), SK_OK);
    assert_int_equal(receive(&kit, 1, 3, 0, MINUTE), SK_ERR_CONFLICT);
    assert_int_equal(receive(&kit, 1, 3, -MINUTE, MINUTE), SK_ERR_CONFLICT);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_list(kit.engine, 1, twins, 2, now.utc_us, &act, &now, kit.effects), SK_ERR_EXISTS);
    assert_int_equal(sk_engine_list(kit.engine, 0, twins, 1, now.utc_us, &act, &now, kit.effects), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_effects_count(kit.effects), 0);
    assert_int_equal(sk_engine_rights(kit.engine)->lists[0].live, 4);
    assert_int_equal(receive(&kit, 1, 4, HOUR, HOUR), SK_OK); /* the same again: its digest alone */
    assert_null(kit_record(&kit, SK_EV_LIST_ROWS));
    assert_non_null(kit_record(&kit, SK_EV_LIST_RECEIVED));
    kit_stop(&kit);
}

/* A row that was edited beside the log does not meet the digest of its list. */
static void test_edited_row(void **state)
{
    struct kit kit, twin;
    struct sk_fact fact;
    struct sk_body body;
    (void)state;
    begin(&kit, 4);
    assert_int_equal(receive(&kit, 1, 4, 0, 0), SK_OK);
    const struct sk_draft *rows = kit_record(&kit, SK_EV_LIST_ROWS), *received = kit_record(&kit, SK_EV_LIST_RECEIVED);
    for (uint8_t edit = 0; edit < 2; edit++) {
        kit_site(&twin);
        assert_int_equal(sk_engine_create(&twin.site, "boot-b", &twin.engine), SK_OK);
        assert_int_equal(sk_fact_read(SK_EV_LIST_ROWS, rows->body.bytes, rows->body.writer.length, &fact), SK_OK);
        fact.rows[5] ^= edit; /* inside the first card */
        sk_body_init(&body);
        sk_fact_write(&fact, &act, &body);
        assert_int_equal(sk_engine_restore_fact(twin.engine, 1, SK_EV_LIST_ROWS, body.bytes, body.writer.length), SK_OK);
        assert_int_equal(
            sk_engine_restore_fact(twin.engine, 1, SK_EV_LIST_RECEIVED, received->body.bytes, received->body.writer.length),
            edit == 0 ? SK_OK : SK_ERR_CORRUPT);
        sk_engine_free(twin.engine);
    }
    kit_stop(&kit);
}

/* --- limits --- */

static void test_stale(void **state)
{
    struct kit kit;
    (void)state;
    begin(&kit, 2);
    assert_int_equal(receive(&kit, 1, 2, -HOUR, 0), SK_OK);
    kit_tick(&kit, 23 * HOUR - MINUTE);
    assert_false(rings(&kit, "list:dc1/stale"));
    kit_tick(&kit, 23 * HOUR + MINUTE);
    assert_true(rings(&kit, "list:dc1/stale"));
    assert_int_equal(alarm_of(&kit, "list:dc1/stale")->condition, SK_COND_ACCESS);
    assert_int_equal(receive(&kit, 1, 2, 24 * HOUR, 24 * HOUR), SK_OK);
    kit_tick(&kit, 24 * HOUR);
    assert_false(rings(&kit, "list:dc1/stale"));
    assert_null(alarm_of(&kit, "list:dc2/stale")); /* it never gave one */
    kit_stop(&kit);
}

static void test_still_permitted(void **state)
{
    struct kit kit;
    (void)state;
    begin(&kit, 3);
    assert_int_equal(receive(&kit, 1, 3, 0, 0), SK_OK);
    struct sk_roster_change blocked = rk_credential(2, 2, 2, SK_CRED_BLOCKED);
    blocked.ev = SK_EV_CREDENTIAL_STATE;
    blocked.effective_us = kit_now(HOUR).utc_us;
    change(&kit, blocked, HOUR);
    assert_int_equal(receive(&kit, 1, 3, 20 * HOUR, 20 * HOUR), SK_OK);
    kit_tick(&kit, 25 * HOUR - MINUTE);
    assert_false(rings(&kit, "list:dc1/permitted"));
    kit_tick(&kit, 25 * HOUR + MINUTE);
    assert_true(rings(&kit, "list:dc1/permitted"));
    assert_string_equal(alarm_of(&kit, "list:dc1/permitted")->detail, "1 no longer permitted, first c-2");
    assert_int_equal(receive(&kit, 3, 3, 26 * HOUR, 26 * HOUR), SK_OK); /* gone; card 1 is missing now */
    kit_tick(&kit, 26 * HOUR);
    assert_false(rings(&kit, "list:dc1/permitted"));
    assert_int_equal(sk_engine_rights(kit.engine)->lists[0].difference_count, 1);
    assert_int_equal(sk_engine_rights(kit.engine)->lists[0].differences[0].kind, SK_DIFF_MISSING);
    kit_stop(&kit);
}

/* A right that ends by its own date changes nothing on the roster: the hourly look finds it. */
static void test_ends_by_date(void **state)
{
    struct kit kit;
    (void)state;
    begin(&kit, 1);
    change(&kit, rk_person(2), 0);
    change(&kit, rk_credential(2, 2, 2, SK_CRED_ENABLED), 0);
    struct sk_roster_change right = rk_right(2, 2, 12, "always");
    right.authorization.until_us = kit_now(90 * MINUTE).utc_us;
    change(&kit, right, 0);
    assert_int_equal(receive(&kit, 1, 2, 0, 0), SK_OK);
    for (int64_t ms = MINUTE; ms <= 3 * HOUR; ms += MINUTE) {
        kit_tick(&kit, ms);
        const size_t found = sk_engine_rights(kit.engine)->lists[0].difference_count;
        assert_true(found == 0 || ms >= 90 * MINUTE);
    }
    assert_int_equal(sk_engine_rights(kit.engine)->lists[0].difference_count, 1);
    kit_stop(&kit);
}

/* Each local day at six a comparison is recorded, whether or not it finds anything, and once. */
static void test_daily(void **state)
{
    struct kit kit;
    size_t recorded = 0;
    (void)state;
    begin(&kit, 1);
    assert_int_equal(receive(&kit, 1, 1, 0, 0), SK_OK); /* 21:00 in Tokyo */
    for (int64_t ms = MINUTE; ms <= 3 * DAY; ms += MINUTE) {
        kit_tick(&kit, ms);
        if (kit_record(&kit, SK_EV_LIST_COMPARED) == NULL)
            continue;
        assert_int_equal(sk_local_at(tokyo, kit_now(ms).utc_us).minute, 6 * 60);
        recorded++;
    }
    assert_int_equal(recorded, 3);
    kit_stop(&kit);
}

static void test_lost(void **state)
{
    struct kit kit;
    struct sk_fact told = {.ev = SK_EV_CARD_LOST, .entity = "c-1"};
    const struct sk_now now = kit_now(HOUR);
    (void)state;
    begin(&kit, 2);
    assert_int_equal(receive(&kit, 1, 2, 0, 0), SK_OK);
    assert_null(sk_loss_of(sk_engine_rights(kit.engine), "c-1"));
    struct sk_roster_change lost = rk_credential(1, 1, 1, SK_CRED_LOST);
    lost.ev = SK_EV_CREDENTIAL_STATE;
    lost.effective_us = now.utc_us;
    change(&kit, lost, HOUR);
    told.told_us = now.utc_us - 20 * MINUTE * INT64_C(1000);
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_fact(kit.engine, &told, &act, &now, kit.effects), SK_OK);
    assert_int_equal(receive(&kit, 2, 2, 30 * MINUTE, HOUR + 10 * MINUTE), SK_OK); /* older than the loss: no proof */
    assert_null(kit_record(&kit, SK_EV_CARD_GONE));
    kit_tick(&kit, HOUR + 40 * MINUTE - MINUTE);
    assert_false(rings(&kit, "card:c-1/late"));
    kit_tick(&kit, HOUR + 40 * MINUTE + MINUTE);
    assert_true(rings(&kit, "card:c-1/late"));
    struct sk_access_event event = kit_event(SK_EV_ACC_DENIED, 1, 1, 2 * HOUR);
    event.has_identifier_hmac = true;
    event.identifier_hmac = rk_card(1);
    event.decision = SK_DECISION_DENIED;
    kit_event_feed(&kit, &event, 2 * HOUR);
    assert_non_null(kit_record(&kit, SK_EV_CARD_USED)); /* a refused try is a use too */
    assert_non_null(alarm_of(&kit, "card:c-1/used"));
    assert_int_equal(sk_loss_of(sk_engine_rights(kit.engine), "c-1")->used, 1);
    assert_int_equal(receive(&kit, 2, 2, 3 * HOUR, 3 * HOUR), SK_OK);
    assert_non_null(kit_record(&kit, SK_EV_CARD_GONE));
    assert_true(sk_loss_of(sk_engine_rights(kit.engine), "c-1")->gone_us[0] == kit_now(3 * HOUR).utc_us);
    kit_tick(&kit, 3 * HOUR);
    assert_false(rings(&kit, "card:c-1/late"));
    kit_stop(&kit);
}

static void card_say(struct kit *kit, unsigned card, uint8_t state, int64_t ms)
{
    struct sk_roster_change made = rk_credential(card, card, card, state);
    made.ev = SK_EV_CREDENTIAL_STATE;
    made.effective_us = kit_now(ms).utc_us;
    change(kit, made, ms);
}

/* More lost cards than there is room for alarms, each lost twice: the newest loss counts, what found no room is said, takes no
 * place from others, and gets one when it is free. */
static void test_many_lost(void **state)
{
    enum { ROOM = 1024, LOST = ROOM + 6 };
    struct kit kit;
    char name[64];
    (void)state;
    begin(&kit, LOST);
    assert_int_equal(receive(&kit, 1, 1, 0, 0), SK_OK);
    for (unsigned card = 1; card <= LOST; card++) {
        card_say(&kit, card, SK_CRED_LOST, MINUTE);
        card_say(&kit, card, SK_CRED_ENABLED, 2 * MINUTE);
        card_say(&kit, card, SK_CRED_LOST, HOUR);
    }
    for (unsigned card = 1; card <= LOST; card++) {
        sk_text_format(name, sizeof name, "c-%u", card);
        const struct sk_loss *loss = sk_loss_of(sk_engine_rights(kit.engine), name);
        assert_true(loss != NULL && loss->over_us == 0 && loss->suspended_us == kit_now(HOUR).utc_us);
    }
    assert_int_equal(sk_engine_rights(kit.engine)->loss_count, 2 * LOST);
    kit_tick(&kit, 2 * HOUR + MINUTE);
    size_t late = 0;
    for (size_t i = 0; i < sk_engine_alarm_count(kit.engine); i++)
        late += strncmp(sk_engine_alarm(kit.engine, i)->source, "card:", 5) == 0;
    assert_int_equal(late, ROOM);
    assert_true(rings(&kit, "card:c-1024/late"));
    assert_false(rings(&kit, "card:c-1025/late"));
    assert_true(rings(&kit, "system:alarms.full"));
    assert_string_equal(alarm_of(&kit, "system:alarms.full")->detail,
                        "card: no room beside 1024 alarms at once, first card:c-1025/late");
    kit_tick(&kit, 2 * HOUR + 2 * MINUTE);
    assert_null(kit_record(&kit, SK_EV_ALARM_RETURNED)); /* the loss before is no word about this one */
    for (unsigned card = 1; card <= 6; card++)
        card_say(&kit, card, SK_CRED_ENABLED, 2 * HOUR + 2 * MINUTE + 1);
    kit_tick(&kit, 2 * HOUR + 4 * MINUTE);
    assert_false(rings(&kit, "card:c-1/late"));
    for (unsigned card = ROOM + 1; card <= LOST; card++) {
        sk_text_format(name, sizeof name, "card:c-%u/late", card);
        assert_true(rings(&kit, name));
    }
    kit_tick(&kit, 2 * HOUR + 20 * MINUTE);
    assert_false(rings(&kit, "system:alarms.full"));
    kit_stop(&kit);
}

static void test_review_overdue(void **state)
{
    struct kit kit;
    struct sk_fact opened = {.ev = SK_EV_REVIEW_OPENED, .entity = "v-1"},
                   decided = {.ev = SK_EV_REVIEW_DECIDED, .entity = "v-1"};
    struct sk_review_row *rows = NULL;
    struct sk_sha256 *sha = NULL;
    const struct sk_now now = kit_now(0);
    (void)state;
    begin(&kit, 2);
    const struct sk_roster *roster = sk_engine_roster(kit.engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), now.utc_us};
    size_t count = 0;
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    assert_int_equal(sk_review_rows(&view, sha, 12, &rows, &count, &opened.digest), SK_OK);
    sk_sha256_free(sha);
    sk_free(rows);
    opened.zone = 12;
    opened.version = view.version;
    opened.count = count + 1;
    opened.due_us = kit_now(DAY).utc_us;
    sk_effects_clear(kit.effects);
    assert_int_equal(sk_engine_fact(kit.engine, &opened, &act, &now, kit.effects), SK_ERR_CORRUPT); /* not its snapshot */
    assert_int_equal(sk_effects_count(kit.effects), 0);
    opened.count = count;
    assert_int_equal(sk_engine_fact(kit.engine, &opened, &act, &now, kit.effects), SK_OK);
    kit_tick(&kit, DAY - MINUTE);
    assert_false(rings(&kit, "review:v-1/overdue"));
    kit_tick(&kit, DAY);
    assert_true(rings(&kit, "review:v-1/overdue"));
    assert_int_equal(alarm_of(&kit, "review:v-1/overdue")->severity, SK_SEV_MEDIUM);
    kit_tick(&kit, 8 * DAY);
    assert_int_equal(alarm_of(&kit, "review:v-1/overdue")->severity, SK_SEV_HIGH);
    sk_text_copy(decided.object, sizeof decided.object, "a-1");
    sk_text_copy(decided.decision, sizeof decided.decision, "keep");
    const int64_t times[] = {8 * DAY + 1000, 8 * DAY + 4000};
    for (size_t i = 0; i < SK_COUNT(times); i++) {
        const struct sk_now later = kit_now(times[i]);
        sk_effects_clear(kit.effects);
        assert_int_equal(sk_engine_fact(kit.engine, &decided, &act, &later, kit.effects), SK_OK);
        sk_text_copy(decided.object, sizeof decided.object, "a-2");
    }
    const struct sk_review *review = sk_review_find(sk_engine_rights(kit.engine), "v-1");
    assert_int_equal(sk_review_median_ms(review), 3000);
    assert_int_equal(sk_review_open_rows(review), 2); /* class 3: a second look is missing at both */
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),        cmocka_unit_test(test_folded_again),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_edited_row),   cmocka_unit_test(test_stale),          cmocka_unit_test(test_still_permitted),
        cmocka_unit_test(test_ends_by_date), cmocka_unit_test(test_daily),          cmocka_unit_test(test_lost),
        cmocka_unit_test(test_many_lost),    cmocka_unit_test(test_review_overdue),
    };
    return cmocka_run_group_tests(tests, load_zone, drop_zone);
}
