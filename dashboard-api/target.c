/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the raw bytes: decode piece by piece into target->text, check each piece when it ends. */
#include "dashboard-api/target.h"

#include <string.h>

#include "schemas/base/bytes.h"

struct cursor {
    const char *at, *end;
    char *to; /* next free byte of target->text: never overruns, decoding only shrinks and every NUL replaces a delimiter */
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_plain(char c, bool query)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr(query ? "-._~!$'()*+,;=:@/?" : "-._~!$&'()*+,;=:@", c) != NULL;
}

/* Decodes up to one of the delimiters (or the end) and closes the piece with a NUL. */
static enum sk_err take_piece(struct cursor *cursor, const char *delimiters, bool query, const char **ret_piece)
{
    char *begin = cursor->to;
    for (; cursor->at < cursor->end && (*cursor->at == '\0' || !strchr(delimiters, *cursor->at)); cursor->at++) {
        char c = *cursor->at;
        if (c == '%') {
            int high = cursor->end - cursor->at > 2 ? hex_digit(cursor->at[1]) : -1;
            int low = high >= 0 ? hex_digit(cursor->at[2]) : -1;
            if (low < 0)
                return SK_ERR_PARSE;
            c = (char)(high * 16 + low);
            if (!query && (c == '/' || c == '\\'))
                return SK_ERR_PARSE;
            cursor->at += 2;
        } else if (!is_plain(c, query)) {
            return SK_ERR_PARSE;
        }
        *cursor->to++ = c;
    }
    if (!sk_text_is_clean(begin, (size_t)(cursor->to - begin), false) || memchr(begin, '\t', (size_t)(cursor->to - begin)))
        return SK_ERR_PARSE;
    *cursor->to++ = '\0';
    *ret_piece = begin;
    return SK_OK;
}

static enum sk_err take_path(struct cursor *cursor, struct sk_target *target)
{
    if (cursor->at == cursor->end || *cursor->at != '/')
        return SK_ERR_PARSE;
    if (cursor->end - cursor->at == 1 || cursor->at[1] == '?') {
        cursor->at++;
        return SK_OK;
    }
    while (cursor->at < cursor->end && *cursor->at == '/') {
        cursor->at++;
        const char *piece;
        enum sk_err err = take_piece(cursor, "/?", false, &piece);
        if (err != SK_OK)
            return err;
        if (piece[0] == '\0' || strcmp(piece, ".") == 0 || strcmp(piece, "..") == 0)
            return SK_ERR_PARSE;
        if (target->segment_count == SK_TARGET_SEGMENTS)
            return SK_ERR_TOO_LONG;
        target->segments[target->segment_count++] = piece;
    }
    return SK_OK;
}

static enum sk_err take_param(struct cursor *cursor, struct sk_target *target)
{
    struct sk_target_param param = {.value = ""};
    enum sk_err err = take_piece(cursor, "=&", true, &param.name);
    if (err == SK_OK && cursor->at < cursor->end && *cursor->at == '=') {
        cursor->at++;
        err = take_piece(cursor, "&", true, &param.value);
    }
    if (err != SK_OK)
        return err;
    if (param.name[0] == '\0' || sk_target_param(target, param.name))
        return SK_ERR_PARSE;
    if (target->param_count == SK_TARGET_PARAMS)
        return SK_ERR_TOO_LONG;
    target->params[target->param_count++] = param;
    return SK_OK;
}

static enum sk_err take_query(struct cursor *cursor, struct sk_target *target)
{
    while (cursor->at < cursor->end) {
        cursor->at++; /* '?' or '&' */
        enum sk_err err = take_param(cursor, target);
        if (err != SK_OK)
            return err;
    }
    return SK_OK;
}

enum sk_err sk_target_parse(const char *raw, size_t length, struct sk_target *ret_target, struct sk_fault *fault)
{
    if (length > SK_TARGET_MAX)
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "the request target has more than %d bytes", SK_TARGET_MAX);
    ret_target->segment_count = 0;
    ret_target->param_count = 0;
    struct cursor cursor = {.at = raw, .end = raw + length, .to = ret_target->text};
    enum sk_err err = take_path(&cursor, ret_target);
    if (err == SK_OK)
        err = take_query(&cursor, ret_target);
    if (err == SK_ERR_TOO_LONG)
        return sk_fault_set(fault, err, "the request target has too many segments or parameters");
    if (err != SK_OK)
        return sk_fault_set(fault, err, "the request target is malformed at byte %d", (int)(cursor.at - raw));
    return SK_OK;
}

const char *sk_target_param(const struct sk_target *target, const char *name)
{
    for (size_t i = 0; i < target->param_count; i++)
        if (strcmp(target->params[i].name, name) == 0)
            return target->params[i].value;
    return NULL;
}

static bool is_listed(const char *name, const char *allowed)
{
    size_t length = strlen(name);
    for (const char *at = allowed; *at;) {
        size_t word = strcspn(at, " ");
        if (word == length && memcmp(at, name, length) == 0)
            return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

const char *sk_target_unknown(const struct sk_target *target, const char *allowed)
{
    for (size_t i = 0; i < target->param_count; i++)
        if (!is_listed(target->params[i].name, allowed))
            return target->params[i].name;
    return NULL;
}
