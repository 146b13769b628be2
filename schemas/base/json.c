/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out of the house: the strict scan, then cJSON; and the helpers that read and build members. */
#include "schemas/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json_scan.h"
#include "schemas/base/mem.h"

const struct sk_json_limits SK_JSON_REQUEST = {.bytes = 64 << 10, .depth = 16, .members = 1000};
const struct sk_json_limits SK_JSON_PAYLOAD = {.bytes = 64 << 10, .depth = 16, .members = 4000};
const struct sk_json_limits SK_JSON_FILE = {.bytes = 16 << 20, .depth = 32, .members = 1000000, .comments = true};

static const double EXACT_INTEGER_MAX = 9007199254740992.0;

enum sk_err sk_json_parse(const char *text, size_t length, const struct sk_json_limits *limits, cJSON **ret_json,
                          struct sk_fault *fault)
{
    if (length > limits->bytes)
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "%zu bytes of JSON, at most %zu are accepted", length, limits->bytes);
    char *copy = sk_calloc(length + 1, 1);
    if (copy == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for %zu bytes of JSON", length);
    if (length > 0)
        memcpy(copy, text, length);
    enum sk_err err = limits->comments ? sk_json_blank_comments(copy, length, fault) : SK_OK;
    if (err == SK_OK)
        err = sk_json_scan(copy, length, limits, fault);
    if (err == SK_OK) {
        cJSON *json = cJSON_ParseWithLength(copy, length + 1);
        if (json == NULL)
            err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory for %zu bytes of JSON", length);
        else
            *ret_json = json;
    }
    sk_free(copy);
    return err;
}

/* The whole of a regular file of at most `limit` bytes. */
static enum sk_err read_file(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct sk_fault *fault)
{
    struct stat status;
    enum sk_err err = SK_OK;
    char *text = NULL;
    size_t length = 0, size;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return sk_fault_set(fault, errno == ENOENT ? SK_ERR_NOT_FOUND : SK_ERR_IO, "cannot open '%s': %s", path,
                            strerror(errno));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        err = sk_fault_set(fault, SK_ERR_IO, "cannot read '%s': not a regular file", path);
        goto done;
    }
    size = (size_t)status.st_size;
    if (size > limit) {
        err = sk_fault_set(fault, SK_ERR_TOO_LONG, "'%s' has %zu bytes, at most %zu are accepted", path, size, limit);
        goto done;
    }
    text = sk_calloc(size + 1, 1);
    if (text == NULL) {
        err = sk_fault_set(fault, SK_ERR_NOMEM, "out of memory reading '%s'", path);
        goto done;
    }
    while (length < size) {
        ssize_t got = read(fd, text + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    *ret_text = text;
    *ret_length = length;
done:
    close(fd);
    return err;
}

enum sk_err sk_json_parse_file(const char *path, const struct sk_json_limits *limits, cJSON **ret_json, struct sk_fault *fault)
{
    char *text = NULL;
    size_t length = 0;
    enum sk_err err = read_file(path, limits->bytes, &text, &length, fault);
    if (err != SK_OK)
        return err;
    err = sk_json_parse(text, length, limits, ret_json, fault);
    if (err != SK_OK)
        sk_fault_prefix(fault, "%s", path);
    sk_free(text);
    return err;
}

const cJSON *sk_json_get(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static const cJSON *step_into(const cJSON *at, const char *name)
{
    int64_t index = 0;
    if (cJSON_IsArray(at))
        return sk_int_read(name, 0, 1000000, &index) ? cJSON_GetArrayItem(at, (int)index) : NULL;
    return sk_json_get(at, name);
}

const cJSON *sk_json_path(const cJSON *root, const char *path)
{
    char copy[257];
    if (!sk_text_copy(copy, sizeof copy, path))
        return NULL;
    const cJSON *at = root;
    char *rest = copy, *step;
    while (at != NULL && (step = strsep(&rest, ".")) != NULL)
        at = step_into(at, step);
    return at;
}

bool sk_json_i64(const cJSON *item, int64_t *ret_value)
{
    if (cJSON_IsString(item))
        return sk_int_read(item->valuestring, INT64_MIN, INT64_MAX, ret_value);
    if (!cJSON_IsNumber(item) || trunc(item->valuedouble) != item->valuedouble || fabs(item->valuedouble) >= EXACT_INTEGER_MAX)
        return false;
    *ret_value = (int64_t)item->valuedouble;
    return true;
}

static bool read_decimal_u64(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

bool sk_json_u64(const cJSON *item, uint64_t *ret_value)
{
    int64_t value = 0;
    if (cJSON_IsString(item))
        return read_decimal_u64(item->valuestring, ret_value);
    if (!sk_json_i64(item, &value) || value < 0)
        return false;
    *ret_value = (uint64_t)value;
    return true;
}

const char *sk_json_text(const cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool sk_json_add_u64(cJSON *object, const char *name, uint64_t value)
{
    char text[24];
    sk_text_format(text, sizeof text, "%llu", (unsigned long long)value);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

bool sk_json_add_i64(cJSON *object, const char *name, int64_t value)
{
    char text[24];
    sk_text_format(text, sizeof text, "%lld", (long long)value);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

bool sk_json_add_time(cJSON *object, const char *name, int64_t utc_us)
{
    char text[SK_TIME_TEXT];
    sk_time_format(text, utc_us);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

bool sk_json_add_hex(cJSON *object, const char *name, const uint8_t *bytes, size_t length)
{
    char *text = sk_calloc(2 * length + 1, 1);
    if (text == NULL)
        return false;
    sk_hex_write(text, bytes, length);
    bool added = cJSON_AddStringToObject(object, name, text) != NULL;
    sk_free(text);
    return added;
}
