/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON: whatever the bytes, no crash; and what is accepted prints and is accepted again. */
#include <stdlib.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sk_json_limits roomy = {.bytes = 1 << 20, .depth = 40, .members = 100000};
    const struct sk_json_limits *limits = size % 2 == 0 ? &SK_JSON_PAYLOAD : &SK_JSON_FILE;
    cJSON *json = NULL, *again = NULL;
    struct sk_fault fault;
    if (sk_json_parse((const char *)data, size, limits, &json, &fault) != SK_OK)
        return 0;
    char *text = cJSON_PrintUnformatted(json);
    if (text != NULL && sk_json_parse(text, strlen(text), &roomy, &again, &fault) != SK_OK)
        abort();
    cJSON_free(text);
    cJSON_Delete(json);
    cJSON_Delete(again);
    return 0;
}
