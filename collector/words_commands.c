/* SPDX-License-Identifier: Apache-2.0 */
/* Words by command: the texts that people typed, by the commitments that stand in records; and erasing them. What is erased, or
 * was never kept, is told apart from a text by its absence only: the vault does not remember what it forgot. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"

enum { IDS_MAX = 400, ANSWER_BYTES = 40000, ITEM_BYTES = 220 }; /* an answer stays below the line's 64 KiB */

/* {"id","text","salt"}, or {"id","text":null} for one that is not there. */
static cJSON *show_words(struct request *request, const char *id, const struct sk_hash *commit)
{
    char salt[2 * SK_WORDS_SALT + 1];
    struct sk_words words;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", id);
    if (sk_vault_words_get(request->floor->vault, commit, &words) != SK_OK) {
        cJSON_AddNullToObject(item, "text");
        return item;
    }
    sk_hex_write(salt, words.salt, sizeof words.salt);
    cJSON_AddStringToObject(item, "text", words.text);
    cJSON_AddStringToObject(item, "salt", salt);
    explicit_bzero(&words, sizeof words);
    return item;
}

/* As many of the ids as fit, in their order; who asks goes on behind them. */
enum sk_err sk_run_words_read(struct request *request)
{
    struct sk_hash commit;
    size_t bytes = 0;
    const cJSON *id, *ids = sk_json_get(request->args, "ids");
    if (!cJSON_IsArray(ids) || cJSON_GetArraySize(ids) > IDS_MAX)
        return sk_request_refuse(request, SK_ERR_PARSE, "ids: expected a list of at most 400 commitments");
    cJSON *result = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(result, "items");
    request->answer->result = result;
    cJSON_ArrayForEach(id, ids)
    {
        const char *text = sk_json_text(id);
        if (text == NULL || !sk_hex_read(commit.bytes, SK_HASH_SIZE, text))
            return sk_request_refuse(request, SK_ERR_PARSE, "ids: each is 64 hex digits");
        if (bytes > ANSWER_BYTES)
            break;
        cJSON *item = show_words(request, text, &commit);
        const char *words = sk_json_text(sk_json_get(item, "text"));
        bytes += ITEM_BYTES + (words != NULL ? 2 * strlen(words) : 0);
        cJSON_AddItemToArray(items, item);
    }
    return SK_OK;
}
