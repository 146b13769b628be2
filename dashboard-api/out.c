/* SPDX-License-Identifier: Apache-2.0 */
/* Doubling buffer; every put checks the sticky failure first. */
#include "dashboard-api/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schemas/base/mem.h"

static bool make_room(struct sk_out *out, size_t more)
{
    size_t wanted = out->length + more + 1;
    if (!out->bad && more < SK_OUT_MAX && wanted <= SK_OUT_MAX && wanted > out->capacity) {
        size_t capacity = out->capacity ? out->capacity : 512;
        while (capacity < wanted)
            capacity *= 2;
        char *text = sk_realloc(out->text, capacity, 1);
        if (text) {
            out->text = text;
            out->capacity = capacity;
        }
    }
    if (more >= SK_OUT_MAX || wanted > out->capacity)
        out->bad = true;
    return !out->bad;
}

void sk_out_put_bytes(struct sk_out *out, const char *bytes, size_t length)
{
    if (!make_room(out, length))
        return;
    memcpy(out->text + out->length, bytes, length);
    out->length += length;
    out->text[out->length] = '\0';
}

void sk_out_put(struct sk_out *out, const char *text)
{
    sk_out_put_bytes(out, text, strlen(text));
}

void sk_out_format(struct sk_out *out, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line)
        out->bad = true;
    else
        sk_out_put_bytes(out, line, (size_t)length);
}

void sk_out_json_text(struct sk_out *out, const char *text)
{
    sk_out_put(out, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            sk_out_format(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            sk_out_format(out, "\\u%04x", c);
        else
            sk_out_put_bytes(out, text, 1);
    }
    sk_out_put(out, "\"");
}

void sk_out_json(struct sk_out *out, const cJSON *json)
{
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    if (text)
        sk_out_put(out, text);
    else
        out->bad = true;
    cJSON_free(text);
}

void sk_out_release(struct sk_out *out)
{
    sk_free(out->text);
    *out = (struct sk_out){0};
}
