/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a log for tests/integration/log_root.py: store_writer DIR COUNT CADENCE. Records of several shapes, a checkpoint every
 * CADENCE. */
#include <stdio.h>
#include <stdlib.h>

#include "schemas/store/checkpoint.h"

static enum sk_err one(struct sk_store *store, uint64_t i)
{
    struct sk_draft draft = {.header = {.t_recv_us = UINT64_C(1763640000000000) + i,
                                        .zone = (uint16_t)(i % 5),
                                        .door = (uint16_t)(i % 9),
                                        .ev = SK_EV_ACC_GRANTED,
                                        .class_ = SK_CLASS_ACCESS,
                                        .flags = (uint8_t)(i % 64),
                                        .ctrl_seq = i}};
    char text[32];
    uint64_t seq;
    sk_body_init(&draft.body);
    if (i % 4 != 0) /* every fourth body is empty */
        sk_body_put_i64(&draft.body, SK_TAG_T_CTRL, (int64_t)i - 5);
    if (i % 4 > 1 && sk_text_format(text, sizeof text, "読取機 %llu", (unsigned long long)i))
        sk_body_put_text(&draft.body, SK_TAG_READER, text);
    return sk_store_append(store, &draft, &seq);
}

static enum sk_err fill(struct sk_store *store, struct sk_signer *signer, uint64_t count, const struct sk_cadence *cadence)
{
    const struct sk_now now = {.utc_us = INT64_C(1763640000000000)};
    uint64_t covered = 0;
    bool is_new;
    enum sk_err err = sk_store_begin(store);
    if (err == SK_OK)
        err = sk_log_begin(store, "integration", signer, cadence, &now, &is_new);
    for (uint64_t i = 1; err == SK_OK && sk_store_size(store) < count; i++) {
        err = one(store, i);
        if (err == SK_OK && sk_checkpoint_due(cadence, covered, 0, sk_store_size(store), 0))
            err = sk_checkpoint_make(store, signer, cadence, &now, &covered);
    }
    return err == SK_OK ? sk_store_commit(store) : err;
}

int main(int argc, char **argv)
{
    struct sk_store *store = NULL;
    struct sk_signer *signer = NULL;
    struct sk_fault fault = {.text = ""};
    char path[512];
    if (argc != 4 || !sk_text_format(path, sizeof path, "%s.key", argv[1]))
        return 2;
    const struct sk_cadence cadence = {(uint32_t)strtoul(argv[3], NULL, 10), 60};
    enum sk_err err = sk_store_open(argv[1], SK_STORE_WRITER, &store, &fault);
    if (err == SK_OK)
        err = sk_signer_open(path, true, &signer, &fault);
    if (err == SK_OK)
        err = fill(store, signer, strtoull(argv[2], NULL, 10), &cadence);
    if (err != SK_OK)
        fprintf(stderr, "store_writer: %d %s\n", (int)err, fault.text);
    sk_signer_free(signer);
    sk_store_close(store);
    return err == SK_OK ? 0 : 1;
}
