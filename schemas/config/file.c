/* SPDX-License-Identifier: Apache-2.0 */
/* Files: read whole and bounded, hashed as they were read, then parsed; so the digest speaks of exactly the bytes that were
 * used. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/config/load.h"

static enum sk_err said(struct cfg *c, enum sk_err code, const char *what, const char *why)
{
    char text[SK_FAULT_TEXT];
    (void)sk_text_format(text, sizeof(text), "%s: %s: %s", c->file, what, why);
    return cfg_pass(c, code, text);
}

static enum sk_err read_whole(struct cfg *c, FILE *file, char **ret_text, size_t *ret_length)
{
    size_t length = 0, capacity = 0;
    char *text = NULL;
    for (;;) {
        char *grown = length < capacity ? text : sk_realloc(text, capacity == 0 ? 8192 : capacity * 2, 1);
        if (grown == NULL) {
            sk_free(text);
            return cfg_nomem(c);
        }
        if (length == capacity)
            capacity = capacity == 0 ? 8192 : capacity * 2;
        text = grown;
        size_t n = fread(text + length, 1, capacity - length, file);
        length += n;
        if (n == 0 || length > SK_JSON_FILE.bytes)
            break;
    }
    if (ferror(file)) {
        sk_free(text);
        return said(c, SK_ERR_IO, "cannot be read", strerror(errno));
    }
    *ret_text = text;
    *ret_length = length;
    return SK_OK;
}

enum sk_err cfg_digest_add(struct cfg *c, struct sk_hash *digest, const char *text, size_t length)
{
    struct sk_sha256 *engine = NULL;
    const struct sk_slice slices[] = {{digest->bytes, sizeof(digest->bytes)}, {text, length}};
    struct sk_hash sum;
    enum sk_err err = sk_sha256_create(&engine);
    if (err == SK_OK)
        err = sk_sha256_run(engine, slices, 2, &sum);
    sk_sha256_free(engine);
    if (err != SK_OK)
        return said(c, err, "cannot be hashed", sk_err_text(err));
    *digest = sum;
    return SK_OK;
}

/* A regular file, or NULL with errno: a FIFO would block, a device might never end. */
static FILE *regular_open(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    FILE *file = regular ? fdopen(fd, "r") : NULL;
    if (file == NULL) {
        (void)close(fd);
        errno = regular ? ENOMEM : EINVAL;
    }
    return file;
}

/* UTF-8 with a byte order mark is what some editors write: taken as it is meant. Two bytes a letter is another thing. */
enum sk_err cfg_text_parse(struct cfg *c, const char *text, size_t length, cJSON **ret_json)
{
    struct sk_fault fault = {SK_OK, ""};
    const bool mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    const bool wide = length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0);
    if (wide)
        return said(c, SK_ERR_PARSE, "found UTF-16", "expected UTF-8; save the file as UTF-8");
    enum sk_err err = sk_json_parse(mark ? text + 3 : text, mark ? length - 3 : length, &SK_JSON_FILE, ret_json, &fault);
    if (err == SK_OK)
        return SK_OK;
    (void)sk_fault_prefix(&fault, "%s", c->file);
    return cfg_pass(c, err, fault.text);
}

enum sk_err cfg_file_parse(struct cfg *c, const char *path, struct sk_hash *digest, cJSON **ret_json)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = regular_open(path);
    if (file == NULL)
        return said(c, errno == ENOENT ? SK_ERR_NOT_FOUND : SK_ERR_IO, "cannot be opened",
                    errno == EINVAL ? "not a regular file" : strerror(errno));
    enum sk_err err = read_whole(c, file, &text, &length);
    (void)fclose(file);
    if (err == SK_OK && digest != NULL)
        err = cfg_digest_add(c, digest, text, length);
    if (err == SK_OK)
        err = cfg_text_parse(c, text, length, ret_json);
    sk_free(text);
    return err;
}

const char *cfg_path_beside(struct cfg *c, const char *beside, const char *name)
{
    const char *slash = strrchr(beside, '/');
    if (name[0] == '/' || slash == NULL || name[0] == '\0')
        return cfg_arena_text(c->arena, name);
    size_t head = (size_t)(slash - beside) + 1, tail = strlen(name) + 1;
    char *path = cfg_arena_take(c->arena, head + tail, 1);
    if (path == NULL)
        return NULL;
    memcpy(path, beside, head);
    memcpy(path + head, name, tail);
    return path;
}
