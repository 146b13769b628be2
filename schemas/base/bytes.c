/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reading and writing of big-endian bytes, and the few text helpers that must never overrun. */
#include "schemas/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sk_reader_init(struct sk_reader *reader, const void *bytes, size_t length)
{
    *reader = (struct sk_reader){.at = bytes, .left = length};
}

const uint8_t *sk_read_bytes(struct sk_reader *reader, size_t length)
{
    if (reader->bad || length > reader->left) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += length;
    reader->left -= length;
    return at;
}

static uint64_t read_big_endian(struct sk_reader *reader, size_t width)
{
    const uint8_t *at = sk_read_bytes(reader, width);
    uint64_t value = 0;
    for (size_t i = 0; at != NULL && i < width; i++)
        value = value << 8 | at[i];
    return value;
}

uint8_t sk_read_u8(struct sk_reader *reader)
{
    return (uint8_t)read_big_endian(reader, 1);
}
uint16_t sk_read_u16(struct sk_reader *reader)
{
    return (uint16_t)read_big_endian(reader, 2);
}
uint32_t sk_read_u32(struct sk_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 4);
}
uint64_t sk_read_u64(struct sk_reader *reader)
{
    return read_big_endian(reader, 8);
}
int64_t sk_read_i64(struct sk_reader *reader)
{
    return (int64_t)read_big_endian(reader, 8);
}

double sk_read_f64(struct sk_reader *reader)
{
    uint64_t bits = sk_read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void sk_read_copy(struct sk_reader *reader, void *to, size_t length)
{
    const uint8_t *at = sk_read_bytes(reader, length);
    if (at != NULL)
        memcpy(to, at, length);
    else
        memset(to, 0, length);
}

void sk_read_text(struct sk_reader *reader, char *to, size_t capacity)
{
    size_t length = sk_read_u16(reader);
    const uint8_t *at = sk_read_bytes(reader, length);
    to[0] = '\0';
    if (at == NULL)
        return;
    if (length >= capacity || memchr(at, '\0', length) != NULL) {
        reader->bad = true;
        return;
    }
    memcpy(to, at, length);
    to[length] = '\0';
}

bool sk_reader_done(const struct sk_reader *reader)
{
    return !reader->bad && reader->left == 0;
}

void sk_writer_init(struct sk_writer *writer, void *buffer, size_t capacity)
{
    *writer = (struct sk_writer){.buffer = buffer, .capacity = capacity};
}

void sk_write_bytes(struct sk_writer *writer, const void *bytes, size_t length)
{
    if (writer->bad || length > writer->capacity - writer->length) {
        writer->bad = true;
        return;
    }
    if (length > 0)
        memcpy(writer->buffer + writer->length, bytes, length);
    writer->length += length;
}

static void write_big_endian(struct sk_writer *writer, uint64_t value, size_t width)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    sk_write_bytes(writer, bytes, width);
}

void sk_write_u8(struct sk_writer *writer, uint8_t value)
{
    write_big_endian(writer, value, 1);
}
void sk_write_u16(struct sk_writer *writer, uint16_t value)
{
    write_big_endian(writer, value, 2);
}
void sk_write_u32(struct sk_writer *writer, uint32_t value)
{
    write_big_endian(writer, value, 4);
}
void sk_write_u64(struct sk_writer *writer, uint64_t value)
{
    write_big_endian(writer, value, 8);
}
void sk_write_i64(struct sk_writer *writer, int64_t value)
{
    write_big_endian(writer, (uint64_t)value, 8);
}

void sk_write_f64(struct sk_writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    sk_write_u64(writer, bits);
}

void sk_write_text(struct sk_writer *writer, const char *text)
{
    size_t length = strlen(text);
    if (length > UINT16_MAX) {
        writer->bad = true;
        return;
    }
    sk_write_u16(writer, (uint16_t)length);
    sk_write_bytes(writer, text, length);
}

bool sk_text_copy(char *to, size_t capacity, const char *from)
{
    size_t length = strlen(from);
    bool fits = length < capacity;
    if (!fits)
        length = capacity - 1;
    while (!fits && length > 0 && ((unsigned char)from[length] & 0xC0u) == 0x80u)
        length--; /* never half a character */
    memcpy(to, from, length);
    to[length] = '\0';
    return fits;
}

bool sk_text_format(char *to, size_t capacity, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to, capacity, format, arguments);
    va_end(arguments);
    return length >= 0 && (size_t)length < capacity;
}

/* Length of the UTF-8 character at p with `left` bytes to go, 0 when it is none (Unicode table 3-7). */
static size_t character_length(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } rows[] = {
        {0x00, 0x7F, 0x00, 0xFF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (p[0] < rows[i].first_low || p[0] > rows[i].first_high)
            continue;
        size_t length = rows[i].length;
        if (length > left || (length > 1 && (p[1] < rows[i].second_low || p[1] > rows[i].second_high)))
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((p[k] & 0xC0u) != 0x80u)
                return 0;
        return length;
    }
    return 0;
}

bool sk_text_is_clean(const char *bytes, size_t length, bool allow_newline)
{
    const unsigned char *p = (const unsigned char *)bytes;
    while (length > 0) {
        size_t step = character_length(p, length);
        if (step == 0)
            return false;
        bool blank = p[0] == '\t' || (allow_newline && (p[0] == '\n' || p[0] == '\r'));
        if ((p[0] < 0x20 && !blank) || p[0] == 0x7F)
            return false;
        if (p[0] == 0xC2 && step == 2 && p[1] < 0xA0) /* C1 controls */
            return false;
        p += step;
        length -= step;
    }
    return true;
}

void sk_hex_write(char *to, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    to[2 * length] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool sk_hex_read(uint8_t *to, size_t length, const char *text)
{
    if (strlen(text) != 2 * length)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

bool sk_int_read(const char *text, int64_t low, int64_t high, int64_t *ret_value)
{
    bool negative = *text == '-';
    const char *p = text + (negative ? 1 : 0);
    if (*p == '\0')
        return false;
    uint64_t value = 0, ceiling = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    for (; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        uint64_t digit = (uint64_t)(*p - '0');
        if (value > (ceiling - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    int64_t signed_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    if (signed_value < low || signed_value > high)
        return false;
    *ret_value = signed_value;
    return true;
}
