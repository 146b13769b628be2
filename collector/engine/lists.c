/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of one byte and what they need: 1 a row came (identifier, from, until, doors), 2 one went (identifier), 3 a difference
 * began (kind, identifier), 4 one ended. A row that changed went and came. */
#include "collector/engine/lists.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum {
    STEP_CAME = 1,
    STEP_WENT = 2,
    STEP_BEGAN = 3,
    STEP_ENDED = 4,
    STEP_MAX = 1 + 32 + 8 + 8 + 1 + 2 * SK_LIST_DOORS_MAX,
    STEPS_PER_FACT = SK_FACT_ROWS_MAX / (2 + SK_HASH_SIZE)
};

const char *sk_list_difference_word(uint8_t kind)
{
    static const char *const words[] = {
#define X(symbol, value, word, ja, en) [(value)] = (word),
        SK_LIST_DIFFERENCES(X)
#undef X
    };
    return kind < sizeof words / sizeof *words ? words[kind] : NULL;
}

void sk_list_release(struct sk_list *list)
{
    sk_free(list->spells);
    sk_free(list->differences);
    sk_free(list->waiting);
    *list = (struct sk_list){0};
}

static int order(const struct sk_hash *a, const struct sk_hash *b)
{
    return memcmp(a->bytes, b->bytes, SK_HASH_SIZE);
}

static int order_rows(const void *a, const void *b)
{
    const struct sk_list_row *left = a, *right = b;
    return order(&left->identifier, &right->identifier);
}

static int order_spells(const void *a, const void *b)
{
    const struct sk_spell *left = a, *right = b;
    const int by_card = order(&left->row.identifier, &right->row.identifier);
    return by_card != 0 ? by_card : (left->since_us > right->since_us) - (left->since_us < right->since_us);
}

static int order_differences(const void *a, const void *b)
{
    const struct sk_difference *left = a, *right = b;
    return order(&left->identifier, &right->identifier);
}

/* --- packing --- */

static bool is_same_row(const struct sk_list_row *a, const struct sk_list_row *b)
{
    return order(&a->identifier, &b->identifier) == 0 && a->from_us == b->from_us && a->until_us == b->until_us &&
           a->door_count == b->door_count && memcmp(a->doors, b->doors, a->door_count * sizeof *a->doors) == 0;
}

static void pack_bytes(struct sk_pack *pack, const uint8_t *bytes, size_t length)
{
    while (pack->err == SK_OK && pack->capacity - pack->length < length) {
        const size_t larger = pack->capacity == 0 ? 1024 : 2 * pack->capacity;
        uint8_t *grown = sk_realloc(pack->bytes, larger, 1);
        if (grown == NULL)
            pack->err = SK_ERR_NOMEM;
        else
            pack->bytes = grown;
        pack->capacity = grown != NULL ? larger : pack->capacity;
    }
    if (pack->err != SK_OK || length == 0)
        return;
    memcpy(pack->bytes + pack->length, bytes, length);
    pack->length += length;
}

static void pack_row(struct sk_pack *pack, const struct sk_list_row *row)
{
    uint8_t bytes[STEP_MAX];
    struct sk_writer writer;
    sk_writer_init(&writer, bytes, sizeof bytes);
    sk_write_u8(&writer, STEP_CAME);
    sk_write_bytes(&writer, row->identifier.bytes, SK_HASH_SIZE);
    sk_write_i64(&writer, row->from_us);
    sk_write_i64(&writer, row->until_us);
    sk_write_u8(&writer, row->door_count);
    for (size_t i = 0; i < row->door_count; i++)
        sk_write_u16(&writer, row->doors[i]);
    pack_bytes(pack, bytes, writer.length);
}

static void pack_went(struct sk_pack *pack, const struct sk_hash *identifier)
{
    uint8_t bytes[1 + SK_HASH_SIZE] = {STEP_WENT};
    memcpy(bytes + 1, identifier->bytes, SK_HASH_SIZE);
    pack_bytes(pack, bytes, sizeof bytes);
}

static void pack_difference(struct sk_pack *pack, uint8_t step, uint8_t kind, const struct sk_hash *identifier)
{
    uint8_t bytes[2 + SK_HASH_SIZE] = {step, kind};
    memcpy(bytes + 2, identifier->bytes, SK_HASH_SIZE);
    pack_bytes(pack, bytes, sizeof bytes);
}

/* One step read; false: none that could be ours. */
struct step {
    uint8_t what, kind;
    struct sk_list_row row;
};

static bool read_step(struct sk_reader *reader, struct step *step)
{
    memset(step, 0, sizeof *step); /* rows are compared and hashed */
    step->what = sk_read_u8(reader);
    if (step->what == STEP_BEGAN || step->what == STEP_ENDED)
        step->kind = sk_read_u8(reader);
    sk_read_copy(reader, step->row.identifier.bytes, SK_HASH_SIZE);
    if (step->what != STEP_CAME)
        return !reader->bad && step->what >= STEP_WENT && step->what <= STEP_ENDED;
    step->row.from_us = sk_read_i64(reader);
    step->row.until_us = sk_read_i64(reader);
    step->row.door_count = sk_read_u8(reader);
    if (step->row.door_count > SK_LIST_DOORS_MAX)
        return false;
    for (size_t i = 0; i < step->row.door_count; i++)
        step->row.doors[i] = sk_read_u16(reader);
    return !reader->bad;
}

size_t sk_pack_piece(const struct sk_pack *pack, size_t at)
{
    struct sk_reader reader;
    struct step step;
    size_t fits = 0;
    sk_reader_init(&reader, pack->bytes + at, pack->length - at);
    while (reader.left > 0 && read_step(&reader, &step) && pack->length - at - reader.left <= SK_FACT_ROWS_MAX)
        fits = pack->length - at - reader.left;
    return fits;
}

/* --- a new list against the one that stands --- */

static const struct sk_spell *next_live(const struct sk_list *list, size_t *at)
{
    while (*at < list->spell_count && list->spells[*at].gone_us != SK_NEVER)
        ++*at;
    return *at < list->spell_count ? &list->spells[*at] : NULL;
}

enum sk_err sk_list_steps(const struct sk_list *list, struct sk_list_row *rows, size_t count, struct sk_pack *ret_steps)
{
    size_t at = 0;
    if (count > SK_LIST_ROWS_CEILING)
        return SK_ERR_TOO_LONG;
    if (count > 0)
        qsort(rows, count, sizeof *rows, order_rows);
    for (size_t i = 1; i < count; i++)
        if (order(&rows[i - 1].identifier, &rows[i].identifier) == 0)
            return SK_ERR_EXISTS;
    for (size_t i = 0; i <= count; i++) {
        const struct sk_spell *spell = next_live(list, &at);
        for (; spell != NULL && (i == count || order(&spell->row.identifier, &rows[i].identifier) < 0);
             at++, spell = next_live(list, &at))
            pack_went(ret_steps, &spell->row.identifier);
        if (i == count)
            break;
        const bool there = spell != NULL && order(&spell->row.identifier, &rows[i].identifier) == 0;
        at += there;
        if (there && is_same_row(&spell->row, &rows[i]))
            continue;
        if (there)
            pack_went(ret_steps, &rows[i].identifier);
        pack_row(ret_steps, &rows[i]);
    }
    return ret_steps->err;
}

enum sk_err sk_list_digest(struct sk_sha256 *sha, const struct sk_list_row *rows, size_t count, struct sk_hash *ret_digest)
{
    struct sk_pack pack = {0};
    for (size_t i = 0; i < count; i++)
        pack_row(&pack, &rows[i]);
    const struct sk_slice slice = {pack.bytes, pack.length};
    const enum sk_err err = pack.err == SK_OK ? sk_sha256_run(sha, &slice, 1, ret_digest) : pack.err;
    sk_free(pack.bytes);
    return err;
}

/* --- folds --- */

enum sk_err sk_list_take_rows(struct sk_list *list, const struct sk_fact *fact)
{
    if (list->waiting_us != fact->taken_us)
        list->waiting_length = 0;
    list->waiting_us = fact->taken_us;
    struct sk_pack pack = {list->waiting, list->waiting_length, list->waiting_capacity, SK_OK};
    pack_bytes(&pack, fact->rows, fact->rows_length);
    list->waiting = pack.bytes;
    list->waiting_length = pack.length;
    list->waiting_capacity = pack.capacity;
    return pack.err;
}

/* The spell that stands, among the first `sorted` ones. */
static struct sk_spell *find_live(const struct sk_list *list, size_t sorted, const struct sk_hash *identifier)
{
    size_t low = 0, high = sorted;
    while (low < high) { /* the first one behind all spells of this card */
        const size_t middle = low + (high - low) / 2;
        if (order(&list->spells[middle].row.identifier, identifier) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct sk_spell *last = low > 0 ? &list->spells[low - 1] : NULL;
    return last != NULL && order(&last->row.identifier, identifier) == 0 && last->gone_us == SK_NEVER ? last : NULL;
}

/* Room for so many more, so that nothing fails once something has moved. */
static enum sk_err make_room(void **items, size_t needed, size_t *capacity, size_t size)
{
    while (*capacity < needed) {
        void *grown = sk_grow(*items, *capacity, capacity, size, 40 * (size_t)SK_LIST_ROWS_CEILING);
        if (grown == NULL)
            return SK_ERR_NOMEM;
        *items = grown;
    }
    return SK_OK;
}

static enum sk_err apply_steps(struct sk_list *list, int64_t taken_us)
{
    const size_t sorted = list->spell_count;
    void *spells = list->spells;
    const enum sk_err err =
        make_room(&spells, sorted + list->waiting_length / (1 + SK_HASH_SIZE), &list->spell_capacity, sizeof *list->spells);
    list->spells = spells;
    if (err != SK_OK)
        return err;
    struct sk_reader reader;
    struct step step;
    sk_reader_init(&reader, list->waiting, list->waiting_length);
    while (reader.left > 0) {
        if (!read_step(&reader, &step) || step.what > STEP_WENT)
            return SK_ERR_PARSE;
        struct sk_spell *there = step.what == STEP_WENT ? find_live(list, sorted, &step.row.identifier) : NULL;
        if (step.what == STEP_WENT && there == NULL)
            return SK_ERR_PARSE;
        if (step.what == STEP_WENT) {
            there->gone_us = taken_us;
            list->live--;
            continue;
        }
        list->spells[list->spell_count++] = (struct sk_spell){step.row, taken_us, SK_NEVER};
        list->live++;
    }
    if (list->spell_count > sorted)
        qsort(list->spells, list->spell_count, sizeof *list->spells, order_spells);
    return SK_OK;
}

static enum sk_err check_digest(const struct sk_list *list, struct sk_sha256 *sha, const struct sk_hash *digest)
{
    struct sk_pack pack = {0};
    struct sk_hash found;
    for (size_t i = 0; i < list->spell_count; i++)
        if (list->spells[i].gone_us == SK_NEVER)
            pack_row(&pack, &list->spells[i].row);
    const struct sk_slice slice = {pack.bytes, pack.length};
    enum sk_err err = pack.err == SK_OK ? sk_sha256_run(sha, &slice, 1, &found) : pack.err;
    sk_free(pack.bytes);
    return err == SK_OK && memcmp(&found, digest, sizeof found) != 0 ? SK_ERR_CORRUPT : err;
}

enum sk_err sk_list_take_received(struct sk_list *list, struct sk_sha256 *sha, const struct sk_fact *fact)
{
    if (list->waiting_us != fact->taken_us)
        list->waiting_length = 0;
    enum sk_err err = apply_steps(list, fact->taken_us);
    list->waiting_length = 0;
    if (err == SK_OK)
        err = list->live == fact->count ? check_digest(list, sha, &fact->digest) : SK_ERR_CORRUPT;
    if (err != SK_OK)
        return err;
    list->number++;
    list->taken_us = fact->taken_us;
    list->received_us = fact->t_us;
    list->digest = fact->digest;
    return SK_OK;
}

static struct sk_difference *find_difference(const struct sk_list *list, size_t sorted, const struct sk_hash *identifier)
{
    const struct sk_difference key = {.identifier = *identifier};
    return sorted == 0 ? NULL : bsearch(&key, list->differences, sorted, sizeof key, order_differences);
}

/* Lets go of those that ended and brings those that began behind the sorted ones to their places. A fact holds a handful of
 * steps and the list perhaps 50 000 differences, so they are not all sorted again. */
static void settle_differences(struct sk_list *list, size_t sorted)
{
    struct sk_difference came[STEPS_PER_FACT];
    const size_t came_count = list->difference_count - sorted;
    size_t kept = 0;
    if (came_count > 0) {
        memcpy(came, list->differences + sorted, came_count * sizeof *came);
        qsort(came, came_count, sizeof *came, order_differences);
    }
    for (size_t i = 0; i < sorted; i++)
        if (list->differences[i].kind != 0)
            list->differences[kept++] = list->differences[i];
    list->difference_count = kept + came_count;
    for (size_t left = came_count; left > 0;) {
        const bool older = kept > 0 && order_differences(&list->differences[kept - 1], &came[left - 1]) > 0;
        list->differences[kept + left - 1] = older ? list->differences[kept - 1] : came[left - 1];
        kept -= older;
        left -= !older;
    }
}

/* One step: it ends a difference among the sorted ones, or a new one waits behind them. */
static enum sk_err take_difference(struct sk_list *list, size_t sorted, const struct step *step, int64_t at_us)
{
    struct sk_difference *there = step->what == STEP_ENDED ? find_difference(list, sorted, &step->row.identifier) : NULL;
    if (there != NULL && there->kind == step->kind)
        there->kind = 0;
    else if (step->what == STEP_BEGAN && step->kind != 0)
        list->differences[list->difference_count++] = (struct sk_difference){step->row.identifier, step->kind, at_us};
    else
        return SK_ERR_PARSE;
    return SK_OK;
}

enum sk_err sk_list_take_compared(struct sk_list *list, const struct sk_fact *fact)
{
    struct sk_reader reader;
    struct step step;
    const size_t sorted = list->difference_count;
    void *differences = list->differences;
    const enum sk_err err = make_room(&differences, list->difference_count + fact->rows_length / (2 + SK_HASH_SIZE),
                                      &list->difference_capacity, sizeof *list->differences);
    list->differences = differences;
    if (err != SK_OK)
        return err;
    sk_reader_init(&reader, fact->rows, fact->rows_length);
    enum sk_err read = SK_OK;
    while (read == SK_OK && reader.left > 0)
        read = read_step(&reader, &step) ? take_difference(list, sorted, &step, fact->t_us) : SK_ERR_PARSE;
    settle_differences(list, sorted);
    if (read != SK_OK)
        return read;
    list->compared_us = fact->t_us;
    return SK_OK;
}

const struct sk_spell *sk_list_at(const struct sk_list *list, const struct sk_hash *identifier, int64_t at_us)
{
    const struct sk_spell *found = NULL;
    for (size_t low = 0, high = list->spell_count; low < high && found == NULL;) {
        const size_t middle = low + (high - low) / 2;
        const struct sk_spell *spell = &list->spells[middle];
        const int by_card = order(&spell->row.identifier, identifier);
        if (by_card == 0 && at_us >= spell->since_us && at_us < spell->gone_us)
            found = spell;
        else if (by_card < 0 || (by_card == 0 && at_us >= spell->gone_us))
            low = middle + 1;
        else
            high = middle;
    }
    return found;
}

/* --- differences --- */

struct tally {
    const struct sk_list *list;
    struct sk_pack *steps;
    uint32_t *counts;
};

static void note(struct tally *tally, const struct sk_hash *identifier, uint8_t kind)
{
    const struct sk_difference *there = find_difference(tally->list, tally->list->difference_count, identifier);
    if (kind != 0)
        tally->counts[kind]++;
    if (there != NULL && there->kind != kind)
        pack_difference(tally->steps, STEP_ENDED, there->kind, identifier);
    if (kind != 0 && (there == NULL || there->kind != kind))
        pack_difference(tally->steps, STEP_BEGAN, kind, identifier);
}

/* Every card once: those on the list that the roster does not know, then all the roster ever knew. */
enum sk_err sk_list_compare(const struct sk_list *list, const struct sk_roster_view *view, const struct sk_site *site,
                            struct sk_pack *ret_steps, uint32_t ret_counts[5])
{
    struct tally tally = {list, ret_steps, ret_counts};
    const struct sk_roster_change *credential;
    const char *id;
    memset(ret_counts, 0, 5 * sizeof *ret_counts);
    for (size_t i = 0; i < list->spell_count; i++)
        if (sk_roster_by_identifier(view, &list->spells[i].row.identifier) == NULL &&
            (i + 1 == list->spell_count || order(&list->spells[i].row.identifier, &list->spells[i + 1].row.identifier) != 0))
            note(&tally, &list->spells[i].row.identifier,
                 list->spells[i].gone_us == SK_NEVER ? sk_list_judge(site, &list->spells[i], NULL) : 0);
    for (size_t i = 0; (id = sk_roster_entity_at(view->roster, SK_EV_CREDENTIAL_ISSUED, i)) != NULL; i++) {
        struct sk_expected expected;
        if ((credential = sk_roster_get(view, SK_EV_CREDENTIAL_ISSUED, id)) == NULL)
            continue;
        sk_list_expect(view, site, list->device, credential, &expected);
        note(&tally, &expected.identifier,
             sk_list_judge(site, sk_list_at(list, &expected.identifier, SK_NEVER - 1), &expected));
    }
    return ret_steps->err;
}
