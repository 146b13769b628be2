/* SPDX-License-Identifier: Apache-2.0 */
/* Setting things by name: overrides of points, and the knobs of the surroundings that no device owns. */
#include <stddef.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "sim/plant/state.h"

static const struct knob_row {
    const char *name;
    size_t offset;
    double low, high;
} KNOBS[] = {
    {"plant/utility", offsetof(struct sk_plant, utility), 0, 1}, /* 1: the utility feeds, 0: it is out */
    {"plant/utility.voltage", offsetof(struct sk_plant, utility_v), 0, 500},
    {"plant/outside.temperature", offsetof(struct sk_plant, outside_c), -60, 60},
    {"plant/outside.humidity", offsetof(struct sk_plant, outside_rh), 0, 100},
    {"plant/it.load_kw", offsetof(struct sk_plant, it_kw), 0, 1000},
    {"plant/earthquake.gal", offsetof(struct sk_plant, quake_gal), 0, 2000},
    {"plant/water.level_mm", offsetof(struct sk_plant, water_mm), 0, 5000},
};
enum { KNOB_COUNT = sizeof KNOBS / sizeof KNOBS[0] };

static double *knob_at(struct sk_plant *plant, const struct knob_row *row)
{
    return (double *)(void *)((char *)plant + row->offset);
}

const char *sk_plant_knob(const struct sk_plant *plant, size_t index, double *ret_value)
{
    if (index >= KNOB_COUNT) {
        return NULL;
    }
    memcpy(ret_value, (const char *)plant + KNOBS[index].offset, sizeof *ret_value);
    return KNOBS[index].name;
}

static enum sk_err set_knob(struct sk_plant *plant, const char *id, const struct sk_plant_input *input, struct sk_fault *fault)
{
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        if (strcmp(KNOBS[i].name, id) != 0) {
            continue;
        }
        if (input->form != SK_PLANT_NUMBER || !(input->number >= KNOBS[i].low && input->number <= KNOBS[i].high)) {
            return sk_fault_set(fault, SK_ERR_INVALID, "%s takes a number from %g to %g", id, KNOBS[i].low, KNOBS[i].high);
        }
        *knob_at(plant, &KNOBS[i]) = input->number;
        return SK_OK;
    }
    return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no knob '%s' in the plant; GET /state lists them", id);
}

static enum sk_err parse_flags(const struct sk_point *point, const char *words, double *ret_mask, struct sk_fault *fault)
{
    uint64_t mask = 0;
    char word[48];
    while (*words != '\0') {
        const size_t length = strcspn(words, " ");
        (void)sk_text_format(word, sizeof word, "%.*s", (int)length, words);
        const int bit = sk_point_state_parse(point->kind, word);
        if (bit < 0 || bit > 52) {
            return sk_fault_set(fault, SK_ERR_INVALID, "%s has no word '%s'; its first is '%s'", point->id, word,
                                point->kind->states[0]);
        }
        mask |= UINT64_C(1) << bit;
        words += length;
        words += strspn(words, " ");
    }
    *ret_mask = (double)mask;
    return SK_OK;
}

static enum sk_err set_word(const struct sk_point *point, struct plant_point *mine, const char *word, struct sk_fault *fault)
{
    if (point->kind->kind == SK_KIND_FLAGS) {
        return parse_flags(point, word, &mine->number, fault);
    }
    if (point->kind->kind == SK_KIND_STATE) {
        const int state = sk_point_state_parse(point->kind, word);
        if (state < 0) {
            return sk_fault_set(fault, SK_ERR_INVALID, "%s has no state '%s'; its first is '%s'", point->id, word,
                                point->kind->states[0]);
        }
        mine->number = state;
        return SK_OK;
    }
    if (point->kind->kind == SK_KIND_NUMBER) {
        return sk_fault_set(fault, SK_ERR_INVALID, "%s takes a number", point->id);
    }
    return sk_text_copy(mine->text, sizeof mine->text, word)
               ? SK_OK
               : sk_fault_set(fault, SK_ERR_TOO_LONG, "%s takes at most %d bytes", point->id, SK_TEXT_VALUE - 1);
}

static enum sk_err set_number(const struct sk_point *point, struct plant_point *mine, double number, struct sk_fault *fault)
{
    const bool whole = number >= 0.0 && number == floor(number);
    const bool fits = point->kind->kind == SK_KIND_NUMBER  ? isfinite(number)
                      : point->kind->kind == SK_KIND_STATE ? whole && number < (double)point->kind->state_count
                      : point->kind->kind == SK_KIND_FLAGS ? whole && number < 0x1p53
                                                           : false;
    if (!fits) {
        return sk_fault_set(fault, SK_ERR_INVALID, "%g is no value of %s", number, point->id);
    }
    mine->number = number;
    return SK_OK;
}

enum sk_err sk_plant_set(struct sk_plant *plant, const char *id, const struct sk_plant_input *input, struct sk_fault *fault)
{
    if (strncmp(id, "plant/", 6) == 0) {
        return set_knob(plant, id, input, fault);
    }
    const int32_t index = sk_site_point(plant->site, id);
    if (index < 0 || plant->site->points[index].profile == NULL) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no device says '%s'", id);
    }
    const struct sk_point *point = &plant->site->points[index];
    struct plant_point *mine = &plant->points[index];
    if (input->form == SK_PLANT_RELEASE) {
        mine->overridden = false;
        return SK_OK;
    }
    struct plant_point next = {.row = mine->row, .n = mine->n, .overridden = true, .missing = input->form == SK_PLANT_MISSING};
    enum sk_err err = SK_OK;
    if (input->form == SK_PLANT_WORD) {
        err = set_word(point, &next, input->word, fault);
    } else if (input->form == SK_PLANT_NUMBER) {
        err = set_number(point, &next, input->number, fault);
    }
    if (err == SK_OK) {
        *mine = next;
    }
    return err;
}
