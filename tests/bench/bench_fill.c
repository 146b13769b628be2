/* SPDX-License-Identifier: Apache-2.0 */
/* bench_fill STATE_DIRECTORY COUNT: a log of COUNT records over two years, through the store's own writer, so that a start with
 * a large log can be timed. One in ten is of class system, the rest are door events of 50 doors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/clock.h"
#include "schemas/store/store.h"

enum { GROUP = 10000, BODY = 240 };

static void check(enum sk_err err, const char *what)
{
    if (err == SK_OK)
        return;
    fprintf(stderr, "bench_fill: %s: %s\n", what, sk_err_text(err));
    exit(1);
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
    sk_body_init(&draft->body);
    sk_body_put_bytes(&draft->body, SK_TAG_NATIVE, native, BODY - 20);
}

int main(int argc, char **argv)
{
    struct sk_store *store;
    struct sk_fault fault = {0};
    static struct sk_draft draft;
    uint64_t seq;
    if (argc != 3)
        return 2;
    const uint64_t count = strtoull(argv[2], NULL, 10);
    const int64_t two_years_us = INT64_C(2) * 365 * 86400 * SK_US_PER_S, begin_us = sk_clock_read().utc_us - two_years_us;
    check(sk_store_open(argv[1], SK_STORE_WRITER, &store, &fault), fault.text);
    for (uint64_t i = 0; i < count; i++) {
        if (i % GROUP == 0)
            check(sk_store_begin(store), "begin");
        draft_make(&draft, begin_us + two_years_us / (int64_t)count * (int64_t)i, i);
        check(sk_store_append(store, &draft, &seq), "append");
        if (i % GROUP == GROUP - 1 || i == count - 1) {
            check(sk_store_commit(store), "commit");
            sk_store_tend(store);
        }
    }
    sk_store_close(store);
    return 0;
}
