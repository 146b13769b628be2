/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the log is, beside its limits measured in the same run: bench_store DIRECTORY [ROUNDS]. One JSON line per row.
 *
 * store.single: one record per commit, against one fdatasync of 4 KiB appended to a file on the same disk (the floor), rate and
 * p99. store.group: commits of 1 000, against the bare sqlite3 library: same columns and bytes, one index on door, same
 * pragmas, and one SHA-256 per row. Rows alternate (ours, theirs, ours, theirs ...) so that a slow moment of the machine hits
 * both; medians. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schemas/base/clock.h"
#include "schemas/store/checkpoint.h"

enum { SINGLES = 2000, GROUP = 1000, GROUPS = 20, ROUNDS_MAX = 31, BODY = 240 };

static const char *directory;
static int64_t times_us[SINGLES];

static void die(const char *what)
{
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

static int64_t now_us(void)
{
    return sk_clock_mono_us();
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static int by_rate(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_rate);
    return values[count / 2];
}

/* A record of the size an access event has: 335 bytes with header and salt. */
static void draft_make(struct sk_draft *draft, uint64_t i)
{
    static const uint8_t native[BODY];
    memset(&draft->header, 0, sizeof draft->header);
    draft->header = (struct sk_header){.t_recv_us = UINT64_C(1763640000000000) + i,
                                       .zone = 2,
                                       .door = (uint16_t)(1 + i % 50),
                                       .ev = SK_EV_ACC_GRANTED,
                                       .class_ = SK_CLASS_ACCESS,
                                       .ctrl_seq = i};
    const uint32_t person = (uint32_t)(i * 2654435761u) % 5000 + 1; /* a random tag has as many bits */
    memcpy(draft->header.subject, &person, sizeof person);
    sk_body_init(&draft->body);
    sk_body_put_i64(&draft->body, SK_TAG_T_CTRL, (int64_t)i);
    sk_body_put_bytes(&draft->body, SK_TAG_NATIVE, native, BODY - 8 - 12);
}

/* --- one record per commit --- */

static double rate_and_p99(int64_t total_us, double *ret_p99_us)
{
    qsort(times_us, SINGLES, sizeof *times_us, by_time);
    *ret_p99_us = (double)times_us[SINGLES * 99 / 100];
    return SINGLES * 1e6 / (double)total_us;
}

static double single_ours(struct sk_store *store, double *ret_p99_us)
{
    struct sk_draft draft;
    uint64_t seq;
    const int64_t start = now_us();
    for (int i = 0; i < SINGLES; i++) {
        const int64_t before = now_us();
        draft_make(&draft, (uint64_t)i);
        if (sk_store_begin(store) != SK_OK || sk_store_append(store, &draft, &seq) != SK_OK || sk_store_commit(store) != SK_OK)
            die("append");
        times_us[i] = now_us() - before;
    }
    return rate_and_p99(now_us() - start, ret_p99_us);
}

static double single_floor(double *ret_p99_us)
{
    static const char page[4096];
    char path[512];
    snprintf(path, sizeof path, "%s/floor", directory);
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        die("floor");
    for (int i = 0; i < 1000; i++) /* the file has its size first: the floor pays for data alone */
        if (pwrite(fd, page, sizeof page, (off_t)i * (off_t)sizeof page) != (ssize_t)sizeof page)
            die("floor");
    fsync(fd);
    const int64_t start = now_us();
    for (int i = 0; i < SINGLES; i++) {
        const int64_t before = now_us();
        if (pwrite(fd, page, sizeof page, (off_t)i % 1000 * (off_t)sizeof page) != (ssize_t)sizeof page || fdatasync(fd) != 0)
            die("fdatasync");
        times_us[i] = now_us() - before;
    }
    const int64_t total = now_us() - start;
    close(fd);
    return rate_and_p99(total, ret_p99_us);
}

/* --- commits of 1 000 --- */

static double group_ours(struct sk_store *store)
{
    struct sk_draft draft;
    uint64_t seq;
    const int64_t start = now_us();
    for (int group = 0; group < GROUPS; group++) {
        if (sk_store_begin(store) != SK_OK)
            die("begin");
        for (int i = 0; i < GROUP; i++) {
            draft_make(&draft, (uint64_t)i);
            if (sk_store_append(store, &draft, &seq) != SK_OK)
                die("append");
        }
        if (sk_store_commit(store) != SK_OK)
            die("commit");
    }
    return GROUPS * (double)GROUP * 1e6 / (double)(now_us() - start);
}

static sqlite3 *bare;
static sqlite3_stmt *bare_insert;
static struct sk_sha256 *bare_sha;

static void bare_open(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/bare.db", directory);
    if (sqlite3_open(path, &bare) != SQLITE_OK ||
        sqlite3_exec(
            bare,
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384;"
            "CREATE TABLE record (seq INTEGER PRIMARY KEY, door INTEGER NOT NULL, header BLOB NOT NULL, salt BLOB NOT "
            "NULL, body BLOB NOT NULL, leaf BLOB NOT NULL) STRICT; CREATE INDEX record_door ON record (door) WHERE door <> 0",
            NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(bare, "INSERT INTO record (door, header, salt, body, leaf) VALUES (?1, ?2, ?3, ?4, ?5)", -1,
                           &bare_insert, NULL) != SQLITE_OK ||
        sk_sha256_create(&bare_sha) != SK_OK)
        die("bare database");
}

static void bare_row(uint64_t i)
{
    static const uint8_t salt[SK_SALT_SIZE];
    struct sk_draft draft;
    struct sk_hash hash;
    uint8_t header[SK_HEADER_SIZE];
    draft_make(&draft, i);
    draft.header.version = 1;
    sk_header_encode(&draft.header, header);
    const struct sk_slice slices[] = {{header, sizeof header}, {draft.body.bytes, draft.body.writer.length}};
    sk_sha256_run(bare_sha, slices, 2, &hash);
    sqlite3_bind_int(bare_insert, 1, draft.header.door);
    sqlite3_bind_blob(bare_insert, 2, header, sizeof header, SQLITE_STATIC);
    sqlite3_bind_blob(bare_insert, 3, salt, sizeof salt, SQLITE_STATIC);
    sqlite3_bind_blob(bare_insert, 4, draft.body.bytes, (int)draft.body.writer.length, SQLITE_STATIC);
    sqlite3_bind_blob(bare_insert, 5, hash.bytes, sizeof hash.bytes, SQLITE_STATIC);
    if (sqlite3_step(bare_insert) != SQLITE_DONE)
        die("bare insert");
    sqlite3_reset(bare_insert);
}

static double group_bare(void)
{
    const int64_t start = now_us();
    for (int group = 0; group < GROUPS; group++) {
        sqlite3_exec(bare, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        for (int i = 0; i < GROUP; i++)
            bare_row((uint64_t)i);
        if (sqlite3_exec(bare, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            die("bare commit");
    }
    return GROUPS * (double)GROUP * 1e6 / (double)(now_us() - start);
}

int main(int argc, char **argv)
{
    double ours[ROUNDS_MAX], theirs[ROUNDS_MAX], ours_p99[ROUNDS_MAX], theirs_p99[ROUNDS_MAX];
    struct sk_store *store;
    struct sk_fault fault;
    char path[512];
    const int rounds = argc > 2 ? atoi(argv[2]) : 5;
    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX)
        die("usage: bench_store EMPTY-DIRECTORY [ROUNDS up to 31]");
    directory = argv[1];
    snprintf(path, sizeof path, "%s/state", directory);
    if (sk_store_open(path, SK_STORE_WRITER, &store, &fault) != SK_OK)
        die(fault.text);
    for (int i = 0; i < rounds; i++) {
        ours[i] = single_ours(store, &ours_p99[i]);
        theirs[i] = single_floor(&theirs_p99[i]);
        sk_store_tend(store);
    }
    const double single = median(ours, rounds), single_limit = median(theirs, rounds);
    const double p99 = median(ours_p99, rounds), p99_limit = median(theirs_p99, rounds);
    printf("{\"row\":\"store.single.rate\",\"unit\":\"1/"
           "s\",\"value\":%.0f,\"limit\":%.0f,\"ratio\":%.3f,\"goal\":0.7,\"least\":0.5}\n",
           single, single_limit, single / single_limit);
    printf(
        "{\"row\":\"store.single.p99\",\"unit\":\"us\",\"value\":%.0f,\"limit\":%.0f,\"ratio\":%.3f,\"goal\":2,\"least\":3}\n",
        p99, p99_limit, p99 / p99_limit);
    bare_open();
    for (int i = 0; i < rounds; i++) {
        ours[i] = group_ours(store);
        sk_store_tend(store);
        theirs[i] = group_bare();
        sqlite3_wal_checkpoint_v2(bare, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    const double group = median(ours, rounds), group_limit = median(theirs, rounds);
    printf("{\"row\":\"store.group1000.rate\",\"unit\":\"1/"
           "s\",\"value\":%.0f,\"limit\":%.0f,\"ratio\":%.3f,\"goal\":0.8,\"least\":0.5}\n",
           group, group_limit, group / group_limit);
    sqlite3_finalize(bare_insert);
    sqlite3_close(bare);
    sk_sha256_free(bare_sha);
    const int64_t start = now_us();
    const uint64_t size = sk_store_size(store);
    if (sk_store_verify(store, NULL, NULL, NULL, &fault) != SK_OK)
        die(fault.text);
    printf("{\"row\":\"store.verify.rate\",\"unit\":\"records/s\",\"value\":%.0f,\"records\":%llu}\n",
           (double)size * 1e6 / (double)(now_us() - start), (unsigned long long)size);
    sk_store_close(store);
    return 0;
}
