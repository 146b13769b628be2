/* SPDX-License-Identifier: Apache-2.0 */
/* The store as its users see it: files and permissions, transactions, walks, projections, checkpoints, two processes. */
#include "tests/unit/store_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "schemas/model/access_event.h"

static unsigned mode_of(const char *name)
{
    struct stat status;
    assert_int_equal(stat(name[0] != '\0' ? support_path(name) : support_directory, &status), 0);
    return (unsigned)status.st_mode & 07777;
}

static void files_and_modes(void **state)
{
    (void)state;
    const mode_t before = umask(0077); /* modes must not depend on it */
    struct sk_store *store = support_open(SK_STORE_WRITER);
    umask(before);
    support_append(store, 1);
    assert_int_equal(mode_of(""), 02750);
    assert_int_equal(mode_of("log.db"), 0640);
    assert_int_equal(mode_of("log.db-wal"), 0640);
    assert_int_equal(mode_of("log.db-shm"), 0640);
    assert_int_equal(mode_of("history.db"), 0640);
    sk_store_close(store);
    assert_int_equal(mode_of("log.db-wal"), 0640); /* kept for readers of another user */
    assert_int_equal(mode_of("log.db-shm"), 0640);
}

static void group_writable_directory_is_refused(void **state)
{
    (void)state;
    struct sk_store *store;
    struct sk_fault fault;
    assert_int_equal(mkdir(support_directory, 0700), 0);
    assert_int_equal(chmod(support_directory, 02770), 0);
    assert_int_equal(sk_store_open(support_directory, SK_STORE_WRITER, &store, &fault), SK_ERR_DENIED);
    assert_null(store);
}

static void two_writers_are_refused(void **state)
{
    (void)state;
    struct sk_store *first = support_open(SK_STORE_WRITER), *second;
    struct sk_fault fault;
    assert_int_equal(sk_store_open(support_directory, SK_STORE_WRITER, &second, &fault), SK_ERR_BUSY);
    assert_non_null(strstr(fault.text, "another writer"));
    sk_store_close(first);
    second = support_open(SK_STORE_WRITER);
    sk_store_close(second);
}

static void readers_before_the_first_writer(void **state)
{
    (void)state;
    struct sk_store *store;
    struct sk_fault fault;
    assert_int_equal(sk_store_open(support_directory, SK_STORE_READER, &store, &fault), SK_ERR_NOT_FOUND);
}

/* --- transactions --- */

static void misuse(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_draft draft;
    uint8_t salt[SK_SALT_SIZE];
    uint64_t seq;
    support_plain(0, &draft, salt);
    assert_int_equal(sk_store_append(store, &draft, &seq), SK_ERR_INVALID);
    assert_int_equal(sk_store_pending_put(store, "k", "v", 1), SK_ERR_INVALID);
    assert_int_equal(sk_store_commit(store), SK_ERR_INVALID);
    sk_store_rollback(store);
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_begin(store), SK_ERR_INVALID);
    assert_int_equal(sk_store_commit(store), SK_OK);
    sk_store_close(store);
}

/* A bad draft takes the whole transaction with it, and the next one goes on as if it had never been. */
static void an_error_leaves_nothing(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_hash before, after;
    struct sk_draft draft;
    uint8_t salt[SK_SALT_SIZE];
    uint16_t number;
    uint64_t seq;
    bool is_new;
    support_append(store, 300);
    assert_int_equal(sk_store_root(store, &before), SK_OK);
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (unsigned i = 0; i < 300; i++) {
        support_plain(sk_store_size(store), &draft, salt);
        assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
    }
    assert_int_equal(sk_store_number(store, "door", "d1", &number, &is_new), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "k", "v", 1), SK_OK);
    sk_body_put_u8(&draft.body, SK_TAG_T_CTRL, 1);
    assert_int_equal(sk_store_append(store, &draft, &seq), SK_ERR_INVALID);
    assert_int_equal(sk_store_commit(store), SK_ERR_INVALID);
    assert_int_equal(sk_store_size(store), 300);
    assert_int_equal(sk_store_root(store, &after), SK_OK);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_number(store, "door", "d2", &number, &is_new), SK_OK);
    assert_int_equal(number, 1);
    sk_store_rollback(store); /* a number without its record would be one that nobody gave out */
    support_append(store, 300);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER);
    struct sk_fault fault = {0};
    if (sk_store_verify(store, NULL, NULL, NULL, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    assert_int_equal(sk_store_size(store), 600);
    sk_store_close(store);
}

static void header_out_of_range_is_refused(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_draft draft;
    uint8_t salt[SK_SALT_SIZE];
    uint64_t seq;
    for (int i = 0; i < 3; i++) {
        support_plain(0, &draft, salt);
        draft.header.class_ = i == 0 ? 0 : 1;
        draft.header.flags = i == 1 ? 0x40 : 0;
        draft.header.t_recv_us = i == 2 ? UINT64_MAX : 0;
        assert_int_equal(sk_store_begin(store), SK_OK);
        assert_int_equal(sk_store_append(store, &draft, &seq), SK_ERR_INVALID);
    }
    sk_store_close(store);
}

/* Sizes around every border: what was appended one by one, in groups, and over restarts has the vectors' structure. */
static void sizes_survive_restarts(void **state)
{
    (void)state;
    static const unsigned steps[] = {1,   1, 1, 252, 1, 1,
                                     254, 1, 1, 511, 1, 1}; /* 1 2 3 255 256 257 511 512 513 1024 1025 1026 */
    uint64_t size = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct sk_store *store = support_open(SK_STORE_WRITER);
        struct sk_fault fault = {0};
        assert_int_equal(sk_store_size(store), size);
        support_append(store, steps[i]);
        size += steps[i];
        if (sk_store_verify(store, NULL, NULL, NULL, &fault) != SK_OK)
            fail_msg("%llu: %s", (unsigned long long)size, fault.text);
        sk_store_close(store);
    }
}

/* --- walking --- */

struct collected {
    uint64_t seqs[2000];
    size_t count;
    size_t stop_after;
};

static bool collect(void *context, const struct sk_record *record)
{
    struct collected *to = context;
    uint8_t salt[SK_SALT_SIZE];
    struct sk_draft draft;
    support_plain(record->header.seq, &draft, salt);
    assert_int_equal(record->body_length, draft.body.writer.length);
    assert_memory_equal(record->body, draft.body.bytes, record->body_length);
    to->seqs[to->count++] = record->header.seq;
    return to->count != to->stop_after;
}

static bool wanted(const struct sk_walk *walk, uint64_t seq)
{
    uint8_t salt[SK_SALT_SIZE];
    struct sk_draft draft;
    support_plain(seq, &draft, salt);
    const int64_t t_us = (int64_t)draft.header.t_recv_us;
    return (walk->class_mask == 0 || (walk->class_mask >> draft.header.class_ & 1) != 0) &&
           (walk->door < 0 || (walk->door > 0 && walk->door == draft.header.door)) &&
           (walk->since_us == 0 || t_us >= walk->since_us) && (walk->until_us == 0 || t_us < walk->until_us) &&
           (walk->downwards ? seq <= walk->from : seq >= walk->from);
}

static void walks(void **state)
{
    (void)state;
    enum { SIZE = 1100 };
    const int64_t base = INT64_C(1700000000000000);
    const struct {
        const char *name;
        struct sk_walk walk;
    } rows[] = {
        {"all", {.limit = 2000, .door = -1}},
        {"all downwards", {.from = UINT64_MAX, .downwards = true, .limit = 2000, .door = -1}},
        {"a page", {.from = 250, .limit = 10, .door = -1}},
        {"a page downwards", {.from = 260, .downwards = true, .limit = 100, .door = -1}},
        {"last one", {.from = SIZE - 1, .limit = 5, .door = -1}},
        {"past the end", {.from = SIZE, .limit = 5, .door = -1}},
        {"class", {.limit = 2000, .class_mask = 1 << 3, .door = -1}},
        {"two classes downwards",
         {.from = UINT64_MAX, .downwards = true, .limit = 2000, .class_mask = 1 << 1 | 1 << 6, .door = -1}},
        {"class that is not there", {.limit = 2000, .class_mask = 1 << 9, .door = -1}},
        {"door", {.limit = 2000, .door = 4}},
        {"door downwards", {.from = 900, .downwards = true, .limit = 50, .door = 4}},
        {"door unknown", {.limit = 2000, .door = 77}},
        {"door none", {.limit = 2000, .door = 0}},
        {"door and class", {.limit = 2000, .class_mask = 1 << 5, .door = 4}},
        {"since", {.limit = 2000, .door = -1, .since_us = base + 700 * 1000}},
        {"until", {.limit = 2000, .door = -1, .until_us = base + 300 * 1000}},
        {"window", {.limit = 2000, .door = -1, .since_us = base + 500 * 1000, .until_us = base + 800 * 1000}},
        {"window downwards with door",
         {.from = UINT64_MAX,
          .downwards = true,
          .limit = 2000,
          .door = 2,
          .since_us = base + 1000,
          .until_us = base + 600 * 1000}},
        {"window before all", {.limit = 2000, .door = -1, .until_us = base - 1}},
        {"limit nought", {.limit = 0, .door = -1}},
    };
    struct sk_store *store = support_open(SK_STORE_WRITER);
    support_append(store, SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct collected got, expected;
        const struct sk_walk *walk = &rows[i].walk;
        got.count = expected.count = 0;
        for (unsigned k = 0; k < SIZE && expected.count < walk->limit; k++) {
            const uint64_t seq = walk->downwards ? SIZE - 1 - k : k;
            if (wanted(walk, seq))
                expected.seqs[expected.count++] = seq;
        }
        assert_int_equal(sk_store_walk(store, walk, collect, &got), SK_OK);
        if (got.count != expected.count || memcmp(got.seqs, expected.seqs, got.count * sizeof *got.seqs) != 0)
            fail_msg("%s: %zu of %zu", rows[i].name, got.count, expected.count);
    }
    static struct collected stopped = {.stop_after = 3};
    assert_int_equal(sk_store_walk(store, &rows[0].walk, collect, &stopped), SK_OK);
    assert_int_equal(stopped.count, 3);
    static struct collected one;
    assert_int_equal(sk_store_record(store, 777, collect, &one), SK_OK);
    assert_int_equal(one.seqs[0], 777);
    assert_int_equal(sk_store_record(store, SIZE, collect, &one), SK_ERR_NOT_FOUND);
    sk_store_close(store);
}

struct nested {
    struct sk_store *store;
    size_t outer, inner;
};

static bool count_inner(void *context, const struct sk_record *record)
{
    struct nested *nested = context;
    (void)record;
    nested->inner++;
    return true;
}

static bool walk_again(void *context, const struct sk_record *record)
{
    struct nested *nested = context;
    const struct sk_walk walk = {.limit = 5, .door = -1};
    const uint64_t seq = record->header.seq;
    assert_int_equal(sk_store_walk(nested->store, &walk, count_inner, nested), SK_OK);
    assert_int_equal(record->header.seq, seq); /* the inner walk has its own piece */
    nested->outer++;
    return true;
}

static void a_visitor_may_walk(void **state)
{
    (void)state;
    struct nested nested = {.store = support_open(SK_STORE_WRITER)};
    const struct sk_walk walk = {.limit = 1000, .door = -1};
    support_append(nested.store, 100);
    assert_int_equal(sk_store_walk(nested.store, &walk, walk_again, &nested), SK_OK);
    assert_int_equal(nested.outer, 100);
    assert_int_equal(nested.inner, 500);
    sk_store_close(nested.store);
}

/* --- projections --- */

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *id;
        uint16_t number;
        bool is_new;
    } rows[] = {{"door", "d1", 1, true},  {"door", "d2", 2, true},  {"zone", "d1", 1, true},
                {"door", "d1", 1, false}, {"ctrl", "dc1", 1, true}, {"zone", "server", 2, true}};
    struct sk_store *store = support_open(SK_STORE_WRITER);
    char id[16];
    for (int round = 0; round < 2; round++) {
        assert_int_equal(sk_store_begin(store), SK_OK);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            uint16_t number = 0;
            bool is_new;
            assert_int_equal(sk_store_number(store, rows[i].kind, rows[i].id, &number, &is_new), SK_OK);
            assert_int_equal(number, rows[i].number);
            assert_int_equal(is_new, round == 0 && rows[i].is_new);
        }
        assert_int_equal(sk_store_commit(store), SK_OK);
        sk_store_close(store);
        store = support_open(SK_STORE_WRITER);
    }
    assert_int_equal(sk_store_number_id(store, "zone", 2, id, sizeof id), SK_OK);
    assert_string_equal(id, "server");
    assert_int_equal(sk_store_number_id(store, "zone", 0, id, sizeof id), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_store_number_id(store, "zone", 3, id, sizeof id), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_store_number_id(store, "zone", 2, id, 3), SK_ERR_TOO_LONG);
    sk_store_close(store);
}

static enum sk_err pending_visit(void *context, const char *key, const void *bytes, size_t length)
{
    char *text = context;
    snprintf(text + strlen(text), 400 - strlen(text), "%s=%.*s;", key, (int)length, (const char *)bytes);
    return SK_OK;
}

static enum sk_err pending_count(void *context, const char *key, const void *bytes, size_t length)
{
    (void)key;
    (void)bytes;
    (void)length;
    ++*(int *)context;
    return SK_OK;
}

static void pending(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    char text[400] = "", key[16];
    int count = 0;
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "b", "two", 3), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "a", "one", 3), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "b", "2", 1), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "c", "", 0), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "d", "gone", 4), SK_OK);
    assert_int_equal(sk_store_pending_delete(store, "d"), SK_OK);
    assert_int_equal(sk_store_pending_delete(store, "never"), SK_OK);
    assert_int_equal(sk_store_commit(store), SK_OK);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER);
    assert_int_equal(sk_store_pending_each(store, pending_visit, text), SK_OK);
    assert_string_equal(text, "a=one;b=2;c=;");
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%03d", i);
        assert_int_equal(sk_store_pending_put(store, key, key, 4), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
    assert_int_equal(sk_store_pending_each(store, pending_count, &count), SK_OK);
    assert_int_equal(count, 203);
    sk_store_close(store);
}

static struct sk_alarm alarm_of(uint64_t occurrence)
{
    struct sk_alarm alarm = {.occurrence = occurrence,
                             .bits = occurrence % 3 == 0 ? SK_ALARM_BIT_ACKED : SK_ALARM_BIT_ACTIVE,
                             .severity = SK_SEV_HIGH,
                             .condition = SK_COND_STATE,
                             .source = "ups1/ups.status",
                             .detail = "OB",
                             .place = "本館 3F 電気室",
                             .has_value = occurrence % 2 == 0,
                             .value = 98.5,
                             .limit = 90,
                             .quality = SK_Q_GOOD,
                             .raised_us = 1000 + (int64_t)occurrence,
                             .since_us = 900,
                             .acked_by = "operator-1",
                             .raise_seq = 7,
                             .last_seq = 9};
    if (!alarm.has_value)
        alarm.value = alarm.limit = 0;
    return alarm;
}

/* Field by field: what lies between the fields is nobody's. */
static void assert_same_alarm(const struct sk_alarm *a, const struct sk_alarm *b)
{
    assert_int_equal(a->occurrence, b->occurrence);
    assert_int_equal(a->bits, b->bits);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->condition, b->condition);
    assert_string_equal(a->source, b->source);
    assert_string_equal(a->detail, b->detail);
    assert_string_equal(a->place, b->place);
    assert_int_equal(a->has_value, b->has_value);
    assert_true(a->value == b->value && a->limit == b->limit);
    assert_int_equal(a->quality, b->quality);
    assert_int_equal(a->quality_reason, b->quality_reason);
    assert_int_equal(a->raised_us, b->raised_us);
    assert_int_equal(a->since_us, b->since_us);
    assert_int_equal(a->returned_us, b->returned_us);
    assert_int_equal(a->acked_us, b->acked_us);
    assert_string_equal(a->acked_by, b->acked_by);
    assert_int_equal(a->raise_seq, b->raise_seq);
    assert_int_equal(a->last_seq, b->last_seq);
}

static bool alarm_visit(void *context, const struct sk_alarm *alarm)
{
    uint64_t *sum = context;
    const struct sk_alarm expected = alarm_of(alarm->occurrence);
    assert_same_alarm(alarm, &expected);
    *sum = *sum * 100 + alarm->occurrence;
    return true;
}

static void alarms(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_alarm alarm;
    uint64_t trail = 0, last;
    assert_int_equal(sk_store_alarm_last(store, &last), SK_OK);
    assert_int_equal(last, 0);
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (uint64_t i = 1; i <= 40; i++) {
        alarm = alarm_of(i);
        alarm.bits = SK_ALARM_BIT_ACTIVE;
        assert_int_equal(sk_store_alarm_put(store, &alarm), SK_OK);
        alarm = alarm_of(i);
        assert_int_equal(sk_store_alarm_put(store, &alarm), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
    assert_int_equal(sk_store_alarms(store, false, UINT64_MAX, 3, alarm_visit, &trail), SK_OK);
    assert_int_equal(trail, 403938);
    trail = 0;
    assert_int_equal(sk_store_alarms(store, true, 40, 3, alarm_visit, &trail), SK_OK);
    assert_int_equal(trail, 383735); /* 39 and 36 are over */
    trail = 0;
    assert_int_equal(sk_store_alarms(store, true, 5, 100, alarm_visit, &trail), SK_OK);
    assert_int_equal(trail, 40201);
    assert_int_equal(sk_store_alarm_get(store, 12, &alarm), SK_OK);
    assert_int_equal(alarm.occurrence, 12);
    assert_int_equal(sk_store_alarm_get(store, 41, &alarm), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_store_alarm_last(store, &last), SK_OK);
    assert_int_equal(last, 40);
    sk_store_close(store);
}

/* --- checkpoints --- */

static void a_recorders_log_verifies(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = support_signer();
    struct sk_checkpoint checkpoint;
    struct sk_fault fault = {0};
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    char origin[SK_ORIGIN_MAX];
    bool is_new;
    support_log(store, signer, 1000);
    sk_signer_public_key(signer, public_key);
    if (sk_store_verify(store, public_key, NULL, NULL, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    assert_int_equal(sk_store_checkpoint_latest(store, &checkpoint), SK_OK);
    assert_int_equal(checkpoint.number, 10);
    assert_int_equal(checkpoint.size, 1000); /* 100, 200, ...: the record about one counts towards the next */
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_log_begin(store, "test-1", signer, &support_cadence, &support_now, &is_new), SK_OK);
    assert_false(is_new);
    assert_int_equal(sk_store_commit(store), SK_OK);
    assert_int_equal(sk_store_origin(store, origin, sizeof origin), SK_OK);
    assert_memory_equal(origin, "sekisho/test-1/", 15);
    public_key[0] ^= 1;
    assert_int_equal(sk_store_verify(store, public_key, NULL, NULL, &fault), SK_ERR_CORRUPT);
    sk_signer_free(signer);
    sk_store_close(store);
}

static void nothing_new_nothing_signed(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = support_signer();
    uint64_t seq;
    bool is_new;
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_checkpoint_make(store, signer, &support_cadence, &support_now, &seq), SK_ERR_CONFLICT);
    assert_int_equal(sk_log_begin(store, "test-1", signer, &support_cadence, &support_now, &is_new), SK_OK);
    assert_int_equal(sk_checkpoint_make(store, signer, &support_cadence, &support_now, &seq), SK_OK);
    assert_int_equal(seq, 1);
    assert_int_equal(sk_store_commit(store), SK_OK);
    sk_signer_free(signer);
    sk_store_close(store);
}

static void a_log_with_records_and_no_origin_is_not_adopted(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = support_signer();
    bool is_new;
    support_append(store, 3);
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_log_begin(store, "test-1", signer, &support_cadence, &support_now, &is_new), SK_ERR_CONFLICT);
    sk_signer_free(signer);
    sk_store_close(store);
}

/* --- beside another process --- */

static void progress_count(void *context, uint64_t done, uint64_t all)
{
    assert_true(done <= all);
    ++*(int *)context;
}

/* A reader verifies and walks again and again while a child writes; then the child is killed, and everything a reader saw is
 * there. */
static void reader_beside_a_killed_writer(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = support_signer();
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    sk_signer_public_key(signer, public_key);
    support_log(store, signer, 500);
    sk_store_close(store);
    const pid_t child = fork();
    if (child == 0) {
        struct sk_store *own;
        struct sk_fault fault;
        if (sk_store_open(support_directory, SK_STORE_WRITER, &own, &fault) != SK_OK)
            _exit(1);
        uint64_t covered = 500;
        for (;;) {
            support_append(own, 3);
            if (!sk_checkpoint_due(&support_cadence, covered, 0, sk_store_size(own), 0))
                continue;
            if (sk_store_begin(own) != SK_OK ||
                sk_checkpoint_make(own, signer, &support_cadence, &support_now, &covered) != SK_OK ||
                sk_store_commit(own) != SK_OK)
                _exit(2);
            sk_store_tend(own);
        }
    }
    uint64_t seen = 0;
    for (int round = 0; round < 200 && seen < 1500; round++) {
        struct sk_fault fault = {0};
        int calls = 0;
        store = support_open(SK_STORE_READER);
        if (sk_store_verify(store, public_key, progress_count, &calls, &fault) != SK_OK)
            fail_msg("%s", fault.text);
        assert_true(calls > 0);
        const uint64_t size = sk_store_size(store);
        assert_true(size >= seen);
        seen = size;
        sk_store_close(store);
    }
    assert_true(seen > 500);
    kill(child, SIGKILL);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    store = support_open(SK_STORE_READER); /* -shm and -wal of the dead one */
    assert_true(sk_store_size(store) >= seen);
    sk_store_close(store);
    store = support_open(SK_STORE_WRITER);
    struct sk_fault fault = {0};
    if (sk_store_verify(store, public_key, NULL, NULL, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    assert_true(sk_store_size(store) >= seen);
    support_append(store, 1);
    sk_store_close(store);
    sk_signer_free(signer);
}

static void a_reader_does_not_write(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    support_append(store, 2);
    struct sk_store *reader = support_open(SK_STORE_READER);
    struct sk_hash a, b;
    assert_int_equal(sk_store_begin(reader), SK_ERR_INVALID);
    assert_int_equal(sk_store_size(reader), 2);
    assert_int_equal(sk_store_root(store, &a), SK_OK);
    assert_int_equal(sk_store_root(reader, &b), SK_OK);
    assert_memory_equal(&a, &b, sizeof a);
    support_append(store, 1);
    assert_int_equal(sk_store_size(reader), 3);
    sk_store_close(reader);
    sk_store_close(store);
}

/* What a backup holds: log.db alone, closed cleanly. */
static void a_copy_at_rest_verifies(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = support_signer();
    struct sk_fault fault = {0};
    uint8_t public_key[SK_PUBLIC_KEY_SIZE];
    sk_signer_public_key(signer, public_key);
    support_log(store, signer, 300);
    sk_store_close(store);
    assert_int_equal(unlink(support_path("log.db-wal")), 0);
    assert_int_equal(unlink(support_path("log.db-shm")), 0);
    store = support_open(SK_STORE_COPY);
    if (sk_store_verify(store, public_key, NULL, NULL, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    assert_int_equal(sk_store_size(store), 301);
    sk_store_close(store);
    assert_int_not_equal(access(support_path("log.db-shm"), F_OK), 0); /* nothing was made beside it */
    sk_signer_free(signer);
}

/* --- JSON --- */

static bool to_json(void *context, const struct sk_record *record)
{
    void **pair = context;
    return sk_record_to_json(pair[0], record, (cJSON **)&pair[1]) == SK_OK;
}

static void record_as_json(void **state)
{
    (void)state;
    static const uint16_t reasons[] = {SK_DENY_EXPIRED, SK_DENY_FACTOR_MISSING};
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_draft draft = {
        .header = {.t_recv_us = UINT64_C(1763640000123456),
                   .ev = SK_EV_ACC_GRANTED,
                   .class_ = SK_CLASS_ACCESS,
                   .flags = SK_DECISION_GRANTED | SK_DECISION_UNKNOWN << SK_FLAG_OURS_SHIFT | SK_FLAG_SIMULATED,
                   .ctrl_epoch = 7,
                   .ctrl_seq = UINT64_C(9007199254740993)}};
    uint64_t seq;
    bool is_new;
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_number(store, "zone", "server", &draft.header.zone, &is_new), SK_OK);
    assert_int_equal(sk_store_number(store, "door", "d1", &draft.header.door, &is_new), SK_OK);
    assert_int_equal(sk_store_number(store, "ctrl", "dc1", &draft.header.ctrl, &is_new), SK_OK);
    sk_body_init(&draft.body);
    sk_body_put_i64(&draft.body, SK_TAG_T_CTRL, INT64_C(1763640000000000));
    sk_body_put_i64(&draft.body, SK_TAG_SKEW_US, -5);
    sk_body_put_bytes(&draft.body, SK_TAG_NATIVE, "\x01\xff", 2);
    sk_body_put_u16(&draft.body, SK_TAG_FACTORS_CLAIMED, 1 << SK_FACTOR_CARD | 1 << SK_FACTOR_PIN);
    sk_body_put_u8(&draft.body, SK_TAG_CTRL_DECISION, SK_DECISION_GRANTED);
    sk_body_put_u16s(&draft.body, SK_TAG_OUR_REASONS, reasons, 2);
    sk_body_put_text(&draft.body, SK_TAG_READER, "r1");
    sk_body_put_u8(&draft.body, SK_TAG_POSSIBLE_DUP, 1);
    sk_body_put_f64(&draft.body, SK_TAG_VALUE, 1.5);
    assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
    assert_int_equal(sk_store_commit(store), SK_OK);
    void *pair[2] = {store, NULL};
    assert_int_equal(sk_store_record(store, seq, to_json, pair), SK_OK);
    char *text = cJSON_PrintUnformatted(pair[1]);
    assert_string_equal(
        text,
        "{\"id\":\"0\",\"seq\":\"0\",\"time\":\"2025-11-20T12:00:00.123456Z\",\"class\":\"access\",\"event\":\"acc.granted\","
        "\"zone\":\"server\",\"door\":\"d1\",\"controller\":\"dc1\",\"epoch\":\"7\",\"ctrl_seq\":\"9007199254740993\","
        "\"controller_decision\":\"granted\",\"our_decision\":\"unknown\",\"online\":true,\"simulated\":true,"
        "\"body\":{\"t_ctrl\":\"2025-11-20T12:00:00.000000Z\",\"skew_us\":\"-5\",\"native\":\"01ff\","
        "\"factors_claimed\":[\"pt:Card\",\"PIN\"],\"controller_decision\":\"granted\","
        "\"our_reasons\":[\"CredentialExpired\",\"x:FactorMissing\"],\"reader\":\"r1\",\"possible_duplicate\":true,"
        "\"value\":1.5}}");
    cJSON_free(text);
    cJSON_Delete(pair[1]);
    sk_store_close(store);
}

#define T(name) cmocka_unit_test_setup_teardown(name, support_setup, support_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_and_modes),
        T(group_writable_directory_is_refused),
        T(two_writers_are_refused),
        T(readers_before_the_first_writer),
        T(misuse),
        T(an_error_leaves_nothing),
        T(header_out_of_range_is_refused),
        T(sizes_survive_restarts),
        T(walks),
        T(a_visitor_may_walk),
        T(numbers),
        T(pending),
        T(alarms),
        T(a_recorders_log_verifies),
        T(nothing_new_nothing_signed),
        T(a_log_with_records_and_no_origin_is_not_adopted),
        T(a_reader_does_not_write),
        T(a_copy_at_rest_verifies),
        T(reader_beside_a_killed_writer),
        T(record_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
