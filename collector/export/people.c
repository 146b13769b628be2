/* SPDX-License-Identifier: Apache-2.0 */
/* A table by tag, open addressing, doubled at two thirds; labels hang on their person. */
#include "collector/export/people.h"

#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/roster.h"

enum { FIRST_SLOTS = 256 };

struct person {
    uint8_t tag[SK_SUBJECT_SIZE];
    char id[SK_ENTITY_MAX]; /* "": a free slot */
    uint64_t version;       /* that the label was asked under */
    struct sk_person_label *label;
};

struct sk_people {
    struct sk_vault *vault;
    struct person *slots;
    size_t count, capacity;
    struct person *last;
};

/* Tags are random: their first bytes are as good as a hash. */
static struct person *find_slot(const struct sk_people *people, const uint8_t tag[SK_SUBJECT_SIZE])
{
    size_t at;
    memcpy(&at, tag, sizeof at);
    for (at %= people->capacity;; at = (at + 1) % people->capacity) {
        struct person *person = &people->slots[at];
        if (person->id[0] == '\0' || memcmp(person->tag, tag, SK_SUBJECT_SIZE) == 0)
            return person;
    }
}

static enum sk_err grow(struct sk_people *people)
{
    struct sk_people larger = *people;
    larger.capacity = people->capacity * 2;
    larger.slots = sk_calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < people->capacity; i++)
        if (people->slots[i].id[0] != '\0')
            *find_slot(&larger, people->slots[i].tag) = people->slots[i];
    sk_free(people->slots);
    *people = larger;
    return SK_OK;
}

static enum sk_err take_change(void *context, uint16_t ev, const void *body, size_t length)
{
    struct sk_people *people = context;
    struct sk_roster_change change;
    if (sk_roster_family(ev) != SK_EV_PERSON_CREATED)
        return SK_OK;
    if (sk_roster_change_read(ev, body, length, &change) != SK_OK)
        return SK_ERR_CORRUPT;
    if (people->count * 3 >= people->capacity * 2 && grow(people) != SK_OK)
        return SK_ERR_NOMEM;
    struct person *person = find_slot(people, change.person.tag);
    people->count += person->id[0] == '\0';
    memcpy(person->tag, change.person.tag, SK_SUBJECT_SIZE);
    sk_text_copy(person->id, sizeof person->id, change.entity);
    return SK_OK;
}

enum sk_err sk_people_load(struct sk_store *store, struct sk_vault *vault, struct sk_people **ret_people)
{
    struct sk_people *people = sk_calloc(1, sizeof *people);
    if (people == NULL)
        return SK_ERR_NOMEM;
    people->vault = vault;
    people->capacity = FIRST_SLOTS;
    people->slots = sk_calloc(people->capacity, sizeof *people->slots);
    enum sk_err err = people->slots == NULL ? SK_ERR_NOMEM : sk_store_roster_each(store, take_change, people);
    if (err != SK_OK) {
        sk_people_free(people);
        return err;
    }
    *ret_people = people;
    return SK_OK;
}

void sk_people_free(struct sk_people *people)
{
    if (people == NULL)
        return;
    for (size_t i = 0; people->slots != NULL && i < people->capacity; i++)
        sk_free_secret(people->slots[i].label, sizeof *people->slots[i].label);
    sk_free(people->slots);
    sk_free(people);
}

const char *sk_people_id(struct sk_people *people, const uint8_t tag[SK_SUBJECT_SIZE])
{
    static const uint8_t nobody[SK_SUBJECT_SIZE];
    people->last = memcmp(tag, nobody, sizeof nobody) == 0 ? NULL : find_slot(people, tag);
    if (people->last == NULL || people->last->id[0] == '\0') {
        people->last = NULL;
        return NULL;
    }
    return people->last->id;
}

const struct sk_person_label *sk_people_label(struct sk_people *people, uint64_t version)
{
    struct person *person = people->last;
    if (people->vault == NULL || person == NULL)
        return NULL;
    if (person->label == NULL && (person->label = sk_calloc(1, sizeof *person->label)) == NULL)
        return NULL;
    if (person->version != version || version == 0) {
        person->version = version;
        if (sk_vault_person_get(people->vault, person->id, version > 0 ? version : INT64_MAX, person->label) != SK_OK)
            *person->label = (struct sk_person_label){0};
    }
    return person->label->id[0] != '\0' ? person->label : NULL;
}

enum sk_err sk_people_words(struct sk_people *people, const uint8_t commit[SK_HASH_SIZE], struct sk_words *ret_words)
{
    struct sk_hash hash;
    memcpy(hash.bytes, commit, SK_HASH_SIZE);
    return people->vault != NULL ? sk_vault_words_get(people->vault, &hash, ret_words) : SK_ERR_DENIED;
}
