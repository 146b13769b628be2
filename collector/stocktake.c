/* SPDX-License-Identifier: Apache-2.0 */
/* What a stock-take under way has to find, so that nobody counts the books by hand: entries of the register it is about that
 * stand now, and which of them were seen since it began. Registers of which nothing is ever "seen" show what stands. */
#include <string.h>

#include "collector/request.h"

enum { NAMED_MAX = 500 }; /* an answer is one line of at most 64 KiB */

#define IN(state) (UINT64_C(1) << SK_RS_##state)
static const struct book {
    const char *kind; /* word of the stock-take's kind */
    uint8_t register_;
    uint64_t states;        /* in which an entry is on the books */
    uint16_t seen;          /* the act that says it was seen; 0 none */
    uint16_t with, without; /* fields that must stand, that must not; 0 none */
} books[] = {
    {"inventory", SK_REGISTER_ITEM, IN(IN_USE) | IN(SPARE) | IN(RETIRED) | IN(REPAIR), SK_EV_ITEM_SEEN, 0, 0},
    {"media", SK_REGISTER_MEDIA, IN(IN_USE) | IN(LENT) | IN(LOST), 0, 0, 0},
    {"keys", SK_REGISTER_KEY, IN(LENT) | IN(LOST), 0, 0, 0},
    {"badges", SK_REGISTER_VISIT, IN(ARRIVED) | IN(INSIDE) | IN(DEPARTED) | IN(NOT_OBSERVED), 0, SK_F_VISIT_BADGE,
     SK_F_VISIT_BADGE_IN_AT},
    {"carried_in", SK_REGISTER_GOODS, IN(IN) | IN(DEPOSITED), 0, 0, 0},
};
#undef IN

static bool stands(const struct sk_entry *entry, uint16_t field)
{
    struct sk_field_value value;
    return sk_entry_field(entry, field, SK_NEVER, &value);
}

static bool is_on(const struct book *book, const struct sk_entry *entry)
{
    return (book->states >> entry->state & 1) != 0 && (book->with == 0 || stands(entry, book->with)) &&
           (book->without == 0 || !stands(entry, book->without));
}

static const struct book *book_of(const struct sk_entry *stocktake)
{
    for (size_t i = 0; i < sizeof books / sizeof *books; i++)
        if (sk_entry_has(stocktake, SK_F_STOCKTAKE_KIND, SK_NEVER, books[i].kind))
            return &books[i];
    return NULL;
}

void sk_stocktake_add(const struct sk_registers *registers, const struct sk_entry *stocktake, cJSON *item)
{
    const struct book *book = stocktake->register_ == SK_REGISTER_STOCKTAKE ? book_of(stocktake) : NULL;
    const struct sk_entry *entry;
    size_t cursor = 0, on_books = 0, seen = 0;
    if (book == NULL || sk_register_state_is_final(stocktake->state))
        return;
    cJSON *count = cJSON_AddObjectToObject(item, "count"), *missing = cJSON_CreateArray();
    while ((entry = sk_registers_next(registers, book->register_, &cursor)) != NULL) {
        if (!is_on(book, entry))
            continue;
        on_books++;
        const struct sk_entry_act *act = book->seen != 0 ? sk_entry_act(entry, book->seen, SK_NEVER) : NULL;
        if (act != NULL && act->at_us >= stocktake->acts[0].at_us)
            seen++;
        else if (cJSON_GetArraySize(missing) < NAMED_MAX)
            cJSON_AddItemToArray(missing, cJSON_CreateString(entry->id));
    }
    cJSON_AddNumberToObject(count, "on_books", (double)on_books);
    if (book->seen != 0)
        cJSON_AddNumberToObject(count, "seen", (double)seen);
    cJSON_AddItemToObject(count, book->seen != 0 ? "not_seen" : "standing", missing);
}
