/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store share: a directory of their own, drafts, the made-up records of tests/vectors/log/roots.json. */
#ifndef SK_TEST_STORE_SUPPORT_H
#define SK_TEST_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/json.h"
#include "schemas/store/checkpoint.h"
#include "schemas/store/store.h"

#define SUPPORT __attribute__((unused)) static

SUPPORT char support_directory[64];

SUPPORT int support_remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* setup and teardown of every test: a fresh path that does not exist yet */
SUPPORT int support_setup(void **state)
{
    (void)state;
    /* memory where there is one: these tests sync thousands of times, and no sync of theirs proves anything about a disk */
    strcpy(support_directory, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sk-test-XXXXXX" : "/tmp/sk-test-XXXXXX");
    if (mkdtemp(support_directory) == NULL)
        return -1;
    strcat(support_directory, "/state");
    return 0;
}

SUPPORT int support_teardown(void **state)
{
    (void)state;
    support_directory[strlen(support_directory) - strlen("/state")] = '\0';
    return nftw(support_directory, support_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

SUPPORT const char *support_path(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", support_directory, name);
    return path;
}

SUPPORT struct sk_store *support_open(enum sk_store_mode mode)
{
    struct sk_store *store = NULL;
    struct sk_fault fault = {0};
    if (sk_store_open(support_directory, mode, &store, &fault) != SK_OK)
        fail_msg("open: %s", fault.text);
    return store;
}

SUPPORT const struct sk_now support_now = {
    .utc_us = INT64_C(1763640000000000), .mono_us = 5000000, .clock_quality = SK_CLOCK_SYNCED};
SUPPORT const struct sk_cadence support_cadence = {100, 60};

/* The record that roots.json calls plain_record(seq); salt_of(seq) beside it. */
SUPPORT void support_plain(uint64_t seq, struct sk_draft *draft, uint8_t salt[SK_SALT_SIZE])
{
    static const char *const tails[] = {"", "関", "関関", "関関関", "関関関関"};
    struct sk_sha256 *sha;
    struct sk_hash hash;
    char text[64];
    struct sk_slice slice = {text, 0};
    memset(draft, 0, sizeof *draft);
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    slice.length = (size_t)snprintf(text, sizeof text, "salt %llu", (unsigned long long)seq);
    assert_int_equal(sk_sha256_run(sha, &slice, 1, &hash), SK_OK);
    memcpy(salt, hash.bytes, SK_SALT_SIZE);
    slice.length = (size_t)snprintf(text, sizeof text, "subject %llu", (unsigned long long)seq);
    assert_int_equal(sk_sha256_run(sha, &slice, 1, &hash), SK_OK);
    sk_sha256_free(sha);
    draft->header = (struct sk_header){.version = 1,
                                       .seq = seq,
                                       .t_recv_us = UINT64_C(1700000000000000) + 1000 * seq,
                                       .zone = (uint16_t)(seq % 3),
                                       .door = (uint16_t)(seq % 7),
                                       .ev = 0x0811,
                                       .class_ = (uint8_t)(1 + seq % 6),
                                       .flags = (uint8_t)(seq % 64),
                                       .ctrl = (uint16_t)(seq % 4),
                                       .ctrl_epoch = 7,
                                       .ctrl_seq = seq * 3};
    memcpy(draft->header.subject, hash.bytes, SK_SUBJECT_SIZE);
    sk_body_init(&draft->body);
    snprintf(text, sizeof text, "record %llu %s", (unsigned long long)seq, tails[seq % 5]);
    sk_body_put_text(&draft->body, SK_TAG_DETAIL, text);
    assert_true(sk_body_done(&draft->body));
}

/* Appends `count` plain records in one transaction. */
SUPPORT void support_append(struct sk_store *store, unsigned count)
{
    uint8_t salt[SK_SALT_SIZE];
    struct sk_draft draft;
    uint64_t seq;
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (unsigned i = 0; i < count; i++) {
        support_plain(sk_store_size(store), &draft, salt);
        assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
}

SUPPORT struct sk_signer *support_signer(void)
{
    struct sk_signer *signer = NULL;
    struct sk_fault fault = {0};
    char path[160];
    snprintf(path, sizeof path, "%s.key", support_directory); /* apart from the databases */
    if (sk_signer_open(path, true, &signer, &fault) != SK_OK)
        fail_msg("signer: %s", fault.text);
    return signer;
}

/* A log as the recorder makes it: origin, plain records, a checkpoint after each 100; `records` in all before the last ones. */
SUPPORT void support_log(struct sk_store *store, struct sk_signer *signer, unsigned records)
{
    uint8_t salt[SK_SALT_SIZE];
    struct sk_draft draft;
    bool is_new;
    uint64_t seq, covered = 0;
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_log_begin(store, "test-1", signer, &support_cadence, &support_now, &is_new), SK_OK);
    assert_true(is_new);
    while (sk_store_size(store) < records) {
        support_plain(sk_store_size(store), &draft, salt);
        assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
        if (!sk_checkpoint_due(&support_cadence, covered, 0, sk_store_size(store), 0))
            continue;
        assert_int_equal(sk_checkpoint_make(store, signer, &support_cadence, &support_now, &covered), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
}

/* Does any file of the test's directory hold this text? */
SUPPORT bool support_tree_has(const char *text)
{
    bool found = false;
    DIR *directory = opendir(support_directory);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char path[sizeof support_directory + sizeof entry->d_name + 1];
        static char bytes[8 << 20];
        snprintf(path, sizeof path, "%s/%s", support_directory, entry->d_name);
        FILE *file = entry->d_type == DT_REG ? fopen(path, "rb") : NULL;
        const size_t length = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
        found = found || memmem(bytes, length, text, strlen(text)) != NULL;
        if (file != NULL)
            fclose(file);
    }
    if (directory != NULL)
        closedir(directory);
    return found;
}

SUPPORT cJSON *support_vectors(const char *name)
{
    char path[160];
    cJSON *json = NULL;
    struct sk_fault fault = {0};
    snprintf(path, sizeof path, "tests/vectors/log/%s", name);
    if (sk_json_parse_file(path, &SK_JSON_FILE, &json, &fault) != SK_OK)
        fail_msg("%s", fault.text);
    return json;
}

/* A hex member of a vector; returns its length in bytes. */
SUPPORT size_t support_hex(const cJSON *object, const char *name, uint8_t *to, size_t capacity)
{
    const char *text = sk_json_text(sk_json_get(object, name));
    assert_non_null(text);
    const size_t length = strlen(text) / 2;
    assert_true(length <= capacity);
    assert_true(sk_hex_read(to, length, text));
    return length;
}

#endif
