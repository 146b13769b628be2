/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a header and a body: what is accepted must come back identically from the writer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/model/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_back(struct sk_body *to, const struct sk_body_item *item)
{
    const enum sk_tag tag = (enum sk_tag)item->tag;
    char text[SK_BODY_MAX + 1];
    uint16_t list[SK_BODY_MAX / 2];
    struct sk_hash hash;
    switch (item->type) {
    case SK_TAG_u8:
        sk_body_put_u8(to, tag, (uint8_t)sk_item_u64(item));
        break;
    case SK_TAG_u16:
        sk_body_put_u16(to, tag, (uint16_t)sk_item_u64(item));
        break;
    case SK_TAG_u32:
        sk_body_put_u32(to, tag, (uint32_t)sk_item_u64(item));
        break;
    case SK_TAG_u64:
        sk_body_put_u64(to, tag, sk_item_u64(item));
        break;
    case SK_TAG_i64:
        sk_body_put_i64(to, tag, sk_item_i64(item));
        break;
    case SK_TAG_f64:
        sk_body_put_f64(to, tag, sk_item_f64(item));
        break;
    case SK_TAG_bytes:
        sk_body_put_bytes(to, tag, item->bytes, item->length);
        break;
    case SK_TAG_hash32:
        memcpy(hash.bytes, item->bytes, SK_HASH_SIZE);
        sk_body_put_hash(to, tag, &hash);
        break;
    case SK_TAG_text:
        memcpy(text, item->bytes, item->length);
        text[item->length] = '\0';
        sk_body_put_text(to, tag, text);
        break;
    case SK_TAG_u16s:
        for (size_t i = 0; i < item->length / 2; i++)
            list[i] = (uint16_t)(item->bytes[2 * i] << 8 | item->bytes[2 * i + 1]);
        sk_body_put_u16s(to, tag, list, item->length / 2);
        break;
    }
}

static void body_round_trip(const uint8_t *data, size_t size)
{
    struct sk_body body;
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    bool bad;
    if (!sk_body_is_canonical(data, size))
        return;
    sk_body_init(&body);
    sk_reader_init(&reader, data, size);
    while (sk_body_next(&reader, &last_tag, &item, &bad))
        put_back(&body, &item);
    if (bad || !sk_body_done(&body) || body.writer.length != size || memcmp(body.bytes, data, size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sk_header header;
    uint8_t bytes[SK_HEADER_SIZE];
    if (size >= SK_HEADER_SIZE && sk_header_decode(data, &header) == SK_OK) {
        sk_header_encode(&header, bytes);
        if (memcmp(bytes, data, SK_HEADER_SIZE) != 0)
            abort();
        body_round_trip(data + SK_HEADER_SIZE, size - SK_HEADER_SIZE);
    }
    body_round_trip(data, size);
    return 0;
}
