/* SPDX-License-Identifier: Apache-2.0 */
/* Record bytes: the open header and the tagged body, exactly as schemas/log-format.md says. One encoding for one meaning:
 * what this file writes it accepts, and it accepts nothing else. */
#include "schemas/model/record.h"

#include <math.h>
#include <string.h>

enum { ITEM_HEAD = 4, TEXT_MAX = 1024, FLAGS_UNUSED = 0xC0, CLASS_MAX = 15 };

void sk_header_encode(const struct sk_header *header, uint8_t to[SK_HEADER_SIZE])
{
    struct sk_writer writer;
    sk_writer_init(&writer, to, SK_HEADER_SIZE);
    sk_write_u8(&writer, header->version);
    sk_write_u64(&writer, header->seq);
    sk_write_u64(&writer, header->t_recv_us);
    sk_write_u16(&writer, header->zone);
    sk_write_u16(&writer, header->door);
    sk_write_u16(&writer, header->ev);
    sk_write_u8(&writer, header->class_);
    sk_write_u8(&writer, header->flags);
    sk_write_u16(&writer, header->ctrl);
    sk_write_u32(&writer, header->ctrl_epoch);
    sk_write_u64(&writer, header->ctrl_seq);
    sk_write_bytes(&writer, header->subject, SK_SUBJECT_SIZE);
}

enum sk_err sk_header_decode(const uint8_t bytes[SK_HEADER_SIZE], struct sk_header *ret_header)
{
    struct sk_header header;
    struct sk_reader reader;
    sk_reader_init(&reader, bytes, SK_HEADER_SIZE);
    header.version = sk_read_u8(&reader);
    header.seq = sk_read_u64(&reader);
    header.t_recv_us = sk_read_u64(&reader);
    header.zone = sk_read_u16(&reader);
    header.door = sk_read_u16(&reader);
    header.ev = sk_read_u16(&reader);
    header.class_ = sk_read_u8(&reader);
    header.flags = sk_read_u8(&reader);
    header.ctrl = sk_read_u16(&reader);
    header.ctrl_epoch = sk_read_u32(&reader);
    header.ctrl_seq = sk_read_u64(&reader);
    sk_read_copy(&reader, header.subject, SK_SUBJECT_SIZE);
    if (header.version != SK_HEADER_VERSION)
        return SK_ERR_VERSION;
    if (!sk_reader_done(&reader) || header.class_ == 0 || header.class_ > CLASS_MAX || (header.flags & FLAGS_UNUSED) != 0 ||
        header.seq > INT64_MAX || header.t_recv_us > INT64_MAX)
        return SK_ERR_PARSE;
    *ret_header = header;
    return SK_OK;
}

/* Length of a fixed type; -1 for those that vary. */
static int fixed_length(enum sk_tag_type type)
{
    static const int8_t lengths[] = {
        [SK_TAG_u8] = 1,  [SK_TAG_u16] = 2,   [SK_TAG_u32] = 4,    [SK_TAG_u64] = 8,     [SK_TAG_i64] = 8,
        [SK_TAG_f64] = 8, [SK_TAG_text] = -1, [SK_TAG_bytes] = -1, [SK_TAG_hash32] = 32, [SK_TAG_u16s] = -1,
    };
    return lengths[type];
}

static bool f64_is_canonical(const uint8_t *bytes)
{
    struct sk_reader reader;
    sk_reader_init(&reader, bytes, 8);
    const double value = sk_read_f64(&reader);
    return isfinite(value) && !(value == 0.0 && signbit(value));
}

/* Is this value one that a writer could have made for its type? */
static bool value_is_canonical(const struct sk_body_item *item)
{
    const int fixed = fixed_length(item->type);
    if (fixed >= 0 && item->length != (size_t)fixed)
        return false;
    switch (item->type) {
    case SK_TAG_f64:
        return f64_is_canonical(item->bytes);
    case SK_TAG_text:
        return item->length <= TEXT_MAX && sk_text_is_clean((const char *)item->bytes, item->length, true);
    case SK_TAG_u16s:
        return item->length % 2 == 0;
    default:
        return true;
    }
}

void sk_body_init(struct sk_body *body)
{
    sk_writer_init(&body->writer, body->bytes, sizeof body->bytes);
    body->last_tag = 0;
    body->bad = false;
}

/* Opens an item of the type the caller has a value of; false when the body is bad, from now on for good. */
static bool put_head(struct sk_body *body, enum sk_tag tag, enum sk_tag_type type, size_t length)
{
    body->writer.buffer = body->bytes; /* a draft may have been copied since */
    if ((int)tag <= body->last_tag || sk_tag_type((int)tag) != (int)type || length > SK_BODY_MAX)
        body->bad = true;
    if (body->bad)
        return false;
    sk_write_u16(&body->writer, (uint16_t)tag);
    sk_write_u16(&body->writer, (uint16_t)length);
    body->last_tag = (int)tag;
    return true;
}

void sk_body_put_u8(struct sk_body *body, enum sk_tag tag, uint8_t value)
{
    if (put_head(body, tag, SK_TAG_u8, 1))
        sk_write_u8(&body->writer, value);
}

void sk_body_put_u16(struct sk_body *body, enum sk_tag tag, uint16_t value)
{
    if (put_head(body, tag, SK_TAG_u16, 2))
        sk_write_u16(&body->writer, value);
}

void sk_body_put_u32(struct sk_body *body, enum sk_tag tag, uint32_t value)
{
    if (put_head(body, tag, SK_TAG_u32, 4))
        sk_write_u32(&body->writer, value);
}

void sk_body_put_u64(struct sk_body *body, enum sk_tag tag, uint64_t value)
{
    if (put_head(body, tag, SK_TAG_u64, 8))
        sk_write_u64(&body->writer, value);
}

void sk_body_put_i64(struct sk_body *body, enum sk_tag tag, int64_t value)
{
    if (put_head(body, tag, SK_TAG_i64, 8))
        sk_write_i64(&body->writer, value);
}

void sk_body_put_f64(struct sk_body *body, enum sk_tag tag, double value)
{
    if (!isfinite(value))
        body->bad = true;
    else if (put_head(body, tag, SK_TAG_f64, 8))
        sk_write_f64(&body->writer, value == 0.0 ? 0.0 : value); /* negative zero has no place in the log */
}

/* Bytes of the clean character at text, 0 when there is none. */
static size_t clean_character(const char *text, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (sk_text_is_clean(text, n, true))
            return n;
    return 0;
}

/* Copies text with U+FFFD for what the format forbids, cut at TEXT_MAX at a character's border. An event is never lost because
 * a device sent a bad byte. */
static size_t text_clean(const char *text, size_t length, char to[TEXT_MAX])
{
    static const char replacement[3] = "\xEF\xBF\xBD";
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        const size_t n = clean_character(text + i, length - i);
        const char *from = n > 0 ? text + i : replacement;
        const size_t size = n > 0 ? n : sizeof replacement;
        if (used + size > TEXT_MAX)
            break;
        memcpy(to + used, from, size);
        used += size;
        i += n > 0 ? n : 1;
    }
    return used;
}

void sk_body_put_text(struct sk_body *body, enum sk_tag tag, const char *text)
{
    char cleaned[TEXT_MAX];
    if (text == NULL) {
        body->bad = true;
        return;
    }
    size_t length = strnlen(text, TEXT_MAX + 1);
    if (length > TEXT_MAX || !sk_text_is_clean(text, length, true)) {
        length = text_clean(text, length, cleaned);
        text = cleaned;
    }
    if (put_head(body, tag, SK_TAG_text, length))
        sk_write_bytes(&body->writer, text, length);
}

void sk_body_put_bytes(struct sk_body *body, enum sk_tag tag, const void *bytes, size_t length)
{
    if (put_head(body, tag, SK_TAG_bytes, length))
        sk_write_bytes(&body->writer, bytes, length);
}

void sk_body_put_hash(struct sk_body *body, enum sk_tag tag, const struct sk_hash *hash)
{
    if (put_head(body, tag, SK_TAG_hash32, SK_HASH_SIZE))
        sk_write_bytes(&body->writer, hash->bytes, SK_HASH_SIZE);
}

void sk_body_put_u16s(struct sk_body *body, enum sk_tag tag, const uint16_t *values, size_t count)
{
    if (count > SK_BODY_MAX / 2 || !put_head(body, tag, SK_TAG_u16s, count * 2)) {
        body->bad = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        sk_write_u16(&body->writer, values[i]);
}

void sk_body_put_item(struct sk_body *body, const struct sk_body_item *item)
{
    if (put_head(body, (enum sk_tag)item->tag, item->type, item->length))
        sk_write_bytes(&body->writer, item->bytes, item->length);
}

bool sk_body_done(const struct sk_body *body)
{
    return !body->bad && !body->writer.bad;
}

bool sk_body_next(struct sk_reader *reader, int *last_tag, struct sk_body_item *ret_item, bool *ret_bad)
{
    *ret_bad = false;
    if (reader->left == 0 && !reader->bad)
        return false;
    struct sk_body_item item = {.tag = sk_read_u16(reader)};
    item.length = sk_read_u16(reader);
    item.bytes = sk_read_bytes(reader, item.length);
    const int type = sk_tag_type(item.tag);
    *ret_bad = true;
    if (reader->bad || item.tag <= *last_tag || type < 0)
        return false;
    item.type = (enum sk_tag_type)type;
    if (!value_is_canonical(&item))
        return false;
    *ret_bad = false;
    *last_tag = item.tag;
    *ret_item = item;
    return true;
}

bool sk_body_is_canonical(const uint8_t *bytes, size_t length)
{
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    bool bad = length > SK_BODY_MAX;
    sk_reader_init(&reader, bytes, length);
    while (!bad && sk_body_next(&reader, &last_tag, &item, &bad)) {
    }
    return !bad;
}

bool sk_body_find(const uint8_t *bytes, size_t length, enum sk_tag tag, struct sk_body_item *ret_item)
{
    struct sk_reader reader;
    int last_tag = 0;
    bool bad;
    sk_reader_init(&reader, bytes, length);
    while (sk_body_next(&reader, &last_tag, ret_item, &bad))
        if (ret_item->tag == (int)tag)
            return true;
    return false;
}

uint64_t sk_item_u64(const struct sk_body_item *item)
{
    uint64_t value = 0;
    for (size_t i = 0; i < item->length && i < 8; i++)
        value = value << 8 | item->bytes[i];
    return value;
}

int64_t sk_item_i64(const struct sk_body_item *item)
{
    struct sk_reader reader;
    sk_reader_init(&reader, item->bytes, item->length);
    return sk_read_i64(&reader);
}

double sk_item_f64(const struct sk_body_item *item)
{
    struct sk_reader reader;
    sk_reader_init(&reader, item->bytes, item->length);
    return sk_read_f64(&reader);
}
