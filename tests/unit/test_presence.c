/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside, as properties: the same for every order, delay and repetition wherever the log says it is complete, unknown
 * elsewhere; the same when rebuilt from the records alone; and a restart at any instant changes nothing. */
#include "collector/engine/replay.h"
#include "tests/unit/presence_kit.h"

static unsigned rounds(unsigned scaled, unsigned whole)
{
    return getenv("SK_TEST_FULL") != NULL ? whole : scaled;
}

/* Received long after the last happened, at `ms` each. */
static void feed(struct house *house, struct sk_access_event event, int64_t ms)
{
    event.recv_us = kit_now(ms).utc_us;
    event.mono_us = kit_now(ms).mono_us;
    kit_event_feed(&house->kit, &event, ms);
}

static const int64_t AFTER_MS = 400000;

static void feed_order(struct house *house, const struct stream *stream, const uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        feed(house, stream->events[order[i]], AFTER_MS + (int64_t)i * 10);
}

static void shuffle(uint32_t *order, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        const size_t other = pk_random(seed) % i;
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static void same_presence(const struct house *a, const struct house *b, bool with_lateness, const char *what, uint64_t seed)
{
    const struct sk_engine *x = a->kit.engine, *y = b->kit.engine;
    pk_same_trails(&x->trails, &y->trails, with_lateness, what, seed);
    for (size_t i = 0; i < PK_DOORS; i++) {
        const struct sk_doorway *one = &x->occupancy.doorways[i], *two = &y->occupancy.doorways[i];
        assert_true(one->door == two->door && one->button_us == two->button_us && one->freed_us == two->freed_us &&
                    one->locked_us == two->locked_us);
    }
    for (size_t i = 0; i < PK_ZONES; i++) {
        const struct sk_strangers *one = &x->occupancy.strangers[i], *two = &y->occupancy.strangers[i];
        assert_true(one->zone == two->zone && one->entered == two->entered && one->left == two->left);
    }
}

/* The first of each controller comes first: what is older than the first ever heard is a silent hole. */
static size_t disorder(const struct stream *stream, uint32_t *order, uint64_t *seed)
{
    size_t count = 0, firsts = 0;
    for (uint32_t i = 0; i < stream->count; i++)
        if (stream->events[i].seq == 1) {
            order[count++] = i;
            firsts++;
        }
    for (uint32_t i = 0; i < stream->count; i++) {
        if (stream->events[i].seq != 1)
            order[count++] = i;
        if (pk_random(seed) % 4 == 0)
            order[count++] = i; /* twice */
    }
    shuffle(order + firsts, count - firsts, seed);
    return count;
}

static void test_any_order(void **state)
{
    (void)state;
    static struct house ordered, shuffled;
    static struct stream stream;
    static uint32_t straight[PK_EVENTS], mixed[2 * PK_EVENTS];
    for (uint64_t seed = 1; seed <= rounds(25, 1000); seed++) {
        uint64_t random = seed;
        pk_stream(&stream, seed);
        pk_open(&ordered);
        pk_open(&shuffled);
        for (uint32_t i = 0; i < PK_EVENTS; i++)
            straight[i] = i;
        feed_order(&ordered, &stream, straight, stream.count);
        feed_order(&shuffled, &stream, mixed, disorder(&stream, mixed, &random));
        for (uint32_t zone = 0; zone < PK_ZONES; zone++)
            assert_true(sk_engine_zone_complete(ordered.kit.engine, zone) &&
                        sk_engine_zone_complete(shuffled.kit.engine, zone));
        same_presence(&ordered, &shuffled, false, "another order", seed);
        kit_stop(&ordered.kit);
        kit_stop(&shuffled.kit);
    }
}

static bool is_in(const struct house *house, size_t person, int zone)
{
    uint16_t number;
    int64_t since_us;
    return sk_engine_where(house->kit.engine, person, &number, &since_us) && number == house->zones[zone].number;
}

/* Some of one controller are lost: zones at its doors say unknown, the others are right; when they come after all, all is. */
static void lose(uint64_t seed, uint32_t device)
{
    static struct house whole, holed;
    static struct stream stream;
    static uint32_t straight[PK_EVENTS], kept[PK_EVENTS], lost[PK_EVENTS];
    size_t kept_count = 0, lost_count = 0;
    uint64_t random = seed;
    uint64_t last[3] = {0};
    pk_stream(&stream, seed);
    pk_open(&whole);
    pk_open(&holed);
    for (uint32_t i = 0; i < stream.count; i++)
        last[stream.events[i].device] = stream.events[i].seq;
    for (uint32_t i = 0; i < stream.count; i++) {
        const struct sk_access_event *event = &stream.events[i];
        straight[i] = i;
        if (event->device != device || event->seq == 1 || event->seq == last[device] || pk_random(&random) % 6 != 0)
            kept[kept_count++] = i;
        else
            lost[lost_count++] = i;
    }
    feed_order(&whole, &stream, straight, stream.count);
    feed_order(&holed, &stream, kept, kept_count);
    assert_true(lost_count > 0);
    for (int zone = 0; zone < PK_ZONES; zone++) {
        const bool touched = device == 1 ? zone != PK_SERVER : zone != PK_OUTSIDE;
        assert_int_equal(sk_engine_zone_complete(holed.kit.engine, (uint32_t)zone), !touched);
        for (size_t i = 0; i < PK_PEOPLE; i++) {
            const uint16_t doubts = sk_engine_doubts(holed.kit.engine, i, (uint32_t)zone, kit_now(AFTER_MS).utc_us);
            assert_int_equal(strcmp(sk_confidence_word(doubts), "unknown") == 0, touched);
            if (!touched && zone == PK_SERVER && is_in(&whole, i, zone) != is_in(&holed, i, zone))
                fail_msg("seed %llu: the zone is complete, and person %zu is not where he should be", (unsigned long long)seed,
                         i + 1);
        }
    }
    for (size_t i = 0; i < lost_count; i++)
        feed(&holed, stream.events[lost[i]], AFTER_MS + 10000 + (int64_t)i);
    for (uint32_t zone = 0; zone < PK_ZONES; zone++)
        assert_true(sk_engine_zone_complete(holed.kit.engine, zone));
    same_presence(&whole, &holed, false, "lost and come after all", seed);
    kit_stop(&whole.kit);
    kit_stop(&holed.kit);
}

static void test_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= rounds(15, 600); seed++) {
        lose(seed, 1);
        lose(seed, 2);
    }
}

/* --- acts between the events --- */

/* What a warden may do at this step; most do nothing. */
static void act(struct house *house, uint64_t *seed, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    const size_t person = pk_random(seed) % PK_PEOPLE;
    const struct sk_presence_act why = pk_act("試験");
    struct sk_engine *engine = house->kit.engine;
    struct sk_effects *effects = house->kit.effects;
    sk_effects_clear(effects);
    switch (pk_random(seed) % 14) {
    case 0:
        sk_engine_place(engine, person, house->zones[pk_random(seed) % PK_ZONES].number, &why, &now, effects);
        break;
    case 1:
        sk_engine_forgive(engine, person, &why, &now, effects);
        break;
    case 2:
        sk_engine_muster_start(engine, 11, pk_random(seed) % 2 == 0, &why, &now, effects);
        break;
    case 3:
    case 4:
    case 5:
        sk_engine_muster_seen(engine, person, true, &why, &now, effects);
        break;
    case 6:
        sk_engine_muster_seen(engine, person, false, &why, &now, effects);
        break;
    case 7:
        if (pk_random(seed) % 4 == 0)
            sk_engine_muster_end(engine, &why, &now, effects);
        break;
    default:
        break;
    }
}

static void replay_effects(struct sk_replay *replay, const struct house *house, uint64_t *seq)
{
    for (size_t i = 0; i < sk_effects_count(house->kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(house->kit.effects, i);
        struct sk_replayed replayed;
        if (effect->kind != SK_EFFECT_RECORD)
            continue;
        struct sk_record record = {.header = effect->record->header,
                                   .body = effect->record->body.bytes,
                                   .body_length = effect->record->body.writer.length};
        record.header.seq = (*seq)++;
        assert_true(sk_body_done(&effect->record->body));
        assert_int_equal(sk_replay_record(replay, &record, &replayed), SK_OK);
        if (replayed.judged && !replayed.same)
            fail_msg("record %llu: its decision cannot be computed again", (unsigned long long)record.header.seq);
    }
}

static void same_muster(const struct sk_muster *a, const struct sk_trails *trails_a, const struct sk_muster *b,
                        const struct sk_trails *trails_b, const struct sk_roster *roster)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->running, b->running);
    assert_int_equal(a->drill, b->drill);
    assert_int_equal(a->point, b->point);
    assert_int_equal(a->started_us, b->started_us);
    assert_int_equal(a->ended_us, b->ended_us);
    for (size_t i = 0; i < PK_PEOPLE; i++) {
        assert_int_equal(sk_muster_is_listed(a, i), sk_muster_is_listed(b, i));
        assert_int_equal(sk_muster_is_seen(a, i), sk_muster_is_seen(b, i));
        assert_int_equal(sk_muster_state_of(a, &trails_a->items[i], roster, i),
                         sk_muster_state_of(b, &trails_b->items[i], roster, i));
        if (sk_muster_is_seen(a, i))
            assert_string_equal(a->marks[i].by, b->marks[i].by);
    }
}

static void test_rebuilt_from_the_log(void **state)
{
    (void)state;
    static struct house house;
    static struct stream stream;
    for (uint64_t seed = 1; seed <= rounds(15, 600); seed++) {
        struct sk_replay *replay;
        static uint32_t mixed[2 * PK_EVENTS];
        uint64_t random = seed, seq = 0;
        pk_stream(&stream, seed);
        pk_open(&house);
        assert_int_equal(sk_replay_create(NULL, &replay), SK_OK);
        replay_effects(replay, &house, &seq);
        const size_t count = disorder(&stream, mixed, &random);
        for (size_t i = 0; i < count; i++) {
            feed(&house, stream.events[mixed[i]], AFTER_MS + (int64_t)i * 10);
            replay_effects(replay, &house, &seq);
            act(&house, &random, AFTER_MS + (int64_t)i * 10 + 5);
            replay_effects(replay, &house, &seq);
        }
        const struct sk_engine *engine = house.kit.engine;
        pk_same_trails(&engine->trails, sk_replay_trails(replay), true, "rebuilt", seed);
        same_muster(&engine->muster, &engine->trails, sk_replay_muster(replay), sk_replay_trails(replay), engine->roster);
        for (size_t i = 0; i < sk_replay_occupancy(replay)->stranger_count; i++) {
            const struct sk_strangers *strangers = &sk_replay_occupancy(replay)->strangers[i];
            const struct sk_strangers *live = sk_engine_strangers(engine, strangers->zone);
            assert_true(live != NULL && live->entered == strangers->entered && live->left == strangers->left);
        }
        sk_replay_free(replay);
        kit_stop(&house.kit);
    }
}

/* --- restarts --- */

enum { ROWS = 512 };
static struct {
    char key[SK_PENDING_KEY_MAX];
    uint8_t bytes[SK_PENDING_BYTES_MAX];
    size_t length;
} rows[ROWS];
static size_t row_count;
static struct sk_alarm alarms[ROWS];
static size_t alarm_count;
static struct {
    uint16_t ev;
    size_t length;
    uint8_t body[SK_BODY_MAX];
} changes[RK_BASE + 4 * PK_PEOPLE + 1];
static size_t change_count;

static size_t row_of(const char *key)
{
    size_t at = 0;
    while (at < row_count && strcmp(rows[at].key, key) != 0)
        at++;
    return at;
}

/* Carries out the effects as the store would. */
static void keep(const struct house *house)
{
    for (size_t i = 0; i < sk_effects_count(house->kit.effects); i++) {
        const struct sk_effect *effect = sk_effects_at(house->kit.effects, i);
        if (effect->kind == SK_EFFECT_PENDING_PUT || effect->kind == SK_EFFECT_PENDING_DELETE) {
            const size_t at = row_of(effect->pending.key);
            assert_true(at < ROWS);
            row_count += at == row_count;
            sk_text_copy(rows[at].key, sizeof rows[at].key, effect->pending.key);
            rows[at].length = effect->kind == SK_EFFECT_PENDING_PUT ? effect->pending.length : 0;
            memcpy(rows[at].bytes, effect->pending.bytes, rows[at].length);
        }
        if (effect->kind == SK_EFFECT_ALARM) {
            size_t at = 0;
            while (at < alarm_count && alarms[at].occurrence != effect->alarm->occurrence)
                at++;
            assert_true(at < ROWS);
            alarm_count += at == alarm_count;
            alarms[at] = *effect->alarm;
        }
        if (effect->kind == SK_EFFECT_RECORD && effect->record->header.class_ == SK_CLASS_ROSTER) {
            changes[change_count].ev = effect->record->header.ev;
            changes[change_count].length = effect->record->body.writer.length;
            memcpy(changes[change_count++].body, effect->record->body.bytes, effect->record->body.writer.length);
        }
    }
}

static void restart(struct house *house, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    sk_engine_free(house->kit.engine);
    sk_effects_clear(house->kit.effects);
    assert_int_equal(sk_engine_create(&house->kit.site, "boot-b", &house->kit.engine), SK_OK);
    for (size_t i = 0; i < change_count; i++)
        assert_int_equal(sk_engine_restore_roster(house->kit.engine, changes[i].ev, changes[i].body, changes[i].length), SK_OK);
    for (size_t i = 0; i < alarm_count; i++)
        if (alarms[i].bits != 0)
            sk_engine_restore_alarm(house->kit.engine, &alarms[i]);
    for (size_t i = row_count; i > 0; i--) /* in any order */
        if (rows[i - 1].length > 0)
            assert_int_equal(
                sk_engine_restore_pending(house->kit.engine, rows[i - 1].key, rows[i - 1].bytes, rows[i - 1].length, &now),
                SK_OK);
    assert_int_equal(sk_engine_start(house->kit.engine, &now, house->kit.effects), SK_OK);
    keep(house);
}

static void test_restart_at_any_instant(void **state)
{
    (void)state;
    static struct house steady, broken;
    static struct stream stream;
    for (uint64_t seed = 1; seed <= rounds(6, 200); seed++) {
        uint64_t random = seed, random_a, random_b;
        row_count = alarm_count = change_count = 0;
        pk_stream(&stream, seed);
        pk_open(&steady);
        pk_open(&broken);
        keep(&broken);
        for (size_t i = 0; i < stream.count; i++) {
            const int64_t ms = AFTER_MS + (int64_t)i * 10;
            feed(&steady, stream.events[i], ms);
            feed(&broken, stream.events[i], ms);
            keep(&broken);
            random_a = random_b = random;
            act(&steady, &random_a, ms + 5);
            act(&broken, &random_b, ms + 5);
            keep(&broken);
            random = random_a;
            assert_int_equal(random_a, random_b);
            if (pk_random(&random) % 5 != 0)
                continue;
            restart(&broken, ms + 6);
            same_presence(&steady, &broken, true, "after a restart", seed);
            same_muster(&steady.kit.engine->muster, &steady.kit.engine->trails, &broken.kit.engine->muster,
                        &broken.kit.engine->trails, steady.kit.engine->roster);
        }
        kit_stop(&steady.kit);
        kit_stop(&broken.kit);
    }
}

/* What the step wrote into the log, byte for byte. */
static void same_records(const struct house *a, const struct house *b, const char *name, size_t step, size_t restarted)
{
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < sk_effects_count(a->kit.effects) && sk_effects_at(a->kit.effects, i)->kind != SK_EFFECT_RECORD)
            i++;
        while (k < sk_effects_count(b->kit.effects) && sk_effects_at(b->kit.effects, k)->kind != SK_EFFECT_RECORD)
            k++;
        const bool left = i < sk_effects_count(a->kit.effects), right = k < sk_effects_count(b->kit.effects);
        if (!left && !right)
            return;
        const struct sk_draft *x = left ? sk_effects_at(a->kit.effects, i)->record : NULL;
        const struct sk_draft *y = right ? sk_effects_at(b->kit.effects, k)->record : NULL;
        if (x == NULL || y == NULL || x->header.ev != y->header.ev || x->header.zone != y->header.zone ||
            x->header.flags != y->header.flags || x->body.writer.length != y->body.writer.length ||
            memcmp(x->body.bytes, y->body.bytes, x->body.writer.length) != 0)
            fail_msg("%s: restarted after step %zu, step %zu records something else", name, restarted, step);
    }
}

enum { FIRST = 0, SECOND = 1, PLACED, FORGIVEN, PASSED, WAITED };
struct correction_step {
    int what;
    int64_t ms; /* after the one before */
    size_t person;
    int zone; /* PLACED: where; PASSED: of the door that is used to get there */
    int64_t late_ms;
};

static void correction_step(struct house *house, const struct correction_step *step, uint64_t seq[2], int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    const struct sk_presence_act why = pk_act("試験");
    const int door = step->zone == PK_SERVER ? 1 : 0;
    sk_effects_clear(house->kit.effects);
    if (step->what == PLACED)
        assert_int_equal(
            sk_engine_place(house->kit.engine, step->person, house->zones[step->zone].number, &why, &now, house->kit.effects),
            SK_OK);
    if (step->what == FORGIVEN)
        assert_int_equal(sk_engine_forgive(house->kit.engine, step->person, &why, &now, house->kit.effects), SK_OK);
    if (step->what == WAITED)
        kit_tick(&house->kit, ms);
    if (step->what != PASSED)
        return;
    struct sk_access_event event = kit_event(SK_EV_ACC_TAKEN, 1, ++seq[door], ms);
    event.device = (uint32_t)(1 + door);
    event.door = door;
    event.has_identifier_hmac = true;
    event.identifier_hmac = rk_card((unsigned)step->person + 1);
    event.t_ctrl_us -= step->late_ms * SK_US_PER_MS;
    feed(house, event, ms);
}

/* Two people or none in the server room; what a warden says of the second one decides the first one's passage. Restarted after
 * any step, all that follows is recorded byte for byte as without. */
static void test_restart_around_a_correction(void **state)
{
    enum { STEPS = 8 };
    static const struct {
        const char *name;
        struct correction_step steps[STEPS];
        size_t supplements; /* to be written in all, so that the rows are about something */
    } cases[] = {
        {"correction in time",
         {{PASSED, 1000, FIRST, PK_HALL, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {PLACED, 20000, SECOND, PK_SERVER, 0},
          {WAITED, 20000, 0, 0, 0},
          {PLACED, 20000, SECOND, PK_OUTSIDE, 0},
          {WAITED, 40000, 0, 0, 0},
          {PLACED, 1000, FIRST, PK_OUTSIDE, 0},
          {WAITED, 40000, 0, 0, 0}},
         0},
        {"correction too late",
         {{PASSED, 1000, FIRST, PK_HALL, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {WAITED, 31000, 0, 0, 0},
          {PLACED, 1000, SECOND, PK_SERVER, 0},
          {WAITED, 1000, 0, 0, 0},
          {PLACED, 1000, FIRST, PK_HALL, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {WAITED, 60000, 0, 0, 0}},
         1},
        {"correction of who is awaited",
         {{PASSED, 1000, FIRST, PK_HALL, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {PLACED, 10000, FIRST, PK_HALL, 0},
          {WAITED, 30000, 0, 0, 0},
          {PASSED, 1000, SECOND, PK_HALL, 0},
          {PASSED, 1000, SECOND, PK_SERVER, 0},
          {PLACED, 5000, FIRST, PK_SERVER, 0},
          {WAITED, 60000, 0, 0, 0}},
         0},
        {"correction, and an event that came late",
         {{PASSED, 1000, FIRST, PK_HALL, 0},
          {PASSED, 1000, SECOND, PK_HALL, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {WAITED, 40000, 0, 0, 0},
          {PASSED, 5000, SECOND, PK_SERVER, 40000},
          {PLACED, 1000, SECOND, PK_OUTSIDE, 0},
          {PLACED, 1000, SECOND, PK_SERVER, 0},
          {WAITED, 60000, 0, 0, 0}},
         2},
        {"correction and forgiveness",
         {{PASSED, 1000, FIRST, PK_HALL, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {FORGIVEN, 1000, FIRST, 0, 0},
          {PASSED, 1000, FIRST, PK_SERVER, 0},
          {WAITED, 40000, 0, 0, 0},
          {PLACED, 1000, SECOND, PK_SERVER, 0},
          {FORGIVEN, 1000, SECOND, 0, 0},
          {WAITED, 40000, 0, 0, 0}},
         2},
    };
    static struct house steady, broken;
    (void)state;
    for (size_t i = 0; i < SK_COUNT(cases); i++)
        for (size_t restarted = 0; restarted < STEPS; restarted++) {
            struct sk_roster_change rule = rk_zone(12, 3, 0, 0);
            uint64_t seq_a[2] = {0}, seq_b[2] = {0};
            int64_t ms = 1000;
            size_t supplements = 0;
            rule.zone.people_min = 2;
            rule.zone.together_s = 30;
            row_count = alarm_count = change_count = 0;
            pk_open(&steady);
            pk_open(&broken);
            pk_change(&steady, rule);
            pk_change(&broken, rule);
            keep(&broken);
            for (size_t step = 0; step < STEPS; step++) {
                ms += cases[i].steps[step].ms;
                correction_step(&steady, &cases[i].steps[step], seq_a, ms);
                correction_step(&broken, &cases[i].steps[step], seq_b, ms);
                same_records(&steady, &broken, cases[i].name, step, restarted);
                keep(&broken);
                for (size_t k = 0; k < sk_effects_count(steady.kit.effects); k++)
                    supplements += sk_effects_at(steady.kit.effects, k)->kind == SK_EFFECT_RECORD &&
                                   sk_effects_at(steady.kit.effects, k)->record->header.ev == SK_EV_ACC_SUPPLEMENT;
                if (step != restarted)
                    continue;
                restart(&broken, ms + 1);
                kit_tick(&broken.kit, ms + 2);
                keep(&broken);
                kit_tick(&steady.kit, ms + 2);
                same_records(&steady, &broken, cases[i].name, step, restarted);
            }
            same_presence(&steady, &broken, true, cases[i].name, 0);
            if (supplements != cases[i].supplements)
                fail_msg("%s: %zu supplements", cases[i].name, supplements);
            kit_stop(&steady.kit);
            kit_stop(&broken.kit);
        }
}

/* --- what each doubt comes from --- */

struct scene {
    struct house house;
    uint64_t seq[2];
    int64_t ms;
};

static void say(struct scene *scene, uint16_t ev, int door, int reader, int card, uint8_t mode)
{
    struct stream one = {.seq = {scene->seq[0], scene->seq[1]}};
    pk_emit(&one, ev, door, reader, card, mode);
    scene->seq[0] = one.seq[0];
    scene->seq[1] = one.seq[1];
    scene->ms += 1000;
    one.events[0].t_ctrl_us = kit_now(scene->ms).utc_us;
    feed(&scene->house, one.events[0], scene->ms);
}

static void enter_server(struct scene *scene, int card)
{
    say(scene, SK_EV_ACC_TAKEN, 0, 0, card, 0);
    say(scene, SK_EV_ACC_TAKEN, 1, 0, card, 0);
}

static void nothing(struct scene *scene)
{
    (void)scene;
}
static void lose_one(struct scene *scene)
{
    scene->seq[1]++;
    say(scene, SK_EV_ACC_DENIED, 1, 0, 5, 0);
}
static void read_elsewhere(struct scene *scene)
{
    say(scene, SK_EV_ACC_DENIED, 0, 0, 0, 0);
}
static void granted_out(struct scene *scene)
{
    say(scene, SK_EV_ACC_GRANTED, 1, 1, 0, 0);
}
static void granted_out_not_taken(struct scene *scene)
{
    granted_out(scene);
    say(scene, SK_EV_ACC_NOT_TAKEN, 1, 1, 0, 0);
}
static void set_free(struct scene *scene)
{
    say(scene, SK_EV_DOOR_MODE, 1, -1, -1, SK_DOOR_MODE_LOCKED_OPEN);
}
static void set_free_and_locked(struct scene *scene)
{
    set_free(scene);
    say(scene, SK_EV_DOOR_MODE, 1, -1, -1, SK_DOOR_MODE_LOCKED);
}
static void set_free_and_seen_again(struct scene *scene)
{
    set_free_and_locked(scene);
    say(scene, SK_EV_ACC_TAKEN, 1, 1, 0, 0);
    say(scene, SK_EV_ACC_TAKEN, 1, 0, 0, 0);
}
static void button(struct scene *scene)
{
    say(scene, SK_EV_ACC_REX, 1, -1, -1, 0);
}
static void unseen_move(struct scene *scene)
{
    say(scene, SK_EV_ACC_TAKEN, 1, 0, 0, 0); /* into the server room from the hall, where he was not */
}
static void late_event(struct scene *scene)
{
    scene->ms += 60000;
    struct stream one = {.seq = {scene->seq[0], scene->seq[1]}};
    pk_emit(&one, SK_EV_ACC_TAKEN, 1, 1, 0, 0);
    pk_emit(&one, SK_EV_ACC_TAKEN, 1, 0, 0, 0);
    for (size_t i = 0; i < one.count; i++) {
        one.events[i].t_ctrl_us = kit_now(scene->ms - 30000 + (int64_t)i).utc_us;
        feed(&scene->house, one.events[i], scene->ms);
    }
}
static void a_day_later(struct scene *scene)
{
    scene->ms += INT64_C(25) * 3600 * 1000;
}
static void corrected(struct scene *scene)
{
    read_elsewhere(scene);
    const struct sk_presence_act why = pk_act("本人を確認");
    const struct sk_now now = kit_now(scene->ms);
    assert_int_equal(sk_engine_place(scene->house.kit.engine, 0, 12, &why, &now, scene->house.kit.effects), SK_OK);
}

static void test_doubts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*happens)(struct scene *scene);
        unsigned doubts;
        const char *confidence;
    } cases[] = {
        {"entered and nothing since", nothing, 0, "high"},
        {"an event of its door is missing", lose_one, 1u << SK_DOUBT_GAP, "unknown"},
        {"his card at another reader", read_elsewhere, 1u << SK_DOUBT_CONTRADICTED, "low"},
        {"granted out, not yet used", granted_out, 1u << SK_DOUBT_ON_THE_WAY, "low"},
        {"granted out, and not used", granted_out_not_taken, 0, "high"},
        {"the door stands open to all", set_free, 1u << SK_DOUBT_RELEASED, "low"},
        {"it was locked again", set_free_and_locked, 1u << SK_DOUBT_RELEASED, "low"},
        {"and he was seen to enter again", set_free_and_seen_again, 0, "high"},
        {"somebody left by a button", button, 1u << SK_DOUBT_BUTTON, "medium"},
        {"he came from where he was not", unseen_move, 1u << SK_DOUBT_UNSEEN, "medium"},
        {"his last event came late", late_event, 1u << SK_DOUBT_LATE, "medium"},
        {"nothing for more than a day", a_day_later, 1u << SK_DOUBT_OLD, "medium"},
        {"a person says where he is", corrected, 0, "high"},
    };
    for (size_t i = 0; i < SK_COUNT(cases); i++) {
        static struct scene scene;
        memset(&scene, 0, sizeof scene);
        pk_open(&scene.house);
        enter_server(&scene, 0);
        cases[i].happens(&scene);
        const uint16_t doubts = sk_engine_doubts(scene.house.kit.engine, 0, PK_SERVER, kit_now(scene.ms).utc_us);
        if (doubts != cases[i].doubts || strcmp(sk_confidence_word(doubts), cases[i].confidence) != 0)
            fail_msg("%s: doubts %#x, confidence %s", cases[i].name, doubts, sk_confidence_word(doubts));
        sk_check(is_in(&scene.house, 0, PK_SERVER), cases[i].name);
        kit_stop(&scene.house.kit);
    }
}

/* The hall can be left by d3 without a reader; a silent controller makes its zones unknown, and no time forgets anybody. */
static void test_zone_doubts(void **state)
{
    (void)state;
    static struct scene scene;
    memset(&scene, 0, sizeof scene);
    pk_site(&scene.house);
    scene.house.kit.devices[1].comm_lost_ms = 60000;
    kit_start(&scene.house.kit);
    pk_roster(&scene.house);
    say(&scene, SK_EV_ACC_TAKEN, 0, 0, 0, 0);
    assert_int_equal(sk_engine_doubts(scene.house.kit.engine, 0, PK_HALL, kit_now(scene.ms).utc_us), 1u << SK_DOUBT_NO_READER);
    assert_true(sk_engine_zone_complete(scene.house.kit.engine, PK_HALL));
    kit_tick(&scene.house.kit, 200000);
    assert_false(sk_engine_zone_complete(scene.house.kit.engine, PK_HALL));
    assert_true(sk_engine_zone_complete(scene.house.kit.engine, PK_SERVER));
    kit_tick(&scene.house.kit, INT64_C(400) * 86400 * 1000);
    assert_true(is_in(&scene.house, 0, PK_HALL));
    kit_stop(&scene.house.kit);
}

static bool last_lists(const struct scene *scene, uint16_t reason)
{
    struct sk_body_item item;
    const struct sk_draft *draft = kit_record(&scene->house.kit, SK_EV_ACC_TAKEN);
    bool found = false;
    if (draft != NULL && kit_item(draft, SK_TAG_OUR_REASONS, &item))
        for (size_t i = 0; i + 1 < item.length; i += 2)
            found |= (item.bytes[i] << 8 | item.bytes[i + 1]) == reason;
    return found;
}

/* One passage is excused, and only one; the place stands meanwhile. */
static void test_forgiven(void **state)
{
    (void)state;
    static struct scene scene;
    const struct sk_presence_act why = pk_act("退室の読取漏れ");
    memset(&scene, 0, sizeof scene);
    pk_open(&scene.house);
    say(&scene, SK_EV_ACC_TAKEN, 0, 0, 0, 0);
    say(&scene, SK_EV_ACC_TAKEN, 0, 0, 0, 0);
    assert_true(last_lists(&scene, SK_DENY_ANTIPASSBACK));
    const struct sk_now now = kit_now(scene.ms);
    assert_int_equal(sk_engine_forgive(scene.house.kit.engine, 0, &why, &now, scene.house.kit.effects), SK_OK);
    assert_true(is_in(&scene.house, 0, PK_HALL));
    say(&scene, SK_EV_ACC_TAKEN, 0, 0, 0, 0);
    assert_false(last_lists(&scene, SK_DENY_ANTIPASSBACK));
    say(&scene, SK_EV_ACC_TAKEN, 0, 0, 0, 0);
    assert_true(last_lists(&scene, SK_DENY_ANTIPASSBACK));
    kit_stop(&scene.house.kit);
}

/* A number that was taken before, with other words in it: recorded, alarmed, and nobody has left. */
static void test_replayed_message_moves_nobody(void **state)
{
    (void)state;
    static struct scene scene;
    memset(&scene, 0, sizeof scene);
    pk_open(&scene.house);
    enter_server(&scene, 0);
    scene.seq[1]--;
    say(&scene, SK_EV_ACC_TAKEN, 1, 1, 0, 0);
    assert_non_null(kit_record(&scene.house.kit, SK_EV_CTRL_REPLAY));
    assert_true(is_in(&scene.house, 0, PK_SERVER));
    kit_stop(&scene.house.kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_rebuilt_from_the_log),
        cmocka_unit_test(test_restart_at_any_instant),
        cmocka_unit_test(test_restart_around_a_correction),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_zone_doubts),
        cmocka_unit_test(test_forgiven),
        cmocka_unit_test(test_replayed_message_moves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
