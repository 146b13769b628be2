/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks of permit lists out of JSON: head, then rows, each member checked. */
#include "drivers/mqtt/permits.h"

#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/model/roster.h"

static bool read_day(const cJSON *item, char to[11])
{
    const char *text = sk_json_text(item);
    return item == NULL || (text != NULL && sk_day_is_day(text) && sk_text_copy(to, 11, text));
}

static bool read_card(const cJSON *item, struct sk_permit_row *row)
{
    const char *text = sk_json_text(item);
    const size_t digits = text != NULL ? strlen(text) : 0;
    if (digits == 0 || digits % 2 != 0 || digits / 2 > SK_IDENTIFIER_MAX || !sk_hex_read(row->identifier, digits / 2, text))
        return false;
    row->identifier_length = (uint8_t)(digits / 2);
    return true;
}

static bool add_door(const struct sk_site *site, uint32_t device, const char *name, struct sk_permit_row *row)
{
    for (uint32_t i = 0; name != NULL && i < site->door_count && row->door_count < SK_PERMIT_DOORS_MAX; i++)
        if (site->doors[i].controller == (int32_t)device &&
            (strcmp(site->doors[i].id, name) == 0 ||
             (site->doors[i].token != NULL && strcmp(site->doors[i].token, name) == 0))) {
            row->doors[row->door_count++] = i;
            return true;
        }
    return false;
}

static bool read_doors(const struct sk_site *site, uint32_t device, const cJSON *list, struct sk_permit_row *row)
{
    const cJSON *item;
    if (list != NULL && !cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list) if (!add_door(site, device, sk_json_text(item), row)) return false;
    return true;
}

static enum sk_err read_row(const struct sk_site *site, const cJSON *item, size_t number, struct sk_permit_chunk *chunk,
                            struct sk_fault *fault)
{
    struct sk_permit_row *row = &chunk->rows[number];
    const char *wrong = !cJSON_IsObject(item)                               ? "an object"
                        : !read_card(sk_json_get(item, "card"), row)        ? "card: 1 to 64 bytes in hex"
                        : !read_day(sk_json_get(item, "from"), row->from)   ? "from: a day like 2026-04-01"
                        : !read_day(sk_json_get(item, "until"), row->until) ? "until: a day like 2027-03-31"
                        : !read_doors(site, chunk->device, sk_json_get(item, "doors"), row)
                            ? "doors: a list of at most 16 doors of this controller"
                            : NULL;
    if (wrong != NULL)
        return sk_fault_set(fault, SK_ERR_RANGE, "row %zu of the chunk: expected %s", number + 1, wrong);
    return SK_OK;
}

static enum sk_err read_rows(const struct sk_site *site, const cJSON *rows, struct sk_permit_chunk *chunk,
                             struct sk_fault *fault)
{
    enum sk_err err = SK_OK;
    const cJSON *item;
    if (!cJSON_IsArray(rows) || cJSON_GetArraySize(rows) > SK_PERMIT_ROWS_MAX)
        return sk_fault_set(fault, SK_ERR_RANGE, "expected \"rows\": a list of at most %d", (int)SK_PERMIT_ROWS_MAX);
    cJSON_ArrayForEach(item, rows)
    {
        if (err == SK_OK)
            err = read_row(site, item, chunk->count, chunk, fault);
        if (err == SK_OK)
            chunk->count++;
    }
    if (err == SK_OK && chunk->count == 0 && !chunk->empty)
        return sk_fault_set(fault, SK_ERR_RANGE, "expected rows, or \"empty\": true when the list holds none");
    return err;
}

static enum sk_err read_head(const cJSON *root, struct sk_permit_chunk *chunk, struct sk_fault *fault)
{
    int64_t version = 0, number = 0, of = 0;
    const char *taken = sk_json_text(sk_json_get(root, "taken"));
    if (!cJSON_IsObject(root) || !sk_json_i64(sk_json_get(root, "v"), &version) || version != 1)
        return sk_fault_set(fault, SK_ERR_UNSUPPORTED, "expected an object with \"v\": 1, the only version there is");
    if (!sk_json_u64(sk_json_get(root, "list"), &chunk->list))
        return sk_fault_set(fault, SK_ERR_RANGE, "expected \"list\": the number of this list");
    if (taken == NULL || !sk_time_parse(taken, &chunk->taken_us) || chunk->taken_us <= 0)
        return sk_fault_set(fault, SK_ERR_RANGE, "expected \"taken\": when the list was drawn up (RFC 3339)");
    if (!sk_json_i64(sk_json_get(root, "chunk"), &number) || !sk_json_i64(sk_json_get(root, "chunks"), &of) || number < 1 ||
        of < number || of > SK_PERMIT_CHUNKS_MAX)
        return sk_fault_set(fault, SK_ERR_RANGE, "expected \"chunk\" from 1 to \"chunks\", at most %d",
                            (int)SK_PERMIT_CHUNKS_MAX);
    chunk->chunk = (uint16_t)number;
    chunk->chunks = (uint16_t)of;
    chunk->empty = cJSON_IsTrue(sk_json_get(root, "empty")) && of == 1;
    return SK_OK;
}

enum sk_err sk_permits_decode(const struct sk_site *site, uint32_t device, const char *bytes, size_t length,
                              struct sk_permit_chunk *ret_chunk, struct sk_fault *fault)
{
    cJSON *root = NULL;
    memset(ret_chunk, 0, sizeof *ret_chunk);
    ret_chunk->device = device;
    enum sk_err err = sk_json_parse(bytes, length, &SK_JSON_PAYLOAD, &root, fault);
    if (err == SK_OK)
        err = read_head(root, ret_chunk, fault);
    if (err == SK_OK)
        err = read_rows(site, sk_json_get(root, "rows"), ret_chunk, fault);
    cJSON_Delete(root);
    return err;
}

bool sk_permits_follow(struct sk_permits_order *order, const struct sk_permit_chunk *chunk, bool *ret_whole)
{
    const bool same = order->next > 0 && order->list == chunk->list;
    *ret_whole = false;
    if (same && chunk->chunk + 1 == order->next) {
        *ret_whole = chunk->chunk == chunk->chunks;
        return true;
    }
    if (chunk->chunk != 1 && (!same || chunk->chunk != order->next)) {
        *order = (struct sk_permits_order){0};
        return false;
    }
    *order = (struct sk_permits_order){chunk->list, (uint16_t)(chunk->chunk + 1)};
    *ret_whole = chunk->chunk == chunk->chunks;
    return true;
}
