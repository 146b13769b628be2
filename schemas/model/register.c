/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: acts in order give entries. A shelf per register, entries by number upwards; an entry owns its acts, an act its
 * bytes, so what is asked about a moment is answered by looking at the acts done by then, newest first. */
#include <string.h>

#include "schemas/base/mem.h"
#include "schemas/model/register_index.h"
#include "schemas/model/register_internal.h"
#include "schemas/model/register_joints.h"

enum { SHELVES = 64, ENTRIES_MAX = 1 << 20 };

struct box {
    struct sk_entry entry;
    struct sk_entry_act *acts;
    size_t capacity;
};
struct shelf {
    struct box **boxes; /* ascending by number */
    size_t count, capacity;
    uint32_t last; /* highest number given out */
};
struct sk_registers {
    struct shelf shelves[SHELVES];
    struct sk_register_index index;
    struct sk_joints joints;
};

enum sk_err sk_registers_create(struct sk_registers **ret_registers)
{
    *ret_registers = sk_calloc(1, sizeof **ret_registers);
    return *ret_registers != NULL ? SK_OK : SK_ERR_NOMEM;
}

static void box_free(struct box *box)
{
    if (box == NULL)
        return;
    for (size_t i = 0; i < box->entry.act_count; i++)
        sk_free((void *)(uintptr_t)box->acts[i].fields);
    sk_free(box->acts);
    sk_free(box);
}

void sk_registers_free(struct sk_registers *registers)
{
    if (registers == NULL)
        return;
    for (size_t s = 0; s < SHELVES; s++) {
        for (size_t i = 0; i < registers->shelves[s].count; i++)
            box_free(registers->shelves[s].boxes[i]);
        sk_free(registers->shelves[s].boxes);
    }
    sk_register_index_release(&registers->index);
    sk_joints_release(&registers->joints);
    sk_free(registers);
}

/* Place of a number on its shelf, or where it would stand. */
static size_t place_of(const struct shelf *shelf, uint32_t number)
{
    size_t low = 0, high = shelf->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (shelf->boxes[middle]->entry.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct box *find(const struct sk_registers *registers, uint8_t register_, uint32_t number)
{
    const struct shelf *shelf = &registers->shelves[register_];
    const size_t place = place_of(shelf, number);
    return place < shelf->count && shelf->boxes[place]->entry.number == number ? shelf->boxes[place] : NULL;
}

static struct box *find_id(const struct sk_registers *registers, const char *id)
{
    uint8_t register_;
    uint32_t number;
    return sk_entry_id_parse(id, &register_, &number) && register_ < SHELVES ? find(registers, register_, number) : NULL;
}

/* --- applying --- */

static enum sk_err check_opening(const struct sk_registers *registers, const struct sk_register_act *act, uint32_t number,
                                 struct sk_fault *fault)
{
    if (find(registers, act->row->register_, number) != NULL || number <= registers->shelves[act->row->register_].last)
        return sk_fault_set(fault, SK_ERR_EXISTS, "%s: this number was given out before", act->entry);
    return act->step == 1 ? SK_OK : sk_fault_set(fault, SK_ERR_INVALID, "%s: its first step is 1", act->entry);
}

enum sk_err sk_registers_check(const struct sk_registers *registers, const struct sk_register_act *act, struct sk_fault *fault)
{
    uint8_t register_;
    uint32_t number;
    if (!sk_entry_id_parse(act->entry, &register_, &number) || register_ != act->row->register_ || register_ >= SHELVES ||
        act->fields_length > SK_FIELDS_BYTES_MAX || (act->row->to != 0 && act->state != act->row->to))
        return sk_fault_set(fault, SK_ERR_INVALID, "%s: not an entry of this register", act->entry);
    if ((act->row->rules & SK_AR_OPENS) != 0)
        return check_opening(registers, act, number, fault);
    const struct box *box = find(registers, register_, number);
    if (box == NULL)
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "%s: there is no such entry, or it has long ended", act->entry);
    if ((act->row->from >> box->entry.state & 1) == 0)
        return sk_fault_set(fault, SK_ERR_CONFLICT, "%s is %s: %s is not possible now", act->entry,
                            sk_register_state_name(box->entry.state), act->row->name);
    if (act->step != box->entry.act_count + 1 || (act->row->to == 0 && act->state != box->entry.state))
        return sk_fault_set(fault, SK_ERR_INVALID, "%s: its next step is %u", act->entry, box->entry.act_count + 1);
    return box->entry.act_count < SK_ACTS_MAX ? SK_OK : sk_fault_set(fault, SK_ERR_FULL, "%s: too many acts", act->entry);
}

static struct box *box_create(const struct sk_register_act *act, uint32_t number)
{
    struct box *box = sk_calloc(1, sizeof *box);
    if (box == NULL)
        return NULL;
    box->entry.register_ = act->row->register_;
    box->entry.number = number;
    sk_text_copy(box->entry.id, sizeof box->entry.id, act->entry);
    return box;
}

/* Room for one more on the shelf, and the box that the act is for: found, or new and not yet on the shelf. */
static struct box *take_box(struct shelf *shelf, const struct sk_register_act *act, uint32_t number)
{
    const size_t place = place_of(shelf, number);
    if (act->step > 1)
        return shelf->boxes[place];
    struct box **boxes = sk_grow(shelf->boxes, shelf->count, &shelf->capacity, sizeof *boxes, ENTRIES_MAX);
    if (boxes == NULL)
        return NULL;
    shelf->boxes = boxes;
    return box_create(act, number);
}

static void shelve(struct shelf *shelf, struct box *box)
{
    const size_t place = place_of(shelf, box->entry.number);
    memmove(&shelf->boxes[place + 1], &shelf->boxes[place], (shelf->count - place) * sizeof *shelf->boxes);
    shelf->boxes[place] = box;
    shelf->count++;
    shelf->last = box->entry.number;
}

static enum sk_err add_act(struct box *box, const struct sk_register_act *act)
{
    struct sk_entry_act *acts = sk_grow(box->acts, box->entry.act_count, &box->capacity, sizeof *acts, SK_ACTS_MAX);
    if (acts != NULL)
        box->entry.acts = box->acts = acts;
    uint8_t *fields = acts != NULL ? sk_calloc(1, act->fields_length + 1) : NULL;
    if (fields == NULL)
        return SK_ERR_NOMEM;
    if (act->fields_length > 0)
        memcpy(fields, act->fields, act->fields_length);
    struct sk_entry_act *to = &acts[box->entry.act_count++];
    *to = (struct sk_entry_act){.row = act->row,
                                .at_us = act->at_us,
                                .state = act->state,
                                .has_personal = act->has_personal,
                                .vault_fields = act->vault_fields,
                                .fields = fields,
                                .fields_length = act->fields_length};
    sk_text_copy(to->actor, sizeof to->actor, act->actor);
    box->entry.state = act->state;
    return SK_OK;
}

static bool is_this(const void *context, const struct sk_entry *entry)
{
    return entry == context;
}

/* Room is made before the act stands; an entry listed for an act that then finds no memory is listed too often, which harms
 * nobody. */
static enum sk_err add_indexed(struct sk_registers *registers, struct box *box, const struct sk_register_act *act)
{
    enum sk_err err = sk_register_index_add(&registers->index, &box->entry, act);
    if (err == SK_OK && act->step == 1)
        err = sk_joints_add(&registers->joints, &box->entry, act);
    if (err == SK_OK)
        err = add_act(box, act);
    return err == SK_OK && act->step > 1 ? sk_joints_add(&registers->joints, &box->entry, act) : err; /* no memory needed */
}

static void unlist(struct sk_registers *registers, bool (*goes)(const void *context, const struct sk_entry *entry),
                   const void *context)
{
    sk_register_index_drop(&registers->index, goes, context);
    sk_joints_drop(&registers->joints, goes, context);
}

enum sk_err sk_registers_apply(struct sk_registers *registers, const struct sk_register_act *act)
{
    uint8_t register_;
    uint32_t number = 0;
    enum sk_err err = sk_registers_check(registers, act, NULL);
    if (err != SK_OK || !sk_entry_id_parse(act->entry, &register_, &number))
        return err;
    struct shelf *shelf = &registers->shelves[act->row->register_];
    struct box *box = take_box(shelf, act, number);
    err = box == NULL ? SK_ERR_NOMEM : add_indexed(registers, box, act);
    if (act->step > 1)
        return err;
    if (err == SK_OK) {
        shelve(shelf, box);
    } else if (box != NULL) {
        unlist(registers, is_this, &box->entry);
        box_free(box);
    }
    return err;
}

void sk_registers_mark(struct sk_registers *registers, uint8_t register_, uint32_t number)
{
    if (register_ < SHELVES && number > registers->shelves[register_].last)
        registers->shelves[register_].last = number;
}

void sk_registers_next_id(const struct sk_registers *registers, uint8_t register_, char to[SK_ENTRY_ID_MAX])
{
    const struct sk_register_row *row = sk_register_row(register_);
    sk_text_format(to, SK_ENTRY_ID_MAX, "%s-%u", row != NULL ? row->prefix : "??",
                   register_ < SHELVES ? registers->shelves[register_].last + 1 : 0);
}

struct above {
    uint8_t register_;
    uint32_t number;
};

static bool is_above(const void *context, const struct sk_entry *entry)
{
    const struct above *above = context;
    return entry->register_ == above->register_ && entry->number > above->number;
}

void sk_registers_take_back(struct sk_registers *registers, uint8_t register_, uint32_t number)
{
    const struct above above = {register_, number};
    if (register_ >= SHELVES)
        return;
    struct shelf *shelf = &registers->shelves[register_];
    unlist(registers, is_above, &above);
    while (shelf->count > 0 && shelf->boxes[shelf->count - 1]->entry.number > number)
        box_free(shelf->boxes[--shelf->count]);
    if (shelf->last > number)
        shelf->last = number;
}

static bool is_past(const void *context, const struct sk_entry *entry)
{
    const int64_t *before_us = context;
    return sk_register_state_is_final(entry->state) && entry->acts[entry->act_count - 1].at_us < *before_us;
}

static bool forgets_any(const struct sk_registers *registers, int64_t before_us)
{
    for (size_t s = 0; s < SHELVES; s++)
        for (size_t i = 0; i < registers->shelves[s].count; i++)
            if (is_past(&before_us, &registers->shelves[s].boxes[i]->entry))
                return true;
    return false;
}

void sk_registers_forget(struct sk_registers *registers, int64_t before_us)
{
    if (!forgets_any(registers, before_us))
        return;
    unlist(registers, is_past, &before_us);
    for (size_t s = 0; s < SHELVES; s++) {
        struct shelf *shelf = &registers->shelves[s];
        size_t kept = 0;
        for (size_t i = 0; i < shelf->count; i++) {
            struct box *box = shelf->boxes[i];
            if (is_past(&before_us, &box->entry))
                box_free(box);
            else
                shelf->boxes[kept++] = box;
        }
        shelf->count = kept;
    }
}

/* --- looking --- */

const struct sk_entry *sk_registers_get(const struct sk_registers *registers, const char *id)
{
    const struct box *box = find_id(registers, id);
    return box != NULL ? &box->entry : NULL;
}

const struct sk_entry *sk_registers_next(const struct sk_registers *registers, uint8_t register_, size_t *cursor)
{
    if (register_ >= SHELVES || *cursor >= registers->shelves[register_].count)
        return NULL;
    return &registers->shelves[register_].boxes[(*cursor)++]->entry;
}

struct sk_entries sk_registers_with(const struct sk_registers *registers, uint16_t field, const char *text)
{
    return sk_register_index_get(&registers->index, field, text);
}

const struct sk_joint_visit *sk_registers_joints(const struct sk_registers *registers, size_t *ret_count)
{
    *ret_count = registers->joints.count;
    return registers->joints.visits;
}

/* The newest act done by then; -1: none. */
static int64_t newest(const struct sk_entry *entry, int64_t at_us)
{
    for (int64_t i = (int64_t)entry->act_count - 1; i >= 0; i--)
        if (entry->acts[i].at_us <= at_us)
            return i;
    return -1;
}

uint8_t sk_entry_state_at(const struct sk_entry *entry, int64_t at_us)
{
    const int64_t i = newest(entry, at_us);
    return i < 0 ? 0 : entry->acts[i].state;
}

const struct sk_entry_act *sk_entry_act(const struct sk_entry *entry, uint16_t ev, int64_t at_us)
{
    for (int64_t i = (int64_t)entry->act_count - 1; i >= 0; i--)
        if (entry->acts[i].at_us <= at_us && entry->acts[i].row->ev == ev)
            return &entry->acts[i];
    return NULL;
}

int64_t sk_entry_since(const struct sk_entry *entry, int64_t at_us)
{
    int64_t i = newest(entry, at_us);
    if (i < 0)
        return 0;
    while (i > 0 && entry->acts[i - 1].state == entry->acts[i].state)
        i--;
    return entry->acts[i].at_us;
}

bool sk_entry_field(const struct sk_entry *entry, uint16_t field, int64_t at_us, struct sk_field_value *ret_value)
{
    for (int64_t i = (int64_t)entry->act_count - 1; i >= 0; i--) {
        const struct sk_entry_act *act = &entry->acts[i];
        if (act->at_us > at_us)
            continue;
        if (sk_field_find(entry->register_, act->fields, act->fields_length, field, ret_value))
            return ret_value->length > 0;
        if ((act->vault_fields >> (field & 63) & 1) != 0)
            return false;
    }
    return false;
}

/* Of acts recorded before the numbers were, personal values may be of any personal field. */
static bool vault_says(const struct sk_entry_act *act, const struct sk_field_row *field)
{
    if (act->vault_fields == 0)
        return act->has_personal && (field->flags & SK_FF_PERSONAL) != 0;
    return (act->vault_fields >> (field->id & 63) & 1) != 0;
}

/* The newest act that says the field and does not empty it, counted from 1, among those before `at_us`; 0: none, or emptied. */
static uint32_t last_act(const struct sk_entry *entry, const struct sk_field_row *field, int64_t at_us)
{
    struct sk_field_value value;
    for (uint32_t i = entry->act_count; i > 0; i--) {
        const struct sk_entry_act *act = &entry->acts[i - 1];
        if (act->at_us > at_us)
            continue;
        if (sk_field_find(entry->register_, act->fields, act->fields_length, field->id, &value))
            return value.length > 0 ? i : 0;
        if (vault_says(act, field))
            return i;
    }
    return 0;
}

bool sk_entry_says(const struct sk_entry *entry, const struct sk_field_row *field, int64_t at_us)
{
    return last_act(entry, field, at_us) > 0;
}

uint32_t sk_entry_last_act(const struct sk_entry *entry, const struct sk_field_row *field)
{
    return last_act(entry, field, SK_NEVER);
}

int64_t sk_entry_time(const struct sk_entry *entry, uint16_t field, int64_t at_us)
{
    struct sk_field_value value;
    return sk_entry_field(entry, field, at_us, &value) ? sk_value_time(&value) : 0;
}

bool sk_entry_flag(const struct sk_entry *entry, uint16_t field, int64_t at_us)
{
    struct sk_field_value value;
    return sk_entry_field(entry, field, at_us, &value) && sk_value_flag(&value);
}

bool sk_entry_has(const struct sk_entry *entry, uint16_t field, int64_t at_us, const char *text)
{
    struct sk_field_value value;
    return sk_entry_field(entry, field, at_us, &value) && sk_value_has(&value, text);
}

bool sk_entry_text(const struct sk_entry *entry, uint16_t field, int64_t at_us, char *to, size_t capacity)
{
    struct sk_field_value value;
    const char *text;
    size_t length, cursor = 0;
    to[0] = '\0';
    if (!sk_entry_field(entry, field, at_us, &value) || !sk_value_item(&value, &cursor, &text, &length) || length >= capacity)
        return false;
    memcpy(to, text, length);
    to[length] = '\0';
    return true;
}

/* The moment from which the time of a row counts; SK_NEVER: none was said. */
static int64_t due_base(const struct sk_entry *entry, const struct sk_due_row *row, const struct sk_zone *zone)
{
    char date[16];
    int64_t at_us = 0;
    if (row->field == 0)
        return sk_entry_since(entry, SK_NEVER);
    if (sk_field_row(row->field)->type != SK_FT_DATE)
        at_us = sk_entry_time(entry, row->field, SK_NEVER);
    else if (zone == NULL || !sk_entry_text(entry, row->field, SK_NEVER, date, sizeof date) ||
             !sk_day_end_us(zone, date, &at_us))
        at_us = 0;
    return at_us > 0 ? at_us : SK_NEVER;
}

/* Each word: "c" or "c=word" stands, "!c" does not. */
static bool when_stands(const struct sk_entry *entry, const char *when)
{
    for (const char *word = when; *word != '\0';) {
        const bool absent = *word == '!';
        const size_t length = strcspn(word + absent, " ");
        if (sk_field_stands(entry, NULL, word + absent, length) == absent)
            return false;
        word += absent + length;
        word += strspn(word, " ");
    }
    return true;
}

int64_t sk_entry_due_us(const struct sk_entry *entry, const struct sk_due_row *row, uint32_t after_s,
                        const struct sk_zone *zone)
{
    if (entry->register_ != row->register_ || entry->state != row->state)
        return SK_NEVER;
    if (!when_stands(entry, row->when))
        return SK_NEVER;
    const int64_t base_us = due_base(entry, row, zone);
    return base_us == SK_NEVER ? SK_NEVER : base_us + (int64_t)after_s * SK_US_PER_S;
}
