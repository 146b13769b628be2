/* SPDX-License-Identifier: Apache-2.0 */
/* What lies beside the tree and still decides what a reader sees: the numbers of zones, doors and controllers (they name every
 * record's door), surplus tree nodes, and objects in the database that are not ours (a trigger could act on the next append).
 * The alarm and pending projections are the writer's working state and not evidence; nothing here vouches for them. */
#include <string.h>

#include "schemas/store/internal.h"

static bool text_is(const struct sk_row *row, enum sk_tag tag, const char *text)
{
    struct sk_body_item item;
    return sk_body_find(row->body, row->body_length, tag, &item) && item.length == strlen(text) &&
           memcmp(item.bytes, text, item.length) == 0;
}

/* Copies a text item; "" when it is not there or does not fit. */
static void item_text(const struct sk_row *row, enum sk_tag tag, char *to, size_t capacity)
{
    struct sk_body_item item;
    to[0] = '\0';
    if (sk_body_find(row->body, row->body_length, tag, &item) && item.length < capacity) {
        memcpy(to, item.bytes, item.length);
        to[item.length] = '\0';
    }
}

enum sk_err sk_verify_number(struct sk_store *store, const struct sk_row *row, struct sk_fault *fault)
{
    char kind[32], id[256];
    struct sk_body_item number;
    item_text(row, SK_TAG_ENTITY_KIND, kind, sizeof kind);
    const bool has =
        sk_body_find(row->body, row->body_length, SK_TAG_ENTITY_NUMBER, &number) && sk_item_u64(&number) <= UINT16_MAX;
    enum sk_err err = has ? sk_store_number_id(store, kind, (uint16_t)sk_item_u64(&number), id, sizeof id) : SK_ERR_NOT_FOUND;
    if (err == SK_OK && text_is(row, SK_TAG_ENTITY_ID, id))
        return SK_OK;
    return sk_fault_set(fault, SK_ERR_CORRUPT,
                        "record %llu gave out a number of kind '%s' that the number table gives to something else",
                        (unsigned long long)row->seq, kind);
}

/* Complete nodes of level 8 and above in a tree of that size. */
static int64_t nodes_of(uint64_t size)
{
    int64_t count = 0;
    for (unsigned level = SK_TREE_STORED_LEVEL; level < 64 && size >> level > 0; level++)
        count += (int64_t)(size >> level);
    return count;
}

enum sk_err sk_verify_beside(struct sk_store *store, uint64_t size, uint64_t numbers, struct sk_fault *fault)
{
    int64_t rows = 0, nodes = 0, foreign = 0, now = 0;
    enum sk_err err = sk_db_integer(store->db, "SELECT count(*) FROM number", &rows);
    if (err == SK_OK)
        err = sk_db_integer(store->db, "SELECT count(*) FROM node", &nodes);
    if (err == SK_OK)
        err = sk_db_integer(store->db, "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')", &foreign);
    if (err == SK_OK)
        err = sk_db_integer(store->db, "SELECT coalesce(max(seq) + 1, 0) FROM record", &now);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "what lies beside the tree cannot be read");
    if (foreign > 0)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "the database holds %lld triggers or views that are not ours",
                            (long long)foreign);
    if ((uint64_t)now != size)
        return SK_OK; /* a writer went on meanwhile: counts belong to another moment */
    if ((uint64_t)rows != numbers)
        return sk_fault_set(fault, SK_ERR_CORRUPT, "the number table has %lld rows, the records gave out %llu", (long long)rows,
                            (unsigned long long)numbers);
    if (nodes != nodes_of(size))
        return sk_fault_set(fault, SK_ERR_CORRUPT, "%lld tree nodes are stored, a tree of %llu records has %lld",
                            (long long)nodes, (unsigned long long)size, (long long)nodes_of(size));
    return SK_OK;
}
