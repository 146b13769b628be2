/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of point, found by name in one probe or two.
 *
 * The list is compiled in; its word lists ("open|closed") are cut apart and its names hashed once, at the first use, into
 * arrays whose size the compiler took from the list. A name is brought to its family's form first: every step that is a
 * number 1..999, written without leading zeros, becomes "n". */
#include <pthread.h>
#include <string.h>

#include "schemas/model/vocab.h"

struct row {
    const char *name;
    enum sk_value_kind kind;
    enum sk_unit unit;
    const char *states, *ja, *en;
};

#define K(name, kind, unit, states, ja, en) {name, kind, unit, states, ja, en},
static const struct row ROWS[] = {
#include "schemas/vocab/points.def"
};
#undef K

#define K(name, kind, unit, states, ja, en) +sizeof(states) /* NOLINT(bugprone-macro-parentheses): terms of one sum */
enum {
    ROW_COUNT = sizeof(ROWS) / sizeof(ROWS[0]),
    WORD_BYTES = 0
#include "schemas/vocab/points.def"
    , /* every word takes at least one byte and its end */
    WORD_COUNT = WORD_BYTES / 2,
    SLOTS = 2048, /* a power of two, at least twice the rows */
    NAME_MAX_ = 64
};
#undef K
_Static_assert(ROW_COUNT * 2 <= SLOTS, "the hash table is too full: double SLOTS");

static struct sk_point_kind kinds[ROW_COUNT];
static char word_bytes[WORD_BYTES];
static const char *words[WORD_COUNT];
static uint16_t slots[SLOTS]; /* row + 1; 0 free */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h ^ (h >> 15);
}

/* Cuts row's words into the pools; returns how many. */
static size_t cut_states(const char *states, char *bytes, const char **list)
{
    size_t count = 0;
    char *rest = bytes;

    if (!states)
        return 0;
    memcpy(bytes, states, strlen(states) + 1);
    for (char *word; (word = strsep(&rest, "|"));)
        list[count++] = word;
    return count;
}

static void build(void)
{
    size_t byte_at = 0, word_at = 0;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &ROWS[i];
        size_t count = cut_states(row->states, word_bytes + byte_at, words + word_at);
        uint32_t slot = hash(row->name) % SLOTS;

        kinds[i] =
            (struct sk_point_kind){row->name, row->kind, row->unit, count ? words + word_at : NULL, count, row->ja, row->en};
        byte_at += row->states ? strlen(row->states) + 1 : 0;
        word_at += count;
        while (slots[slot])
            slot = (slot + 1) % SLOTS;
        slots[slot] = (uint16_t)(i + 1);
    }
}

static bool is_number_step(const char *step, size_t length)
{
    if (length < 1 || length > 3 || step[0] == '0')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (step[i] < '0' || step[i] > '9')
            return false;
    }
    return true;
}

/* The family's form of a name. False for what no point can be called: too long, or "n" itself as a step. */
static bool to_family(const char *name, char form[NAME_MAX_])
{
    size_t at = 0;

    for (;;) {
        size_t length = strcspn(name, ".");
        bool number = is_number_step(name, length);

        if (length == 1 && name[0] == 'n')
            return false;
        if (at + length + 2 > NAME_MAX_)
            return false;
        memcpy(form + at, number ? "n" : name, number ? 1 : length);
        at += number ? 1 : length;
        if (name[length] == '\0')
            break;
        form[at++] = '.';
        name += length + 1;
    }
    form[at] = '\0';
    return true;
}

const struct sk_point_kind *sk_point_kind_find(const char *name)
{
    char form[NAME_MAX_];

    if (!name || !to_family(name, form))
        return NULL;
    pthread_once(&once, build);
    for (uint32_t slot = hash(form) % SLOTS; slots[slot]; slot = (slot + 1) % SLOTS) {
        const struct sk_point_kind *kind = &kinds[slots[slot] - 1];
        if (!strcmp(kind->name, form))
            return kind;
    }
    return NULL;
}

const struct sk_point_kind *sk_point_kind_at(size_t index)
{
    pthread_once(&once, build);
    return index < ROW_COUNT ? &kinds[index] : NULL;
}

int sk_point_state_parse(const struct sk_point_kind *kind, const char *word)
{
    for (size_t i = 0; kind && word && i < kind->state_count; i++) {
        if (!strcmp(kind->states[i], word))
            return (int)i;
    }
    return -1;
}
