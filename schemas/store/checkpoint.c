/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes: made and checked to the byte, as schemas/log-format.md section 3 says. The two records that go with them are in
 * log_records.c. */
#include "schemas/store/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "schemas/base/mem.h"

enum { KEY_TYPE_ED25519 = 0x01, SIGNED_SIZE = SK_KEY_ID_SIZE + SK_SIGNATURE_SIZE };

static const char dash[] = "\xE2\x80\x94 "; /* U+2014 and a space */

enum sk_err sk_key_id(const char *name, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], uint8_t to[SK_KEY_ID_SIZE])
{
    static const uint8_t separator[2] = {'\n', KEY_TYPE_ED25519};
    struct sk_sha256 *engine = NULL;
    struct sk_hash hash;
    const struct sk_slice slices[] = {{name, strlen(name)}, {separator, 2}, {public_key, SK_PUBLIC_KEY_SIZE}};
    enum sk_err err = sk_sha256_create(&engine);
    if (err == SK_OK)
        err = sk_sha256_run(engine, slices, 3, &hash);
    if (err == SK_OK)
        memcpy(to, hash.bytes, SK_KEY_ID_SIZE);
    sk_sha256_free(engine);
    return err;
}

static bool site_id_is_plain(const char *id)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return id[0] != '\0' && id[strspn(id, plain)] == '\0';
}

enum sk_err sk_origin_make(const char *site_id, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], char to[SK_ORIGIN_MAX])
{
    uint8_t id[SK_KEY_ID_SIZE];
    char name[SK_ORIGIN_MAX], hex[2 * SK_KEY_ID_SIZE + 1];
    if (!site_id_is_plain(site_id) || !sk_text_format(name, sizeof name, "sekisho/%s", site_id))
        return SK_ERR_INVALID;
    enum sk_err err = sk_key_id(name, public_key, id);
    if (err != SK_OK)
        return err;
    sk_hex_write(hex, id, sizeof id);
    return sk_text_format(to, SK_ORIGIN_MAX, "%s/%s", name, hex) ? SK_OK : SK_ERR_INVALID;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Exactly `size` bytes from exactly as many characters as they need, padding and zero bits included. */
static bool base64_read(const char *text, size_t length, uint8_t *to, size_t size)
{
    if (length != (size + 2) / 3 * 4)
        return false;
    size_t out = 0;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;
        const size_t take = size - out < 3 ? size - out : 3;
        for (size_t k = 0; k < 4; k++) {
            const int digit = k <= take ? base64_digit(text[i + k]) : text[i + k] == '=' ? 0 : -1;
            if (digit < 0)
                return false;
            group = group << 6 | (uint32_t)digit;
        }
        if ((group & ((1u << 8 * (3 - take)) - 1)) != 0) /* bits that belong to no byte */
            return false;
        for (size_t k = 0; k < take; k++)
            to[out++] = (uint8_t)(group >> (16 - 8 * k));
    }
    return true;
}

/* The three lines that are signed. */
static enum sk_err text_make(const struct sk_note *note, char to[SK_NOTE_MAX])
{
    char *root = NULL;
    enum sk_err err = sk_base64_write(note->root.bytes, SK_HASH_SIZE, &root);
    if (err == SK_OK && !sk_text_format(to, SK_NOTE_MAX, "%s\n%llu\n%s\n", note->origin, (unsigned long long)note->size, root))
        err = SK_ERR_TOO_LONG;
    sk_free(root);
    return err;
}

enum sk_err sk_note_make(const struct sk_note *note, struct sk_signer *signer, char to[SK_NOTE_MAX])
{
    uint8_t public_key[SK_PUBLIC_KEY_SIZE], signed_bytes[SIGNED_SIZE];
    char *signature = NULL, text[SK_NOTE_MAX];
    enum sk_err err = text_make(note, text);
    if (err != SK_OK)
        return err;
    sk_signer_public_key(signer, public_key);
    err = sk_key_id(note->origin, public_key, signed_bytes);
    if (err == SK_OK)
        err = sk_signer_sign(signer, text, strlen(text), signed_bytes + SK_KEY_ID_SIZE);
    if (err == SK_OK)
        err = sk_base64_write(signed_bytes, sizeof signed_bytes, &signature);
    if (err == SK_OK && !sk_text_format(to, SK_NOTE_MAX, "%s\n%s%s %s\n", text, dash, note->origin, signature))
        err = SK_ERR_TOO_LONG;
    sk_free(signature);
    return err;
}

/* One line off the front of [*at, end); NULL when no line feed follows. */
static const char *line_take(const char **at, const char *end, size_t *ret_length)
{
    const char *line = *at, *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    if (stop == NULL)
        return NULL;
    *ret_length = (size_t)(stop - line);
    *at = stop + 1;
    return line;
}

static bool size_read(const char *line, size_t length, uint64_t *ret_size)
{
    char digits[21];
    int64_t size;
    if (length == 0 || length >= sizeof digits || (length > 1 && line[0] == '0'))
        return false;
    memcpy(digits, line, length);
    digits[length] = '\0';
    if (strlen(digits) != length || !sk_int_read(digits, 0, INT64_MAX, &size))
        return false;
    *ret_size = (uint64_t)size;
    return true;
}

/* Reads the three lines; *ret_rest points at the empty one. */
static bool text_parse(const char *text, const char *end, struct sk_note *note, const char **ret_rest)
{
    size_t length;
    const char *line = line_take(&text, end, &length);
    if (line == NULL || length == 0 || length >= SK_ORIGIN_MAX || !sk_text_is_clean(line, length, false) ||
        memchr(line, ' ', length) != NULL || memchr(line, '+', length) != NULL || memchr(line, '\0', length) != NULL)
        return false;
    memcpy(note->origin, line, length);
    note->origin[length] = '\0';
    line = line_take(&text, end, &length);
    if (line == NULL || !size_read(line, length, &note->size))
        return false;
    line = line_take(&text, end, &length);
    *ret_rest = text;
    return line != NULL && base64_read(line, length, note->root.bytes, SK_HASH_SIZE);
}

/* The rest: an empty line and one signature line under the origin's name. */
static bool signature_parse(const char *rest, const char *end, const char *origin, uint8_t to[SIGNED_SIZE])
{
    size_t length;
    const size_t name = strlen(origin), head = strlen(dash) + name + 1;
    const char *line = line_take(&rest, end, &length);
    if (line == NULL || length != 0)
        return false;
    line = line_take(&rest, end, &length);
    return line != NULL && rest == end && length > head && memcmp(line, dash, strlen(dash)) == 0 &&
           memcmp(line + strlen(dash), origin, name) == 0 && line[head - 1] == ' ' &&
           base64_read(line + head, length - head, to, SIGNED_SIZE);
}

enum sk_err sk_note_check(const char *text, size_t length, const uint8_t public_key[SK_PUBLIC_KEY_SIZE],
                          struct sk_note *ret_note)
{
    struct sk_note note = {.size = 0};
    uint8_t signed_bytes[SIGNED_SIZE], id[SK_KEY_ID_SIZE];
    const char *rest, *end = text + length;
    if (length >= SK_NOTE_MAX || !text_parse(text, end, &note, &rest) || !signature_parse(rest, end, note.origin, signed_bytes))
        return SK_ERR_PARSE;
    enum sk_err err = sk_key_id(note.origin, public_key, id);
    if (err == SK_OK && memcmp(id, signed_bytes, sizeof id) != 0)
        err = SK_ERR_CRYPTO;
    if (err == SK_OK)
        err = sk_signature_check(public_key, text, (size_t)(rest - text), signed_bytes + SK_KEY_ID_SIZE);
    if (err == SK_OK)
        *ret_note = note;
    return err;
}

enum sk_err sk_verifier_key_write(const char *name, const uint8_t public_key[SK_PUBLIC_KEY_SIZE], char to[SK_NOTE_MAX])
{
    uint8_t typed[1 + SK_PUBLIC_KEY_SIZE] = {KEY_TYPE_ED25519}, id[SK_KEY_ID_SIZE];
    char hex[2 * SK_KEY_ID_SIZE + 1], *base64 = NULL;
    memcpy(typed + 1, public_key, SK_PUBLIC_KEY_SIZE);
    enum sk_err err = sk_key_id(name, public_key, id);
    if (err == SK_OK)
        err = sk_base64_write(typed, sizeof typed, &base64);
    if (err != SK_OK)
        return err;
    sk_hex_write(hex, id, sizeof id);
    if (!sk_text_format(to, SK_NOTE_MAX, "%s+%s+%s", name, hex, base64))
        err = SK_ERR_TOO_LONG;
    sk_free(base64);
    return err;
}

/* "name+hash+base64": the hash must be that of name and key. */
static enum sk_err verifier_key_parse(const char *text, uint8_t to[SK_PUBLIC_KEY_SIZE], char name[SK_ORIGIN_MAX])
{
    uint8_t typed[1 + SK_PUBLIC_KEY_SIZE], id[SK_KEY_ID_SIZE];
    char hex[2 * SK_KEY_ID_SIZE + 1];
    const char *plus = strchr(text, '+'), *second = plus != NULL ? strchr(plus + 1, '+') : NULL;
    if (second == NULL || plus == text || (size_t)(plus - text) >= SK_ORIGIN_MAX || second - plus != sizeof hex ||
        !base64_read(second + 1, strlen(second + 1), typed, sizeof typed) || typed[0] != KEY_TYPE_ED25519)
        return SK_ERR_PARSE;
    memcpy(name, text, (size_t)(plus - text));
    name[plus - text] = '\0';
    enum sk_err err = sk_key_id(name, typed + 1, id);
    sk_hex_write(hex, id, sizeof id);
    if (err == SK_OK && memcmp(hex, plus + 1, sizeof hex - 1) != 0)
        err = SK_ERR_PARSE;
    if (err == SK_OK)
        memcpy(to, typed + 1, SK_PUBLIC_KEY_SIZE);
    return err;
}

enum sk_err sk_public_key_parse(const char *text, uint8_t to[SK_PUBLIC_KEY_SIZE], char ret_name[SK_ORIGIN_MAX])
{
    char name[SK_ORIGIN_MAX] = "";
    enum sk_err err = sk_hex_read(to, SK_PUBLIC_KEY_SIZE, text) ? SK_OK : verifier_key_parse(text, to, name);
    if (err == SK_OK && ret_name != NULL)
        memcpy(ret_name, name, sizeof name);
    return err;
}
