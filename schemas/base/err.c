/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes, their words and the sentence that goes with them. Shape: three look-ups over errors.def, two setters. */
#include "schemas/base/err.h"

#include <stdio.h>
#include <string.h>

struct row {
    enum sk_err code;
    const char *symbol, *text, *duty;
};

static const struct row rows[] = {
#define X(symbol, value, text, duty) {symbol, #symbol, text, duty},
#include "schemas/vocab/errors.def"
#undef X
};

static const struct row *find(enum sk_err code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

/* Takes back a UTF-8 character that the end of the field cut in two. */
static void trim_broken_character(char *text)
{
    size_t length = strlen(text), back = 0;
    while (back < 4 && back < length && ((unsigned char)text[length - 1 - back] & 0xC0u) == 0x80u)
        back++;
    if (back >= length)
        return;
    unsigned char lead = (unsigned char)text[length - 1 - back];
    size_t wanted = lead >= 0xF0u ? 3 : lead >= 0xE0u ? 2 : lead >= 0xC0u ? 1 : 0;
    if (wanted != back)
        text[length - 1 - back] = '\0';
}

enum sk_err(sk_fault_set)(struct sk_fault *fault, enum sk_err code, const char *format, ...)
{
    if (fault == NULL)
        return code;
    fault->code = code;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof fault->text)
        trim_broken_character(fault->text);
    return code;
}

enum sk_err sk_fault_prefix(struct sk_fault *fault, const char *format, ...)
{
    if (fault == NULL)
        return SK_ERR_INVALID;
    char before[SK_FAULT_TEXT], whole[2 * SK_FAULT_TEXT + 3];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(before, sizeof before, format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof whole, "%s: %s", before, fault->text);
    if (strlen(whole) < sizeof fault->text) {
        memcpy(fault->text, whole, strlen(whole) + 1);
    } else {
        memcpy(fault->text, whole, sizeof fault->text - 1);
        fault->text[sizeof fault->text - 1] = '\0';
        trim_broken_character(fault->text);
    }
    return fault->code;
}

const char *sk_err_text(enum sk_err code)
{
    const struct row *row = find(code);
    return row != NULL ? row->text : "unknown error";
}

const char *sk_err_duty(enum sk_err code)
{
    const struct row *row = find(code);
    return row != NULL ? row->duty : "report it";
}

/* "SK_ERR_NOT_FOUND" -> "not_found"; the words live as long as the program. */
const char *sk_err_word(enum sk_err code)
{
    static const struct {
        enum sk_err code;
        const char *word;
    } words[] = {
        {SK_OK, "ok"},
        {SK_ERR_NOMEM, "nomem"},
        {SK_ERR_INVALID, "invalid"},
        {SK_ERR_PARSE, "parse"},
        {SK_ERR_RANGE, "range"},
        {SK_ERR_TOO_LONG, "too_long"},
        {SK_ERR_NOT_FOUND, "not_found"},
        {SK_ERR_EXISTS, "exists"},
        {SK_ERR_IO, "io"},
        {SK_ERR_CLOSED, "closed"},
        {SK_ERR_TIMEOUT, "timeout"},
        {SK_ERR_BUSY, "busy"},
        {SK_ERR_UNSUPPORTED, "unsupported"},
        {SK_ERR_DENIED, "denied"},
        {SK_ERR_CONFLICT, "conflict"},
        {SK_ERR_CORRUPT, "corrupt"},
        {SK_ERR_FULL, "full"},
        {SK_ERR_VERSION, "version"},
        {SK_ERR_PROTOCOL, "protocol"},
        {SK_ERR_AGAIN, "again"},
        {SK_ERR_CRYPTO, "crypto"},
        {SK_ERR_EXCEPTION, "exception"},
        {SK_ERR_UNAUTHENTICATED, "unauthenticated"},
    };
    _Static_assert(sizeof words / sizeof words[0] == sizeof rows / sizeof rows[0], "a word for every error");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].code == code)
            return words[i].word;
    return "unknown";
}
