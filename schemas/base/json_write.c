/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded JSON writer. Numbers: decimal fractions of few digits, which measured values are, by whole-number arithmetic;
 * all others as cJSON prints them (15 digits where they suffice, else 17). */
#include "schemas/base/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/clock.h"

enum { DIGITS_MAX = 24, FRACTION_MAX = 6, NUMBER_TEXT = 40 };
#define EXACT_MAX 9007199254740992.0 /* 2^53: below it whole doubles are exact */

void sk_json_writer_init(struct sk_json_writer *writer, char *buffer, size_t capacity)
{
    *writer = (struct sk_json_writer){.buffer = buffer, .capacity = capacity};
}

static void put(struct sk_json_writer *writer, const char *bytes, size_t length)
{
    if (writer->bad || length > writer->capacity - writer->length) {
        writer->bad = true;
        return;
    }
    memcpy(writer->buffer + writer->length, bytes, length);
    writer->length += length;
}

static void put_char(struct sk_json_writer *writer, char byte)
{
    put(writer, &byte, 1);
}

/* Comma and name; after it a value must come. */
static void begin(struct sk_json_writer *writer, const char *name)
{
    if (writer->follows)
        put_char(writer, ',');
    writer->follows = true;
    if (name == NULL)
        return;
    put_char(writer, '"');
    put(writer, name, strlen(name));
    put(writer, "\":", 2);
}

void sk_json_write_open(struct sk_json_writer *writer, const char *name, char bracket)
{
    begin(writer, name);
    put_char(writer, bracket);
    writer->follows = false;
}

void sk_json_write_close(struct sk_json_writer *writer, char bracket)
{
    put_char(writer, bracket);
    writer->follows = true;
}

void sk_json_write_newline(struct sk_json_writer *writer)
{
    put_char(writer, '\n');
    writer->follows = false;
}

/* DEL too is escaped: our own reader takes no control character as it is. */
static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte != 0x7F && byte != '"' && byte != '\\';
}

static void put_escape(struct sk_json_writer *writer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    const char code[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    if (byte == '"' || byte == '\\') {
        const char pair[] = {'\\', (char)byte};
        put(writer, pair, sizeof pair);
        return;
    }
    put(writer, code, sizeof code);
}

void sk_json_write_text(struct sk_json_writer *writer, const char *name, const char *text)
{
    begin(writer, name);
    put_char(writer, '"');
    for (const char *at = text != NULL ? text : ""; *at != '\0';) {
        const char *run = at;
        while (*at != '\0' && is_plain((unsigned char)*at))
            at++;
        put(writer, run, (size_t)(at - run));
        if (*at != '\0')
            put_escape(writer, (unsigned char)*at++);
    }
    put_char(writer, '"');
}

/* A whole number below 2^53 with `fraction` of its digits behind the point. */
static void put_decimal(struct sk_json_writer *writer, double whole, unsigned fraction)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    uint64_t left = (uint64_t)fabs(whole);
    for (unsigned i = 0; left > 0 || i <= fraction; i++) {
        if (i == fraction && fraction > 0)
            digits[--at] = '.';
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    }
    if (whole < 0)
        digits[--at] = '-';
    put(writer, digits + at, sizeof digits - at);
}

/* As few digits behind the point as the number has. whole / power is the double nearest to the text, for both are exact: equal
 * means that the text reads back as the number. */
static bool put_short(struct sk_json_writer *writer, double number)
{
    double power = 1;
    for (unsigned fraction = 0; fraction <= FRACTION_MAX; fraction++, power *= 10) {
        const double whole = nearbyint(number * power);
        if (fabs(whole) >= EXACT_MAX)
            return false;
        if (whole / power == number) { /* cppcheck-suppress floatCompare ; equality is the point */
            put_decimal(writer, whole, fraction);
            return true;
        }
    }
    return false;
}

void sk_json_write_number(struct sk_json_writer *writer, const char *name, double number)
{
    char text[NUMBER_TEXT];
    if (!isfinite(number)) {
        sk_json_write_null(writer, name);
        return;
    }
    begin(writer, name);
    if (put_short(writer, number))
        return;
    int length = snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) < number || strtod(text, NULL) > number)
        length = snprintf(text, sizeof text, "%.17g", number);
    put(writer, text, length > 0 ? (size_t)length : 0);
}

void sk_json_write_bool(struct sk_json_writer *writer, const char *name, bool value)
{
    begin(writer, name);
    put(writer, value ? "true" : "false", value ? 4 : 5);
}

void sk_json_write_null(struct sk_json_writer *writer, const char *name)
{
    begin(writer, name);
    put(writer, "null", 4);
}

void sk_json_write_time(struct sk_json_writer *writer, const char *name, int64_t utc_us)
{
    char text[SK_TIME_TEXT];
    if (utc_us == 0) {
        sk_json_write_null(writer, name);
        return;
    }
    begin(writer, name);
    sk_time_format(text, utc_us);
    put_char(writer, '"');
    put(writer, text, strlen(text));
    put_char(writer, '"');
}
