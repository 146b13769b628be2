/* SPDX-License-Identifier: Apache-2.0 */
/* One page's commitments are asked for in as few questions as answers have room for, and put beside the commitments. */
#include "dashboard-api/words.h"

#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"
#include "schemas/model/words.h"

enum { ASKED_MAX = 4000, ONCE_MAX = 400, NAME_MAX = 48 };

struct place { /* where a text belongs */
    cJSON *body;
    const char *id; /* the commitment in hex; the body's */
    int tag;
};
struct places {
    struct place *items;
    size_t count, capacity;
};

static bool add_place(struct places *places, cJSON *body, int tag, const char *id)
{
    struct place *grown = sk_grow(places->items, places->count, &places->capacity, sizeof *grown, ASKED_MAX);
    if (!grown)
        return false;
    places->items = grown;
    places->items[places->count++] = (struct place){body, id, tag};
    return true;
}

static bool find_places(struct places *places, const cJSON *items)
{
    static const int tags[] = {
#define W(text, commit) text,
#include "schemas/vocab/sealed.def"
#undef W
    };
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        cJSON *body = cJSON_GetObjectItemCaseSensitive(item, "body");
        for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
            const char *id = sk_json_text(sk_json_get(body, sk_tag_name(sk_words_commit_tag(tags[i]))));
            if (id && !add_place(places, body, tags[i], id))
                return false;
        }
    }
    return true;
}

static bool put(const struct place *place, const cJSON *answer)
{
    char name[NAME_MAX];
    const char *text = sk_json_text(sk_json_get(answer, "text")), *salt = sk_json_text(sk_json_get(answer, "salt"));
    sk_text_format(name, sizeof name, "%s_salt", sk_tag_name(place->tag));
    if (!text)
        return cJSON_AddNullToObject(place->body, sk_tag_name(place->tag)) != NULL;
    return cJSON_AddStringToObject(place->body, sk_tag_name(place->tag), text) &&
           (!salt || cJSON_AddStringToObject(place->body, name, salt));
}

/* Asks for some from `from` on; how many were answered, 0: it failed. */
static size_t ask_some(struct sk_call *call, const struct places *places, size_t from)
{
    size_t done = 0;
    cJSON *result = NULL, *args = cJSON_CreateObject(), *ids = cJSON_AddArrayToObject(args, "ids");
    for (size_t i = from; i < places->count && i < from + ONCE_MAX; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(places->items[i].id));
    const struct sk_command command = {.name = "words.read",
                                       .secret = call->who.secret,
                                       .address = sk_http_peer(call->http),
                                       .args = args,
                                       .repeatable = true};
    const enum sk_err err = sk_control_call(call->app->control, &command, &result, NULL);
    const cJSON *item, *answered = err == SK_OK ? sk_json_get(result, "items") : NULL;
    cJSON_ArrayForEach(item, answered)
    {
        const char *id = sk_json_text(sk_json_get(item, "id"));
        if (from + done >= places->count || !id || strcmp(id, places->items[from + done].id) != 0 ||
            !put(&places->items[from + done], item))
            break;
        done++;
    }
    cJSON_Delete(result);
    cJSON_Delete(args);
    return done;
}

void sk_words_join(struct sk_call *call, cJSON *items)
{
    struct places places = {0};
    if (sk_permission("read.words", call->who.roles) && find_places(&places, items))
        for (size_t from = 0, done = 1; from < places.count && done > 0; from += done)
            done = ask_some(call, &places, from);
    sk_free(places.items);
}
