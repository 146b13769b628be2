/* SPDX-License-Identifier: Apache-2.0 */
/* The index of subjects: what a search finds is what reading every record finds, whatever the blocks, rollbacks, restarts and
 * filters; a log of the version before it gets its runs; a run that was changed is found by verify. */
#include <sqlite3.h>

#include "tests/unit/store_support.h"

enum { PEOPLE = 9, RARE_FROM = 100, RARE = 10, RECORDS = 3 * 4096 + 700 };

static uint64_t seed = 5;
static uint32_t random_below(uint32_t bound)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % bound;
}

/* Persons 1 and 2 have one hash: their words are swapped. 0 is nobody. */
static void tag_of(unsigned person, uint8_t tag[SK_SUBJECT_SIZE])
{
    memset(tag, 0, SK_SUBJECT_SIZE);
    tag[person == 2 ? 7 : 3] = (uint8_t)(person == 2 ? 1 : person);
}

static struct sk_draft draft_of(uint64_t seq)
{
    struct sk_draft draft;
    uint64_t kept = seed;
    seed = seq * 77 + 13;
    memset(&draft.header, 0, sizeof draft.header);
    draft.header = (struct sk_header){.t_recv_us = 1000000 * (seq + 1),
                                      .zone = (uint16_t)(1 + random_below(3)),
                                      .door = (uint16_t)random_below(4),
                                      .ev = SK_EV_ACC_TAKEN,
                                      .class_ = random_below(4) == 0 ? SK_CLASS_ROSTER : SK_CLASS_ACCESS};
    if (draft.header.class_ == SK_CLASS_ROSTER)
        draft.header.ev = SK_EV_SYS_START; /* no change of a roster: only its class matters here */
    tag_of(random_below(3) == 0 ? 0 : 1 + random_below(PEOPLE), draft.header.subject);
    if (seq >= RARE_FROM && seq < RARE_FROM + RARE) /* people of whom there is one record, in the first block */
        tag_of(20 + (unsigned)(seq - RARE_FROM), draft.header.subject);
    seed = kept;
    sk_body_init(&draft.body);
    return draft;
}

static void append(struct sk_store *store, unsigned count, bool keep)
{
    uint64_t seq;
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (unsigned i = 0; i < count; i++) {
        const struct sk_draft draft = draft_of(sk_store_size(store));
        struct sk_draft own = draft;
        own.body.writer.buffer = own.body.bytes;
        assert_int_equal(sk_store_append(store, &own, &seq), SK_OK);
    }
    if (keep)
        assert_int_equal(sk_store_commit(store), SK_OK);
    else
        sk_store_rollback(store);
}

struct seen {
    uint64_t seqs[RECORDS];
    size_t count;
};

static bool note(void *context, const struct sk_record *record)
{
    struct seen *seen = context;
    seen->seqs[seen->count++] = record->header.seq;
    return true;
}

/* By looking at every record as it was made. */
static void expect(const struct sk_search *search, uint64_t size, struct seen *out)
{
    out->count = 0;
    for (uint64_t i = 0; i < size && out->count < search->walk.limit; i++) {
        const struct sk_walk *walk = &search->walk;
        const uint64_t seq = walk->downwards ? size - 1 - i : i;
        const struct sk_header header = draft_of(seq).header;
        const int64_t t_us = (int64_t)header.t_recv_us;
        bool wanted =
            (walk->downwards ? seq <= walk->from : seq >= walk->from) && (walk->door < 0 || header.door == walk->door);
        wanted &= (walk->class_mask == 0 || (walk->class_mask >> header.class_ & 1)) && t_us >= walk->since_us;
        wanted &= (walk->until_us == 0 || t_us < walk->until_us) && (search->zone < 0 || header.zone == search->zone);
        bool person = false;
        for (size_t k = 0; k < search->window_count; k++)
            person |= memcmp(search->windows[k].tag, header.subject, SK_SUBJECT_SIZE) == 0 &&
                      t_us >= search->windows[k].from_us && t_us < search->windows[k].until_us;
        if (wanted && person)
            out->seqs[out->count++] = seq;
    }
}

static void compare(struct sk_store *store, const struct sk_search *search, const char *name)
{
    static struct seen got, wanted;
    got.count = 0;
    expect(search, sk_store_size(store), &wanted);
    assert_int_equal(sk_store_search(store, search, note, &got), SK_OK);
    if (got.count != wanted.count || memcmp(got.seqs, wanted.seqs, got.count * sizeof got.seqs[0]) != 0)
        fail_msg("%s: %zu records, expected %zu", name, got.count, wanted.count);
}

/* A search made of what the seed says. */
static void random_search(struct sk_search *search, struct sk_subject_window windows[PEOPLE], uint64_t size)
{
    const int64_t end_us = (int64_t)(size + 2) * 1000000;
    *search = (struct sk_search){.zone = random_below(3) == 0 ? (int32_t)(1 + random_below(3)) : -1, .windows = windows};
    search->walk = (struct sk_walk){.downwards = random_below(2) == 0,
                                    .class_mask = random_below(2) == 0 ? 1u << SK_CLASS_ACCESS : 0,
                                    .limit = 1 + random_below(random_below(2) == 0 ? 5 : RECORDS),
                                    .door = random_below(3) == 0 ? (int32_t)(1 + random_below(3)) : -1};
    search->walk.from = search->walk.downwards ? UINT64_MAX : 0;
    if (random_below(2) == 0)
        search->walk.from = random_below((uint32_t)size);
    if (random_below(3) == 0)
        search->walk.since_us = random_below((uint32_t)size) * INT64_C(1000000);
    if (random_below(3) == 0)
        search->walk.until_us = search->walk.since_us + 1 + random_below((uint32_t)size) * INT64_C(1000000);
    search->window_count = 1 + random_below(3);
    for (size_t i = 0; i < search->window_count; i++) {
        tag_of(1 + random_below(PEOPLE + 2), windows[i].tag);
        windows[i].from_us = random_below(2) == 0 ? 0 : random_below((uint32_t)size) * INT64_C(1000000);
        windows[i].until_us = random_below(2) == 0 ? INT64_MAX : end_us / 2;
    }
    qsort(windows, search->window_count, sizeof *windows, sk_subject_order);
}

static void test_same_as_reading_all(void **state)
{
    (void)state;
    const unsigned rounds = getenv("SK_TEST_FULL") != NULL ? 3000 : 150;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    append(store, 4000, true);
    append(store, 200, false); /* completes a block and takes it back */
    append(store, 96, true);
    append(store, 9000, false); /* completes two */
    append(store, 1, true);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER); /* the open block comes back from the records */
    append(store, RECORDS - (unsigned)sk_store_size(store), true);
    struct sk_store *reader = support_open(SK_STORE_READER);
    for (unsigned i = 0; i < rounds; i++) {
        char name[32];
        struct sk_search search;
        struct sk_subject_window windows[PEOPLE];
        snprintf(name, sizeof name, "search %u", i);
        random_search(&search, windows, RECORDS);
        compare(i % 2 == 0 ? store : reader, &search, name);
    }
    struct sk_fault fault;
    assert_int_equal(sk_store_verify(store, NULL, NULL, NULL, &fault), SK_OK);
    sk_store_close(reader);
    sk_store_close(store);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* By looking at every record as it was made; zone 0: any. */
static enum sk_err expected_use(uint64_t size, unsigned person, uint16_t zone, int64_t *ret_us, uint16_t *ret_zone)
{
    uint8_t tag[SK_SUBJECT_SIZE];
    tag_of(person, tag);
    for (uint64_t seq = size; seq-- > 0;) {
        const struct sk_header header = draft_of(seq).header;
        if (header.ev != SK_EV_ACC_TAKEN || memcmp(header.subject, tag, sizeof tag) != 0 || (zone != 0 && header.zone != zone))
            continue;
        *ret_us = (int64_t)header.t_recv_us;
        *ret_zone = header.zone;
        return SK_OK;
    }
    return SK_ERR_NOT_FOUND;
}

static void compare_uses(struct sk_store *store, const char *name)
{
    for (unsigned person = 1; person < 20 + RARE + 2; person++)
        for (uint16_t zone = 0; zone <= 4; zone++) {
            int64_t got_us = 0, wanted_us = 0;
            uint16_t got_zone = 0, wanted_zone = 0;
            uint8_t tag[SK_SUBJECT_SIZE];
            tag_of(person, tag);
            const enum sk_err wanted = expected_use(sk_store_size(store), person, zone, &wanted_us, &wanted_zone);
            const enum sk_err got = sk_store_last_use(store, tag, zone, &got_us, &got_zone);
            if (got != wanted || got_us != wanted_us || got_zone != wanted_zone)
                fail_msg("%s: person %u, zone %u: %lld, expected %lld", name, person, zone, (long long)got_us,
                         (long long)wanted_us);
        }
}

/* Whatever the blocks, rollbacks and restarts. */
static void test_last_use(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER), *reader;
    compare_uses(store, "empty");
    append(store, 4000, true);
    compare_uses(store, "no block is complete");
    append(store, 200, false); /* completes a block and takes it back */
    compare_uses(store, "taken back");
    append(store, 96, true);
    compare_uses(store, "a block to the record");
    append(store, 9000, false);
    append(store, 3000, true);
    reader = support_open(SK_STORE_READER);
    compare_uses(reader, "a reader");
    append(store, 2000, true);
    compare_uses(reader, "a reader, later");
    sk_store_close(reader);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER);
    compare_uses(store, "after a restart");
    append(store, RECORDS - (unsigned)sk_store_size(store), true);
    compare_uses(store, "the end");
    sk_store_close(store);
}

/* A reader never skips a block without its run; the next writer makes what is missing. */
static void test_missing_runs(void **state)
{
    (void)state;
    struct sk_subject_window window = {.until_us = INT64_MAX};
    const struct sk_search search = {.zone = -1,
                                     .windows = &window,
                                     .window_count = 1,
                                     .walk = {.from = UINT64_MAX, .downwards = true, .limit = RECORDS, .door = -1}};
    struct sk_fault fault;
    tag_of(3, window.tag);
    struct sk_store *store = support_open(SK_STORE_WRITER);
    append(store, RECORDS, true);
    sk_store_close(store);
    run_sql("DELETE FROM subject_run");
    store = support_open(SK_STORE_READER);
    compare(store, &search, "no runs");
    assert_int_equal(sk_store_verify(store, NULL, NULL, NULL, &fault), SK_ERR_CORRUPT);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER);
    compare(store, &search, "runs made again");
    assert_int_equal(sk_store_verify(store, NULL, NULL, NULL, &fault), SK_OK);
    sk_store_close(store);
}

static void test_changed_run(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sql;
    } rows[] = {
        {"an item dropped", "UPDATE subject_run SET items = substr(items, 7) WHERE idx = 1"},
        {"an item changed", "UPDATE subject_run SET items = CAST(x'000000010005' || substr(items, 7) AS BLOB) WHERE idx = 0"},
        {"times narrowed", "UPDATE subject_run SET t_max_us = t_min_us WHERE idx = 2"},
        {"a row gone", "DELETE FROM subject_run WHERE idx = 2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sk_fault fault = {0};
        support_teardown(NULL);
        support_setup(NULL);
        struct sk_store *store = support_open(SK_STORE_WRITER);
        append(store, RECORDS, true);
        sk_store_close(store);
        run_sql(rows[i].sql);
        store = support_open(SK_STORE_READER);
        if (sk_store_verify(store, NULL, NULL, NULL, &fault) != SK_ERR_CORRUPT ||
            strstr(fault.text, "index of subjects") == NULL)
            fail_msg("%s: %s", rows[i].name, fault.text);
        sk_store_close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_as_reading_all, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_last_use, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_missing_runs, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(test_changed_run, support_setup, support_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
