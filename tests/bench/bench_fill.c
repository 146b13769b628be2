/* SPDX-License-Identifier: Apache-2.0 */
/* bench_fill STATE_DIRECTORY COUNT [TAGS]: a log of COUNT records over two years, through the store's own writer, so that a
 * start with a large log can be timed. One in ten is of class system, the rest are door events. With TAGS (a file, one subject
 * tag in hex per line): over one year, of the size an access event has, and each door event is of one of these people; the
 * first of them passes once in 200 000 records, the others alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/clock.h"
#include "schemas/store/store.h"

enum { GROUP = 10000, BODY = 240, SMALL_BODY = 120, TAGS_MAX = 100000, RARE = 200000 };

static uint8_t tags[TAGS_MAX][SK_SUBJECT_SIZE];
static size_t tag_count;

static void check(enum sk_err err, const char *what)
{
    if (err == SK_OK)
        return;
    fprintf(stderr, "bench_fill: %s: %s\n", what, sk_err_text(err));
    exit(1);
}

static void read_tags(const char *path)
{
    char line[64];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        check(SK_ERR_NOT_FOUND, path);
    while (file != NULL && tag_count < TAGS_MAX && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (sk_hex_read(tags[tag_count], SK_SUBJECT_SIZE, line))
            tag_count++;
    }
    if (file != NULL)
        fclose(file);
    if (tag_count < 2)
        check(SK_ERR_PARSE, path);
}

static void put_subject(struct sk_header *header, uint64_t i)
{
    if (tag_count == 0 || header->class_ != SK_CLASS_ACCESS)
        return;
    const size_t who = i % RARE == 0 ? 0 : 1 + (size_t)(i * UINT64_C(2654435761) >> 7) % (tag_count - 1);
    memcpy(header->subject, tags[who], SK_SUBJECT_SIZE);
}

static void draft_make(struct sk_draft *draft, int64_t t_us, uint64_t i)
{
    static const uint8_t native[BODY];
    const bool system = i % 10 == 9;
    memset(&draft->header, 0, sizeof draft->header);
    draft->header.t_recv_us = (uint64_t)t_us;
    draft->header.ev = system ? SK_EV_LOG_HEARTBEAT : SK_EV_ACC_GRANTED;
    draft->header.class_ = system ? SK_CLASS_SYSTEM : SK_CLASS_ACCESS;
    draft->header.ctrl_seq = i;
    put_subject(&draft->header, i);
    sk_body_init(&draft->body);
    sk_body_put_bytes(&draft->body, SK_TAG_NATIVE, native, (tag_count > 0 ? SMALL_BODY : BODY) - 20);
}

int main(int argc, char **argv)
{
    struct sk_store *store;
    struct sk_fault fault = {0};
    static struct sk_draft draft;
    uint64_t seq;
    if (argc != 3 && argc != 4)
        return 2;
    if (argc == 4)
        read_tags(argv[3]);
    const uint64_t count = strtoull(argv[2], NULL, 10);
    const int64_t span_us = INT64_C(365) * 86400 * SK_US_PER_S * (tag_count > 0 ? 1 : 2),
                  begin_us = sk_clock_read().utc_us - span_us;
    check(sk_store_open(argv[1], SK_STORE_WRITER, &store, &fault), fault.text);
    for (uint64_t i = 0; i < count; i++) {
        if (i % GROUP == 0)
            check(sk_store_begin(store), "begin");
        draft_make(&draft, begin_us + span_us / (int64_t)count * (int64_t)i, i);
        check(sk_store_append(store, &draft, &seq), "append");
        if (i % GROUP == GROUP - 1 || i == count - 1) {
            check(sk_store_commit(store), "commit");
            sk_store_tend(store);
        }
    }
    sk_store_close(store);
    return 0;
}
