/* SPDX-License-Identifier: Apache-2.0 */
/* Walking records in pieces: each read transaction copies at most 64 rows of one block of 256 and ends before any visitor runs,
 * so that no reader holds the WAL, however slow its visitor. The span table lets a walk jump over blocks that cannot match. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/store/internal.h"

enum { PIECE_ROWS = 64, PIECE_BYTES = PIECE_ROWS * SK_BODY_MAX };

struct sk_piece {
    struct sk_record records[PIECE_ROWS];
    size_t count;
    size_t used;
    uint64_t scanned_to; /* seq of the last row looked at */
    bool any;
    uint8_t bodies[PIECE_BYTES];
};

void sk_piece_free(struct sk_piece *piece)
{
    sk_free(piece);
}

/* Where a walk stands: seqs [low, high] are left; empty when low > high. */
struct cursor {
    int64_t low, high;
    int64_t complete; /* blocks that had their span row when the walk began */
};

static int64_t until_of(const struct sk_walk *walk)
{
    return walk->until_us > 0 ? walk->until_us : INT64_MAX;
}

static bool matches(const struct sk_walk *walk, const struct sk_header *header)
{
    const int64_t t_us = (int64_t)header->t_recv_us;
    return (walk->class_mask == 0 || (walk->class_mask >> header->class_ & 1) != 0) &&
           (walk->door < 0 || header->door == (uint16_t)walk->door) && t_us >= walk->since_us && t_us < until_of(walk);
}

static bool filters_blocks(const struct sk_walk *walk)
{
    return walk->class_mask != 0 || walk->since_us > 0 || walk->until_us > 0;
}

/* Cuts the cursor to the next block worth reading; *ret_block is the range to read now. */
static enum sk_err block_next(struct sk_store *store, const struct sk_walk *walk, const struct cursor *cursor,
                              struct cursor *ret_block)
{
    const int64_t complete = cursor->complete;
    int64_t block = (walk->downwards ? cursor->high : cursor->low) / SK_TREE_BLOCK;
    *ret_block = *cursor;
    if (filters_blocks(walk) && block < complete) {
        sqlite3_stmt *statement;
        enum sk_err err = sk_store_statement(store, walk->downwards ? ST_SPAN_DOWN : ST_SPAN_UP, &statement);
        if (err != SK_OK)
            return err;
        sqlite3_bind_int64(statement, 1, block);
        sqlite3_bind_int64(statement, 2, walk->since_us);
        sqlite3_bind_int64(statement, 3, until_of(walk));
        sqlite3_bind_int64(statement, 4, walk->class_mask != 0 ? walk->class_mask : 0xFFFF);
        const int result = sqlite3_step(statement);
        block = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : walk->downwards ? -1 : complete;
        sk_db_release(statement);
        if (result != SQLITE_ROW && result != SQLITE_DONE)
            return sk_db_code(result);
    }
    if (walk->door >= 0 && !filters_blocks(walk))
        return SK_OK; /* the door's index does the jumping */
    const int64_t low = block * SK_TREE_BLOCK, high = low + SK_TREE_BLOCK - 1;
    ret_block->low = low > cursor->low ? low : cursor->low;
    ret_block->high = high < cursor->high ? high : cursor->high;
    return SK_OK;
}

static enum sk_err row_copy(struct sk_piece *piece, sqlite3_stmt *statement, const struct sk_walk *walk)
{
    struct sk_record *record = &piece->records[piece->count];
    const size_t length = (size_t)sqlite3_column_bytes(statement, 3);
    if (sqlite3_column_bytes(statement, 1) != SK_HEADER_SIZE || length > SK_BODY_MAX)
        return SK_ERR_CORRUPT;
    enum sk_err err = sk_header_decode(sqlite3_column_blob(statement, 1), &record->header);
    if (err != SK_OK)
        return SK_ERR_CORRUPT;
    piece->any = true;
    piece->scanned_to = (uint64_t)sqlite3_column_int64(statement, 0);
    if (!matches(walk, &record->header))
        return SK_OK;
    if (length > 0)
        memcpy(piece->bodies + piece->used, sqlite3_column_blob(statement, 3), length);
    record->body = piece->bodies + piece->used;
    record->body_length = length;
    piece->used += length;
    piece->count++;
    return SK_OK;
}

/* One short read transaction. */
static enum sk_err piece_read(struct sk_store *store, const struct sk_walk *walk, const struct cursor *range,
                              struct sk_piece *piece)
{
    static const enum sk_statement which[2][2] = {{ST_RECORDS_UP, ST_RECORDS_DOWN}, {ST_DOOR_UP, ST_DOOR_DOWN}};
    sqlite3_stmt *statement;
    int result = SQLITE_DONE;
    piece->count = 0;
    piece->used = 0;
    piece->any = false;
    if (range->low > range->high)
        return SK_OK;
    enum sk_err err = sk_store_statement(store, which[walk->door >= 0][walk->downwards], &statement);
    if (err != SK_OK)
        return err;
    sqlite3_bind_int64(statement, 1, range->low);
    sqlite3_bind_int64(statement, 2, range->high);
    sqlite3_bind_int64(statement, 3, PIECE_ROWS);
    if (walk->door >= 0)
        sqlite3_bind_int(statement, 4, walk->door);
    while (err == SK_OK && (result = sqlite3_step(statement)) == SQLITE_ROW)
        err = row_copy(piece, statement, walk);
    sk_db_release(statement);
    return err == SK_OK ? sk_db_code(result) : err;
}

/* Hands the piece over; true when the walk goes on. */
static bool piece_visit(const struct sk_piece *piece, uint32_t *left, bool (*visit)(void *, const struct sk_record *),
                        void *context)
{
    for (size_t i = 0; i < piece->count; i++) {
        if (!visit(context, &piece->records[i]) || --*left == 0)
            return false;
    }
    return true;
}

/* Behind what was read: the rows of a full piece, or the whole range when it held fewer. */
static void cursor_step(struct cursor *cursor, const struct sk_walk *walk, const struct cursor *range,
                        const struct sk_piece *piece)
{
    const bool all = !piece->any;
    if (walk->downwards)
        cursor->high = all ? range->low - 1 : (int64_t)piece->scanned_to - 1;
    else
        cursor->low = all ? range->high + 1 : (int64_t)piece->scanned_to + 1;
}

enum sk_err sk_store_walk(struct sk_store *store, const struct sk_walk *walk,
                          bool (*visit)(void *context, const struct sk_record *record), void *context)
{
    const uint64_t size = sk_store_size(store);
    uint32_t left = walk->limit;
    if (walk->door == 0 || walk->door > UINT16_MAX || left == 0 || size == 0)
        return SK_OK;
    struct cursor cursor = {0, (int64_t)size - 1, (int64_t)(size / SK_TREE_BLOCK)}, range;
    if (walk->downwards)
        cursor.high = walk->from < size ? (int64_t)walk->from : cursor.high;
    else if (walk->from >= size)
        return SK_OK;
    else
        cursor.low = (int64_t)walk->from;
    struct sk_piece *piece = store->piece; /* a walk within a visitor finds it taken and makes its own */
    store->piece = NULL;
    if (piece == NULL && (piece = sk_calloc(1, sizeof *piece)) == NULL)
        return SK_ERR_NOMEM;
    enum sk_err err = SK_OK;
    while (err == SK_OK && cursor.low <= cursor.high) {
        err = block_next(store, walk, &cursor, &range);
        if (err != SK_OK || range.low > range.high)
            break;
        err = piece_read(store, walk, &range, piece);
        if (err != SK_OK || !piece_visit(piece, &left, visit, context))
            break;
        cursor_step(&cursor, walk, &range, piece);
    }
    if (store->piece == NULL)
        store->piece = piece;
    else
        sk_piece_free(piece);
    return err;
}

struct found {
    bool (*visit)(void *, const struct sk_record *);
    void *context;
    uint64_t seq;
    bool any;
};

static bool found_visit(void *context, const struct sk_record *record)
{
    struct found *found = context;
    found->any = record->header.seq == found->seq;
    if (found->any)
        found->visit(found->context, record);
    return false;
}

enum sk_err sk_store_record(struct sk_store *store, uint64_t seq, bool (*visit)(void *context, const struct sk_record *record),
                            void *context)
{
    struct found found = {visit, context, seq, false};
    const struct sk_walk walk = {.from = seq, .limit = 1, .door = -1};
    enum sk_err err = sk_store_walk(store, &walk, found_visit, &found);
    return err == SK_OK && !found.any ? SK_ERR_NOT_FOUND : err;
}
