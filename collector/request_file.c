/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments too long for a line: read from the descriptor that came with it, bounded and checked whole before anybody looks.
 * Only a regular file is read: a pipe could let the collector wait for ever. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

static bool refuse(struct request *request, enum sk_err err, const char *name, const char *what)
{
    char detail[128];
    sk_text_format(detail, sizeof detail, "%s: %s", name, what);
    sk_request_refuse(request, err, detail);
    return false;
}

/* From the beginning, wherever the sender's offset stands; a file that shrinks meanwhile ends early. */
static bool read_whole(int fd, char *to, size_t size, size_t *ret_length)
{
    size_t at = 0;
    while (at < size) {
        const ssize_t got = pread(fd, to + at, size - at, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        at += (size_t)got;
    }
    *ret_length = at;
    return true;
}

static bool take_file(struct request *request, const char *name, struct sk_request_text *text)
{
    struct stat info;
    if (fstat(request->fd, &info) != 0 || !S_ISREG(info.st_mode))
        return refuse(request, SK_ERR_PARSE, name, "expected the descriptor of a regular file");
    if (info.st_size > SK_REQUEST_FILE_MAX)
        return refuse(request, SK_ERR_TOO_LONG, name, "the file has more than 4 MiB; send it in parts");
    text->size = (size_t)info.st_size + 1;
    text->text = sk_calloc(text->size, 1);
    if (text->text == NULL)
        return refuse(request, SK_ERR_NOMEM, name, "out of memory");
    return read_whole(request->fd, text->text, text->size - 1, &text->length) ||
           refuse(request, SK_ERR_IO, name, "the file cannot be read");
}

static bool take_argument(struct request *request, const cJSON *item, const char *name, struct sk_request_text *text)
{
    text->length = strlen(item->valuestring);
    text->size = text->length + 1;
    text->text = sk_calloc(text->size, 1);
    if (text->text == NULL)
        return refuse(request, SK_ERR_NOMEM, name, "out of memory");
    memcpy(text->text, item->valuestring, text->length);
    return true;
}

static bool check(struct request *request, const char *name, struct sk_request_text *text)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (memchr(text->text, '\0', text->length) != NULL)
        return refuse(request, SK_ERR_PARSE, name, "the file holds a NUL byte");
    if (strncmp(text->text, mark, 3) == 0) {
        text->length -= 3;
        memmove(text->text, text->text + 3, text->length + 1);
    }
    return true;
}

bool sk_request_file(struct request *request, const char *name, struct sk_request_text *ret_text)
{
    const cJSON *item = sk_json_get(request->args, name);
    *ret_text = (struct sk_request_text){0};
    if ((item != NULL) == (request->fd >= 0) || (item != NULL && !cJSON_IsString(item)))
        return refuse(request, SK_ERR_PARSE, name, "expected the file's text, or its descriptor with the line, one of the two");
    const bool good = (item != NULL ? take_argument(request, item, name, ret_text) : take_file(request, name, ret_text)) &&
                      check(request, name, ret_text);
    if (!good)
        sk_request_file_free(ret_text);
    return good;
}

void sk_request_file_free(struct sk_request_text *text)
{
    sk_free_secret(text->text, text->size);
    *text = (struct sk_request_text){0};
}
