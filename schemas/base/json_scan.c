/* SPDX-License-Identifier: Apache-2.0 */
/* A strict JSON walker: checks and builds nothing. It exists because cJSON forgives what an evidence system must not:
 * twin keys, trailing bytes, numbers beyond double, integers that lose their last digit, lone surrogates, NUL.
 * Shape: recursive descent, one function per production, a cursor with line and column, depth and members counted. Twin keys
 * are found by comparing the keys of the open object with each other (decoded), over a per-object sorted list of hashes. */
#include "schemas/base/json_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum { KEY_MAX = 256, KEYS_MAX = 1 << 20 };
static const double EXACT_INTEGER_MAX = 9007199254740992.0; /* 2^53: RFC 8259 section 6, interoperable integers */

struct key {
    uint32_t hash;
    uint32_t object;   /* which open object it belongs to */
    size_t at, length; /* decoded, in the key area */
};

struct scan {
    const char *text;
    size_t length, at;
    const struct sk_json_limits *limits;
    size_t members;
    int depth;
    uint32_t objects;
    struct key *keys; /* keys of the objects that are open, as a stack */
    size_t key_count, key_capacity;
    char *area; /* their decoded bytes, as a stack */
    size_t area_used, area_capacity;
    struct sk_fault *fault;
};

static enum sk_err refuse(struct scan *scan, enum sk_err code, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < scan->at && i < scan->length; i++) {
        column++;
        if (scan->text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return sk_fault_set(scan->fault, code, "line %zu, column %zu: %s", line, column, what);
}

static int peek(const struct scan *scan)
{
    return scan->at < scan->length ? (unsigned char)scan->text[scan->at] : -1;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->length && strchr(" \t\r\n", scan->text[scan->at]) != NULL && scan->text[scan->at] != '\0')
        scan->at++;
}

static enum sk_err read_hex4(struct scan *scan, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(scan);
        if (c >= '0' && c <= '9')
            unit = unit * 16 + (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            unit = unit * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return refuse(scan, SK_ERR_PARSE, "expected four hex digits after \\u");
        scan->at++;
    }
    *ret_unit = unit;
    return SK_OK;
}

static enum sk_err read_escaped_unicode(struct scan *scan, uint32_t *ret_code)
{
    uint32_t unit = 0, low = 0;
    enum sk_err err = read_hex4(scan, &unit);
    if (err != SK_OK)
        return err;
    if (unit == 0)
        return refuse(scan, SK_ERR_PARSE, "\\u0000 is not allowed");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return refuse(scan, SK_ERR_PARSE, "a low surrogate stands alone");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        if (scan->at + 2 > scan->length || memcmp(scan->text + scan->at, "\\u", 2) != 0)
            return refuse(scan, SK_ERR_PARSE, "a high surrogate stands alone");
        scan->at += 2;
        err = read_hex4(scan, &low);
        if (err != SK_OK)
            return err;
        if (low < 0xDC00 || low > 0xDFFF)
            return refuse(scan, SK_ERR_PARSE, "a high surrogate stands alone");
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    *ret_code = unit;
    return SK_OK;
}

static size_t encode_utf8(uint32_t code, char to[4])
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* One escape after the backslash; writes its bytes and their number. */
static enum sk_err read_escape(struct scan *scan, char to[4], size_t *ret_length)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    int c = peek(scan);
    if (c == 'u') {
        scan->at++;
        uint32_t code = 0;
        enum sk_err err = read_escaped_unicode(scan, &code);
        if (err == SK_OK)
            *ret_length = encode_utf8(code, to);
        return err;
    }
    const char *found = c > 0 ? strchr(names, c) : NULL;
    if (found == NULL)
        return refuse(scan, SK_ERR_PARSE, "unknown escape in a string");
    to[0] = values[found - names];
    *ret_length = 1;
    scan->at++;
    return SK_OK;
}

/* A string; when key is not NULL its decoded bytes (at most KEY_MAX) are written there. */
static enum sk_err scan_string(struct scan *scan, char *key, size_t *ret_key_length)
{
    size_t length = 0;
    scan->at++; /* the opening quote */
    for (;;) {
        int c = peek(scan);
        char bytes[4];
        size_t count = 1;
        if (c < 0)
            return refuse(scan, SK_ERR_PARSE, "a string is never closed");
        if (c == '"')
            break;
        if (c < 0x20)
            return refuse(scan, SK_ERR_PARSE, "a control character in a string must be escaped");
        bytes[0] = (char)c;
        scan->at++;
        if (c == '\\') {
            enum sk_err err = read_escape(scan, bytes, &count);
            if (err != SK_OK)
                return err;
        }
        if (key == NULL)
            continue;
        if (length + count > KEY_MAX)
            return refuse(scan, SK_ERR_TOO_LONG, "a member name is longer than 256 bytes");
        memcpy(key + length, bytes, count);
        length += count;
    }
    scan->at++;
    if (key != NULL)
        *ret_key_length = length;
    return SK_OK;
}

static bool skip_digits(struct scan *scan)
{
    size_t from = scan->at;
    while (peek(scan) >= '0' && peek(scan) <= '9')
        scan->at++;
    return scan->at > from;
}

static enum sk_err scan_number(struct scan *scan)
{
    size_t from = scan->at;
    bool integer = true;
    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0')
        scan->at++;
    else if (!skip_digits(scan))
        return refuse(scan, SK_ERR_PARSE, "expected a value");
    if (peek(scan) == '.') {
        integer = false;
        scan->at++;
        if (!skip_digits(scan))
            return refuse(scan, SK_ERR_PARSE, "expected digits after the decimal point");
    }
    if ((peek(scan) | 0x20) == 'e') {
        integer = false;
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (!skip_digits(scan))
            return refuse(scan, SK_ERR_PARSE, "expected digits in the exponent");
    }
    char copy[64];
    size_t length = scan->at - from;
    if (length >= sizeof copy)
        return refuse(scan, SK_ERR_RANGE, "a number has more than 63 characters");
    memcpy(copy, scan->text + from, length);
    copy[length] = '\0';
    double value = strtod(copy, NULL);
    if (!isfinite(value))
        return refuse(scan, SK_ERR_RANGE, "a number is beyond what a double holds");
    if (integer && fabs(value) >= EXACT_INTEGER_MAX)
        return refuse(scan, SK_ERR_RANGE, "an integer beyond 2^53 must be written as a string");
    return SK_OK;
}

static enum sk_err scan_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if (scan->length - scan->at >= length && memcmp(scan->text + scan->at, words[i], length) == 0) {
            scan->at += length;
            return SK_OK;
        }
    }
    return refuse(scan, SK_ERR_PARSE, "expected a value");
}

static uint32_t hash_bytes(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a: only to make the comparison of keys cheap */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash;
}

static enum sk_err remember_key(struct scan *scan, uint32_t object, size_t first, const char *key, size_t length)
{
    uint32_t hash = hash_bytes(key, length);
    for (size_t i = first; i < scan->key_count; i++) {
        const struct key *other = &scan->keys[i];
        if (other->hash == hash && other->object == object && other->length == length &&
            (length == 0 || memcmp(scan->area + other->at, key, length) == 0))
            return refuse(scan, SK_ERR_PARSE, "a member name stands twice in one object");
    }
    struct key *keys = sk_grow(scan->keys, scan->key_count, &scan->key_capacity, sizeof *keys, KEYS_MAX);
    if (keys == NULL)
        return refuse(scan, SK_ERR_NOMEM, "out of memory");
    scan->keys = keys;
    while (scan->area_used + length > scan->area_capacity) {
        char *area = sk_grow(scan->area, scan->area_capacity, &scan->area_capacity, 1, SK_MEM_MAX);
        if (area == NULL)
            return refuse(scan, SK_ERR_NOMEM, "out of memory");
        scan->area = area;
    }
    if (length > 0)
        memcpy(scan->area + scan->area_used, key, length);
    scan->keys[scan->key_count++] = (struct key){.hash = hash, .object = object, .at = scan->area_used, .length = length};
    scan->area_used += length;
    return SK_OK;
}

static enum sk_err scan_value(struct scan *scan);

static enum sk_err count_member(struct scan *scan)
{
    if (++scan->members > scan->limits->members)
        return refuse(scan, SK_ERR_TOO_LONG, "too many members and elements");
    return SK_OK;
}

/* One "name": value; first is where this object's keys begin on the stack. */
static enum sk_err scan_member(struct scan *scan, uint32_t object, size_t first)
{
    char key[KEY_MAX];
    size_t length = 0;
    if (peek(scan) != '"')
        return refuse(scan, SK_ERR_PARSE, "expected a member name in double quotes");
    enum sk_err err = scan_string(scan, key, &length);
    if (err == SK_OK)
        err = remember_key(scan, object, first, key, length);
    if (err == SK_OK)
        err = count_member(scan);
    if (err != SK_OK)
        return err;
    skip_blanks(scan);
    if (peek(scan) != ':')
        return refuse(scan, SK_ERR_PARSE, "expected ':' after the member name");
    scan->at++;
    return scan_value(scan);
}

/* The elements between the brackets of an object or an array. */
static enum sk_err scan_elements(struct scan *scan, char closing)
{
    uint32_t object = ++scan->objects;
    size_t first = scan->key_count, area = scan->area_used;
    scan->at++;
    skip_blanks(scan);
    if (peek(scan) == closing) {
        scan->at++;
        return SK_OK;
    }
    for (;;) {
        skip_blanks(scan);
        enum sk_err err = closing == '}' ? scan_member(scan, object, first) : count_member(scan);
        if (err == SK_OK && closing == ']')
            err = scan_value(scan);
        if (err != SK_OK)
            return err;
        skip_blanks(scan);
        int c = peek(scan);
        if (c != ',' && c != closing)
            return refuse(scan, SK_ERR_PARSE, closing == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
        scan->at++;
        if (c == closing)
            break;
    }
    scan->key_count = first;
    scan->area_used = area;
    return SK_OK;
}

static enum sk_err scan_value(struct scan *scan)
{
    skip_blanks(scan);
    int c = peek(scan);
    if (c == '"')
        return scan_string(scan, NULL, NULL);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(scan);
    if (c != '{' && c != '[')
        return c < 0 ? refuse(scan, SK_ERR_PARSE, "expected a value, found the end") : scan_word(scan);
    if (++scan->depth > scan->limits->depth)
        return refuse(scan, SK_ERR_TOO_LONG, "nested too deeply");
    enum sk_err err = scan_elements(scan, c == '{' ? '}' : ']');
    scan->depth--;
    return err;
}

enum sk_err sk_json_scan(const char *text, size_t length, const struct sk_json_limits *limits, struct sk_fault *fault)
{
    struct scan scan = {.text = text, .length = length, .limits = limits, .fault = fault};
    enum sk_err err = SK_OK;
    if (length > limits->bytes)
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "%zu bytes of JSON, at most %zu are accepted", length, limits->bytes);
    if (!sk_text_is_clean(text, length, true))
        return sk_fault_set(fault, SK_ERR_PARSE, "not clean UTF-8 text (invalid bytes or control characters)");
    err = scan_value(&scan);
    if (err == SK_OK) {
        skip_blanks(&scan);
        if (scan.at != length)
            err = refuse(&scan, SK_ERR_PARSE, "something follows the end of the value");
    }
    sk_free(scan.keys);
    sk_free(scan.area);
    return err;
}

/* Where the comment at `at` ends (past it), or 0 when it is never closed. */
static size_t comment_end(const char *text, size_t length, size_t at)
{
    bool block = text[at + 1] == '*';
    size_t i = at + 2;
    if (!block) {
        while (i < length && text[i] != '\n')
            i++;
        return i;
    }
    for (; i + 1 < length; i++)
        if (text[i] == '*' && text[i + 1] == '/')
            return i + 2;
    return 0;
}

enum sk_err sk_json_blank_comments(char *text, size_t length, struct sk_fault *fault)
{
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
            continue;
        }
        if (text[i] == '"')
            in_string = true;
        if (text[i] != '/' || i + 1 >= length || (text[i + 1] != '/' && text[i + 1] != '*'))
            continue;
        size_t end = comment_end(text, length, i);
        if (end == 0) {
            struct scan scan = {.text = text, .length = length, .at = i, .fault = fault};
            return refuse(&scan, SK_ERR_PARSE, "a comment is never closed");
        }
        for (size_t k = i; k < end; k++)
            if (text[k] != '\n')
                text[k] = ' ';
        i = end - 1;
    }
    return SK_OK;
}
