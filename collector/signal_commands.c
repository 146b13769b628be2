/* SPDX-License-Identifier: Apache-2.0 */
/* What the site has for each signal that requirements read, now. Pages go by the order of names. */
#include <string.h>

#include "collector/request.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/model/signal.h"

enum { PAGE_MAX = 100 }; /* an answer is one line of at most 64 KiB */

static cJSON *show(const struct sk_site *site, size_t index, const struct sk_signal_has *has)
{
    const struct sk_signal *signal = sk_signal_at(index);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "signal", signal->name);
    cJSON_AddStringToObject(item, "kind", sk_signal_kind_name(signal->kind));
    cJSON_AddBoolToObject(item, "there", sk_signal_is_there(has));
    cJSON_AddStringToObject(item, "source", sk_signal_source_name(has->source));
    cJSON *text = cJSON_AddObjectToObject(item, "text");
    cJSON_AddStringToObject(text, "ja", sk_signal_source_text(has->source, SK_LANG_JA));
    cJSON_AddStringToObject(text, "en", sk_signal_source_text(has->source, SK_LANG_EN));
    cJSON_AddNumberToObject(item, "points", has->points);
    if (has->points > 0)
        cJSON_AddStringToObject(item, "first_point", site->points[has->first_point].id);
    if (has->keeper[0] != '\0')
        cJSON_AddStringToObject(item, "register", has->keeper);
    if (has->source != SK_SOURCE_ATTESTATION && has->source != SK_SOURCE_EXPIRED)
        return item;
    cJSON *attestation = cJSON_AddObjectToObject(item, "attestation");
    cJSON_AddStringToObject(attestation, "who", has->stand_in->who);
    cJSON_AddStringToObject(attestation, "until", has->stand_in->until);
    cJSON_AddStringToObject(attestation, "document", has->stand_in->document);
    return item;
}

/* "" all, or the name of a source. */
static bool is_wanted(const char *source, const struct sk_signal_has *has)
{
    if (strcmp(source, "none") == 0)
        return !sk_signal_is_there(has);
    return source[0] == '\0' || strcmp(source, sk_signal_source_name(has->source)) == 0;
}

static void fill(const struct sk_site *site, const struct sk_signal_has *has, const char *source, uint64_t from, int64_t most,
                 cJSON *result)
{
    cJSON *items = cJSON_AddArrayToObject(result, "items");
    uint64_t i = from;
    for (; items != NULL && i < SK_SIGNAL_COUNT && cJSON_GetArraySize(items) < most; i++)
        if (is_wanted(source, &has[i]))
            cJSON_AddItemToArray(items, show(site, i, &has[i]));
    if (i < SK_SIGNAL_COUNT)
        sk_json_add_u64(result, "next", i);
    else
        cJSON_AddNullToObject(result, "next");
}

static bool is_source(const char *word)
{
    bool found = word[0] == '\0' || strcmp(word, "none") == 0;
    for (int source = 1; sk_signal_source_name(source) != NULL; source++)
        found = found || strcmp(sk_signal_source_name(source), word) == 0;
    return found;
}

enum sk_err sk_run_signal_list(struct request *request)
{
    const cJSON *cursor = sk_json_get(request->args, "cursor"), *limit = sk_json_get(request->args, "limit");
    const char *source = sk_request_text(request, "source", false, 20);
    uint64_t from = 0;
    int64_t most = PAGE_MAX;
    if (source == NULL)
        return request->answer->err;
    if ((cursor != NULL && !sk_json_u64(cursor, &from)) || (limit != NULL && (!sk_json_i64(limit, &most) || most < 1)))
        return sk_request_refuse(request, SK_ERR_PARSE, "cursor and limit are numbers");
    if (!is_source(source))
        return sk_request_refuse(request, SK_ERR_PARSE, "source: a word of schemas/vocab/signal_sources.def, or none");
    struct sk_signal_has *has = sk_calloc(SK_SIGNAL_COUNT, sizeof *has);
    if (has == NULL)
        return sk_request_refuse(request, SK_ERR_NOMEM, "out of memory");
    sk_signals_of_site(request->floor->site, request->floor->zone, request->now->utc_us, has);
    request->answer->result = cJSON_CreateObject();
    fill(request->floor->site, has, source, from, most > PAGE_MAX ? PAGE_MAX : most, request->answer->result);
    sk_free(has);
    return SK_OK;
}
