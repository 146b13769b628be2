/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in hash buckets; buckets double with the lists, so a look-up walks a few. Within a list entries ascend by number: they
 * are mostly added at the end, and an older one that is amended finds its place from there. */
#include "schemas/model/register_index.h"

#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/register_internal.h"

enum { FIRST_BUCKETS = 64, LIST_MAX = 1 << 20 };

struct sk_register_list {
    struct sk_register_list *next; /* of the bucket */
    uint64_t hash;
    uint16_t field;
    const struct sk_entry **entries;
    size_t count, capacity;
    size_t length;
    char text[];
};

/* What questions begin with: whose paper is it, which visit, what kind of proof. */
static const uint16_t indexed[] = {SK_F_PERMIT_WORKERS, SK_F_EMERGENCY_WORKERS, SK_F_VISIT_PERSON, SK_F_GOODS_PERSON,
                                   SK_F_ATTESTATION_KIND};

static uint64_t hash_of(uint16_t field, const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u ^ field; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)text[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

static void list_free(struct sk_register_list *list)
{
    sk_free(list->entries);
    sk_free(list);
}

void sk_register_index_release(struct sk_register_index *index)
{
    for (size_t i = 0; i < index->bucket_count; i++)
        while (index->buckets[i] != NULL) {
            struct sk_register_list *list = index->buckets[i];
            index->buckets[i] = list->next;
            list_free(list);
        }
    sk_free(index->buckets);
    *index = (struct sk_register_index){0};
}

static struct sk_register_list *find(const struct sk_register_index *index, uint64_t hash, uint16_t field, const char *text,
                                     size_t length)
{
    if (index->bucket_count == 0)
        return NULL;
    struct sk_register_list *list = index->buckets[hash & (index->bucket_count - 1)];
    while (list != NULL &&
           (list->hash != hash || list->field != field || list->length != length || memcmp(list->text, text, length) != 0))
        list = list->next;
    return list;
}

static enum sk_err widen(struct sk_register_index *index)
{
    const size_t wider = index->bucket_count == 0 ? FIRST_BUCKETS : 2 * index->bucket_count;
    struct sk_register_list **buckets = sk_calloc(wider, sizeof(struct sk_register_list *));
    if (buckets == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < index->bucket_count; i++)
        while (index->buckets[i] != NULL) {
            struct sk_register_list *list = index->buckets[i], **head = &buckets[list->hash & (wider - 1)];
            index->buckets[i] = list->next;
            list->next = *head;
            *head = list;
        }
    sk_free(index->buckets);
    index->buckets = buckets;
    index->bucket_count = wider;
    return SK_OK;
}

static struct sk_register_list *find_or_make(struct sk_register_index *index, uint16_t field, const char *text, size_t length)
{
    const uint64_t hash = hash_of(field, text, length);
    struct sk_register_list *list = find(index, hash, field, text, length);
    if (list != NULL || (index->list_count >= index->bucket_count && widen(index) != SK_OK))
        return list;
    list = sk_calloc(1, sizeof *list + length);
    if (list == NULL)
        return NULL;
    struct sk_register_list **head = &index->buckets[hash & (index->bucket_count - 1)];
    list->next = *head;
    list->hash = hash;
    list->field = field;
    list->length = length;
    memcpy(list->text, text, length);
    *head = list;
    index->list_count++;
    return list;
}

static enum sk_err put(struct sk_register_list *list, const struct sk_entry *entry)
{
    size_t place = list->count;
    while (place > 0 && list->entries[place - 1]->number > entry->number)
        place--;
    if (place > 0 && list->entries[place - 1] == entry)
        return SK_OK;
    const struct sk_entry **entries = sk_grow(list->entries, list->count, &list->capacity, sizeof *entries, LIST_MAX);
    if (entries == NULL)
        return SK_ERR_NOMEM;
    list->entries = entries;
    memmove(&entries[place + 1], &entries[place], (list->count - place) * sizeof *entries);
    entries[place] = entry;
    list->count++;
    return SK_OK;
}

enum sk_err sk_register_index_add(struct sk_register_index *index, const struct sk_entry *entry,
                                  const struct sk_register_act *act)
{
    for (size_t i = 0; i < sizeof indexed / sizeof *indexed; i++) {
        struct sk_field_value value;
        const char *text;
        size_t length, cursor = 0;
        if (indexed[i] >> 8 != entry->register_ ||
            !sk_field_find(entry->register_, act->fields, act->fields_length, indexed[i], &value))
            continue;
        while (sk_value_item(&value, &cursor, &text, &length)) {
            struct sk_register_list *list = find_or_make(index, indexed[i], text, length);
            if (list == NULL || put(list, entry) != SK_OK)
                return SK_ERR_NOMEM;
        }
    }
    return SK_OK;
}

static void sweep(struct sk_register_list *list, bool (*goes)(const void *context, const struct sk_entry *entry),
                  const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!goes(context, list->entries[i]))
            list->entries[kept++] = list->entries[i];
    list->count = kept;
}

void sk_register_index_drop(struct sk_register_index *index, bool (*goes)(const void *context, const struct sk_entry *entry),
                            const void *context)
{
    for (size_t i = 0; i < index->bucket_count; i++)
        for (struct sk_register_list **at = &index->buckets[i]; *at != NULL;) {
            struct sk_register_list *list = *at;
            sweep(list, goes, context);
            if (list->count > 0) {
                at = &list->next;
                continue;
            }
            *at = list->next;
            list_free(list);
            index->list_count--;
        }
}

struct sk_entries sk_register_index_get(const struct sk_register_index *index, uint16_t field, const char *text)
{
    const size_t length = strlen(text);
    const struct sk_register_list *list = find(index, hash_of(field, text, length), field, text, length);
    return list != NULL ? (struct sk_entries){list->entries, list->count} : (struct sk_entries){NULL, 0};
}
