/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside: the same whatever order, delay or repetition the events came in, wherever the log says it is complete;
 * "unknown" where something is missing; and the same after a restart at any instant. */
#include "tests/unit/engine_kit.h"
#include "tests/unit/roster_kit.h"

enum { PEOPLE = 12, EVENTS = 120 };

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static void change(struct kit *kit, struct sk_roster_change what)
{
    static const struct sk_roster_act act = {"admin", "", "", "test", 64};
    const struct sk_now now = kit_now(0);
    sk_effects_clear(kit->effects);
    assert_int_equal(sk_engine_roster_change(kit->engine, &what, &act, &now, kit->effects), SK_OK);
}

static void begin(struct kit *kit)
{
    kit_site(kit);
    kit_start(kit);
    for (size_t i = 0; i < RK_BASE; i++)
        change(kit, rk_base(i));
    for (unsigned i = 1; i <= PEOPLE; i++) {
        change(kit, rk_person(i));
        change(kit, rk_credential(i, i, i, SK_CRED_ENABLED));
    }
}

/* Passages one second apart by the controller's clock; who and which way from the seed. */
static struct sk_access_event passage(uint64_t seed, uint32_t number)
{
    uint64_t own = seed * 1000003u + number;
    next_random(&own);
    struct sk_access_event event = kit_event(SK_EV_ACC_TAKEN, 1, number + 1, 0);
    event.identifier_hmac = rk_card(1 + next_random(&own) % PEOPLE);
    event.has_identifier_hmac = true;
    event.reader = (int32_t)(next_random(&own) % 2);
    event.t_ctrl_us = KIT_UTC0 + (int64_t)number * SK_US_PER_S;
    return event;
}

struct places {
    uint16_t zone[PEOPLE];
    int64_t since[PEOPLE];
};

static struct places places_of(const struct kit *kit)
{
    struct places places = {{0}, {0}};
    for (size_t i = 0; i < PEOPLE; i++)
        sk_engine_where(kit->engine, i, &places.zone[i], &places.since[i]);
    return places;
}

/* In the order given; received when the last has happened and later, so nothing comes from the future. */
static void feed_all(struct kit *kit, uint64_t seed, const uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sk_access_event event = passage(seed, order[i]);
        const int64_t ms = 200000 + (int64_t)i * 500;
        event.recv_us = kit_now(ms).utc_us;
        event.mono_us = kit_now(ms).mono_us;
        kit_event_feed(kit, &event, ms);
    }
}

static void shuffle(uint32_t *order, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        const size_t other = next_random(seed) % i;
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static void test_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct kit ordered, shuffled;
        uint32_t order[2 * EVENTS];
        uint64_t random = seed;
        size_t count = EVENTS;
        begin(&ordered);
        begin(&shuffled);
        for (uint32_t i = 0; i < EVENTS; i++)
            order[i] = i;
        feed_all(&ordered, seed, order, EVENTS);
        for (uint32_t i = 0; i < EVENTS; i++) /* some twice */
            if (next_random(&random) % 3 == 0)
                order[count++] = i;
        shuffle(order + 1, count - 1, &random); /* number 1 first: a silent hole has no end */
        feed_all(&shuffled, seed, order, count);
        const struct places a = places_of(&ordered), b = places_of(&shuffled);
        assert_true(sk_engine_zone_complete(ordered.engine, 1) && sk_engine_zone_complete(shuffled.engine, 1));
        for (size_t i = 0; i < PEOPLE; i++)
            if (a.zone[i] != b.zone[i] || a.since[i] != b.since[i])
                fail_msg("seed %llu: person %zu is in %u, in order in %u", (unsigned long long)seed, i + 1, b.zone[i],
                         a.zone[i]);
        kit_stop(&ordered);
        kit_stop(&shuffled);
    }
}

/* Some are lost: where a person ends up may be wrong, but then the zone says unknown; when they come after all, it is right
 * again.
 */
static void test_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct kit whole, holed;
        uint32_t order[EVENTS], kept[EVENTS], lost[EVENTS];
        uint64_t random = seed;
        size_t kept_count = 0, lost_count = 0;
        begin(&whole);
        begin(&holed);
        for (uint32_t i = 0; i < EVENTS; i++) {
            order[i] = i;
            if (i == 0 || i == EVENTS - 1 || next_random(&random) % 8 != 0)
                kept[kept_count++] = i;
            else
                lost[lost_count++] = i;
        }
        feed_all(&whole, seed, order, EVENTS);
        feed_all(&holed, seed, kept, kept_count);
        assert_true(lost_count > 0);
        assert_false(sk_engine_zone_complete(holed.engine, 0));
        assert_false(sk_engine_zone_complete(holed.engine, 1));
        feed_all(&holed, seed, lost, lost_count);
        assert_true(sk_engine_zone_complete(holed.engine, 1));
        const struct places a = places_of(&whole), b = places_of(&holed);
        assert_memory_equal(a.zone, b.zone, sizeof a.zone);
        assert_memory_equal(a.since, b.since, sizeof a.since);
        kit_stop(&whole);
        kit_stop(&holed);
    }
}

/* A grant moves nobody, nor does a denial, a stranger, or time. */
static void test_what_does_not_move(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t ev;
        unsigned card;
        int32_t reader;
    } rows[] = {{"granted", SK_EV_ACC_GRANTED, 1, 0},
                {"not taken", SK_EV_ACC_NOT_TAKEN, 1, 0},
                {"denied", SK_EV_ACC_DENIED, 1, 0},
                {"a stranger", SK_EV_ACC_TAKEN, 99, 0},
                {"no reader", SK_EV_ACC_TAKEN, 1, -1}};
    struct kit kit;
    uint16_t zone;
    int64_t since;
    begin(&kit);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_access_event event = kit_event(rows[i].ev, 1, i + 1, 1000);
        event.identifier_hmac = rk_card(rows[i].card);
        event.has_identifier_hmac = true;
        event.reader = rows[i].reader;
        kit_event_feed(&kit, &event, 1000);
        sk_check(!sk_engine_where(kit.engine, 0, &zone, &since), rows[i].name);
    }
    struct sk_access_event event = kit_event(SK_EV_ACC_TAKEN, 1, 9, 2000);
    event.identifier_hmac = rk_card(1);
    event.has_identifier_hmac = true;
    kit_event_feed(&kit, &event, 2000);
    assert_true(sk_engine_where(kit.engine, 0, &zone, &since) && zone == 12);
    kit_tick(&kit, INT64_C(400) * 86400 * 1000); /* never forgotten, never reset at midnight */
    assert_true(sk_engine_where(kit.engine, 0, &zone, &since) && zone == 12 && since == event.t_ctrl_us);
    kit_stop(&kit);
}

/* Roster records and rows of every step go to a second engine that begins anew after each event. */
static void test_restart(void **state)
{
    (void)state;
    enum { SEEN_BYTES = 12 };
    static struct kit kit;
    struct sk_roster_change changes[RK_BASE + 2 * PEOPLE];
    static uint8_t rows[PEOPLE + 1][SK_PENDING_BYTES_MAX];
    size_t lengths[PEOPLE + 1] = {0}, count = 0;
    begin(&kit);
    for (size_t i = 0; i < RK_BASE; i++)
        changes[count++] = rk_base(i);
    for (unsigned i = 1; i <= PEOPLE; i++) {
        changes[count++] = rk_person(i);
        changes[count++] = rk_credential(i, i, i, SK_CRED_ENABLED);
    }
    for (uint32_t n = 0; n < EVENTS; n++) {
        feed_all(&kit, 77, &n, 1);
        for (size_t i = 0; i < sk_effects_count(kit.effects); i++) {
            const struct sk_effect *effect = sk_effects_at(kit.effects, i);
            if (effect->kind != SK_EFFECT_PENDING_PUT || strncmp(effect->pending.key, "trail/p-", 8) != 0)
                continue;
            const size_t person = (size_t)atoi(effect->pending.key + 8);
            memcpy(rows[person], effect->pending.bytes, effect->pending.length);
            lengths[person] = effect->pending.length;
        }
        static struct kit again;
        static const struct sk_roster_act act = {"", "", "", "", 0};
        const struct sk_now now = kit_now(300000);
        kit_site(&again);
        assert_int_equal(sk_effects_create(&again.effects), SK_OK);
        assert_int_equal(sk_engine_create(&again.site, "boot-b", &again.engine), SK_OK);
        for (size_t i = 0; i < count; i++) {
            struct sk_body body;
            sk_body_init(&body);
            changes[i].version = i + 1;
            sk_roster_change_write(&changes[i], &act, &body);
            const enum sk_err err = sk_engine_restore_roster(again.engine, changes[i].ev, body.bytes, body.writer.length);
            if (err != SK_OK)
                fail_msg("change %zu (0x%04x): %s", i + 1, changes[i].ev, sk_err_text(err));
        }
        for (size_t i = 1; i <= PEOPLE; i++) {
            char key[32];
            sk_text_format(key, sizeof key, "trail/p-%zu", i);
            const size_t length = n % 2 == 0 ? lengths[i] : lengths[i] - SEEN_BYTES; /* also as the version before wrote it */
            if (lengths[i] > 0)
                assert_int_equal(sk_engine_restore_pending(again.engine, key, rows[i], length, &now), SK_OK);
        }
        assert_int_equal(sk_engine_restore_pending(again.engine, "trail/p-99", rows[1], lengths[1], &now),
                         lengths[1] > 0 ? SK_ERR_NOT_FOUND : SK_ERR_VERSION);
        const struct places a = places_of(&kit), b = places_of(&again);
        assert_memory_equal(a.zone, b.zone, sizeof a.zone);
        assert_memory_equal(a.since, b.since, sizeof a.since);
        kit_stop(&again);
    }
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_what_does_not_move),
        cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
