/* SPDX-License-Identifier: Apache-2.0 */
/* The registers (permits, visits, goods ... : schemas/vocab/registers.def): one generic mechanism, no register has code of its
 * own.
 *
 * An entry is numbered within its register ("pm-12"), has a state (a word), and is changed by acts only. An act is a row of
 * register_acts.def: which states it may leave, where it leads, who may do it, what must be said with it. Each act is one
 * record of class ROSTER and is never altered; the registers are what follows from these records in their order, and from
 * nothing else. What an act says (its fields) stands from its own time until a later act says otherwise: an approval counts
 * from when it was given, and a question about a moment (at_us) sees what had been done by then. SK_NEVER asks for all of it.
 *
 * Personal fields (PERSONAL) never come here: they lie in the vault by entry and step, the act carries a salted commitment.
 * Values are kept as the bytes of the record ("field list"): per field, ascending by number: u8 number, u16 length, value.
 * Value by type: texts and ids UTF-8 without NUL; TIME i64 (UTC us); NUMBER f64; FLAG u8; a list: u16 length + bytes per item.
 *
 * Pure, no I/O; memory only in sk_registers_apply(). Entries and values are borrowed until the next apply or forget.
 * Threads: one. Errors: enum sk_err, with struct sk_fault where a person must be told. */
#ifndef SK_MODEL_REGISTER_H
#define SK_MODEL_REGISTER_H

#include <cjson/cJSON.h>

#include "schemas/model/roster.h"
#include "schemas/model/site.h"

enum {
    SK_ENTRY_ID_MAX = 24,       /* "pm-4294967295" */
    SK_FIELDS_BYTES_MAX = 3000, /* public values of one act, read */
    SK_FIELDS_SAID_MAX =
        2600, /* and written: leaves room for the rest of a record's body (SK_BODY_MAX) with the longest reason */
    SK_PERSONAL_BYTES_MAX = 4000,
    SK_FIELD_ITEM_MAX = 255, /* bytes of one item of a list */
    SK_ACTS_MAX = 512        /* of one entry: a bound against floods */
};

/* --- the tables --- */
#define R(symbol, number, name, path, prefix, ja, en) SK_REGISTER_##symbol = (number),
enum sk_register {
#include "schemas/vocab/registers.def"
};
#undef R
#define S(symbol, number, name, final, ja, en) SK_RS_##symbol = (number),
enum sk_register_state {
#include "schemas/vocab/register_states.def"
};
#undef S
/* SK_F_PERMIT_ZONES: register in the high byte, so that a field cannot be asked of another register's entry by mistake. */
#define F(reg, symbol, number, name, type, flags, max, words, ja, en)                                                          \
    SK_F_##reg##_##symbol = (SK_REGISTER_##reg << 8 | (number)),
enum sk_register_field {
#include "schemas/vocab/register_fields.def"
};
#undef F

enum sk_field_type {
    SK_FT_TEXT,   /* one line */
    SK_FT_NOTE,   /* lines */
    SK_FT_DATE,   /* "2026-11-20", local */
    SK_FT_TIME,   /* moment */
    SK_FT_NUMBER, /* at least 0 unless SIGNED */
    SK_FT_FLAG,
    SK_FT_WORD,   /* one of `words`, parted by '|' */
    SK_FT_PERSON, /* on the roster */
    SK_FT_WHO,    /* account or person */
    SK_FT_ZONE,
    SK_FT_DOOR,
    SK_FT_DEVICE,
    SK_FT_POINT, /* "device/point" */
    SK_FT_CLOCK, /* "08:30", local time of day */
    SK_FT_REF    /* entry of a register whose prefix is in `words` */
};
enum sk_field_flag {
    SK_FF_REQUIRED = 1,  /* when the entry is opened */
    SK_FF_ONE_OF = 2,    /* one of the register's fields with this flag, when the entry is opened */
    SK_FF_PERSONAL = 4,  /* in the vault only */
    SK_FF_LIST = 8,      /* `max` items */
    SK_FF_LATER = 16,    /* only by acts that name it */
    SK_FF_NOW = 32,      /* TIME: the act's own time when it takes the field and it is not said */
    SK_FF_AFTER = 64,    /* TIME, DATE: after the field with the number before it; the same day, or with NOW moment, will do */
    SK_FF_SUBJECT = 128, /* PERSON, WHO: whom the entry is about; may not approve it */
    SK_FF_SIGNED = 256,  /* NUMBER: may be below 0 */
    SK_FF_PAST = 512,    /* TIME, DATE: says what has happened: no later than now, SK_TYPED_AHEAD_US allowed */
    SK_FF_WORDS = 1024,  /* TEXT, NOTE: free text; in the vault as well, for whoever may read the register. Acts recorded before
                            2026-11-20 say it in public */
    SK_FF_VAULT = SK_FF_PERSONAL | SK_FF_WORDS
};
enum sk_act_rule {
    SK_AR_OPENS = 1,       /* makes a new entry */
    SK_AR_NOT_OPENER = 2,  /* the actor is neither who opened or amended it nor its applicant */
    SK_AR_NOT_SUBJECT = 4, /* the actor is nobody the entry is about */
    SK_AR_REASON = 8,      /* the command must carry a reason */
    SK_AR_AMENDS = 16      /* takes every field that opening takes */
};

struct sk_register_row {
    uint8_t number;
    const char *name, *path, *prefix, *ja, *en; /* path: word of /api/v1/<path> */
};
struct sk_field_row {
    uint16_t id; /* enum sk_register_field */
    uint8_t type;
    uint16_t flags;
    uint32_t max; /* bytes of a text, items of a list, greatest number; 0: the type's own bound */
    const char *name, *words, *ja, *en;
};
struct sk_act_row {
    uint16_t ev; /* enum sk_event */
    uint8_t register_, to;
    uint16_t rules;
    uint64_t from;          /* mask of 1 << enum sk_register_state; 0 when it opens. A `to` of 0 keeps the state */
    const char *name;       /* the event's: "permit.approved" */
    const char *permission; /* row of permissions.def */
    /* What it takes beside the common fields: words parted by spaces. "x" may be said, "!x" must be said,
     * "?x,y:c" x or y must stand afterwards when c stands (each may be "x=word": has that word; a flag stands when true;
     * "x>y": said in a later act than y was; "x<3", x being zones: each is of a class below 3). */
    const char *fields;
};
struct sk_due_row { /* an entry in `state` is overdue `after_s` past a field's time (end of its date) or past the act that
                       brought it there */
    uint8_t register_, state, severity;
    uint16_t field; /* enum sk_register_field; 0: since the state began */
    uint32_t after_s;
    const char *name; /* of the condition: "visit.overdue" */
    const char *when; /* only while each word stands: "c", "c=word" or "c>d" as in an act's fields, "!c" not; "" always */
};
const struct sk_register_row *sk_register_row(uint8_t number);       /* NULL: none */
const struct sk_register_row *sk_register_by_name(const char *name); /* "permit" */
const struct sk_register_row *sk_register_at(size_t index);          /* NULL past the end */
const struct sk_field_row *sk_field_row(uint16_t id);                /* NULL: none */
const struct sk_field_row *sk_field_by_name(uint8_t register_, const char *name);
const struct sk_field_row *sk_field_at(uint8_t register_, size_t index);      /* NULL past the end */
const struct sk_act_row *sk_act_row(uint16_t ev);                             /* NULL: no act of a register */
const struct sk_act_row *sk_act_by_name(uint8_t register_, const char *name); /* "approved" */
const char *sk_act_word(const struct sk_act_row *row);                        /* "approved" */
const struct sk_act_row *sk_act_at(size_t index);                             /* NULL past the end */
const struct sk_due_row *sk_due_at(size_t index);                             /* NULL past the end */
const char *sk_register_state_name(uint8_t state);                            /* NULL: none */
int sk_register_state_parse(const char *name);                                /* -1 */
const char *sk_register_state_text(uint8_t state, enum sk_lang lang);
bool sk_register_state_is_final(uint8_t state);
/* "pm-12" -> register and number. False: no entry's id. */
bool sk_entry_id_parse(const char *id, uint8_t *ret_register, uint32_t *ret_number);

/* --- an act, as record body and back --- */
struct sk_register_act {
    const struct sk_act_row *row;
    char entry[SK_ENTRY_ID_MAX];
    uint32_t step; /* of the entry: 1 opened it */
    int64_t at_us; /* when it was done: the record's own time, but in a log that follows a damaged one */
    uint8_t state; /* after it */
    char actor[SK_WHO_MAX];
    bool has_personal;       /* the vault has values of this step */
    struct sk_hash personal; /* commitment to them; zeroes without */
    uint64_t vault_fields;   /* which: 1 << number within the register; 0 also in acts recorded before this was said */
    const uint8_t *fields;   /* field list; borrowed */
    size_t fields_length;
};
void sk_register_act_write(const struct sk_register_act *act, const struct sk_roster_act *by, struct sk_body *body);
/* PARSE: the body is no such act, or its field list is not canonical. fields is borrowed from body. */
enum sk_err sk_register_act_read(uint16_t ev, const uint8_t *body, size_t length, struct sk_register_act *ret_act);

/* --- the fold --- */
struct sk_entry_act {
    const struct sk_act_row *row;
    int64_t at_us;
    uint8_t state; /* after it */
    bool has_personal;
    uint64_t vault_fields; /* as above */
    char actor[SK_WHO_MAX];
    const uint8_t *fields;
    size_t fields_length;
};
struct sk_entry {
    char id[SK_ENTRY_ID_MAX];
    uint8_t register_, state; /* newest */
    uint32_t number;
    uint32_t act_count;              /* = its newest step */
    const struct sk_entry_act *acts; /* in order */
};
struct sk_registers;
enum sk_err sk_registers_create(struct sk_registers **ret_registers);
void sk_registers_free(struct sk_registers *registers);
/* May it be applied? INVALID: wrong step or state; NOT_FOUND: no such entry; EXISTS: opened before; CONFLICT: the act does not
 * leave this state; FULL: too many acts. The fault (may be NULL) says it in words. */
enum sk_err sk_registers_check(const struct sk_registers *registers, const struct sk_register_act *act, struct sk_fault *fault);
/* Copies the act in. NOMEM and all others leave the registers as they were. */
enum sk_err sk_registers_apply(struct sk_registers *registers, const struct sk_register_act *act);
/* Numbers up to this one were given out, also those of entries no longer kept. */
void sk_registers_mark(struct sk_registers *registers, uint8_t register_, uint32_t number);
/* Lets go of all entries of the register above this number, and of the numbers: for an act of many entries that was not
 * recorded. Needs no memory. */
void sk_registers_take_back(struct sk_registers *registers, uint8_t register_, uint32_t number);
void sk_registers_next_id(const struct sk_registers *registers, uint8_t register_, char to[SK_ENTRY_ID_MAX]);
/* Lets go of entries whose state is final since before that moment. */
void sk_registers_forget(struct sk_registers *registers, int64_t before_us);
enum { SK_REGISTERS_KEEP_DAYS = 7 }; /* how long the collector keeps ended entries at hand */

/* --- looking --- */
const struct sk_entry *sk_registers_get(const struct sk_registers *registers, const char *id); /* NULL: none, or forgotten */
/* Walks a register in order of numbers: NULL ends. *cursor begins at 0. */
const struct sk_entry *sk_registers_next(const struct sk_registers *registers, uint8_t register_, size_t *cursor);
/* Every entry of which some act, at any time, said this text in this field, in order of numbers; without a walk. Only for the
 * fields that register_index.c lists. */
struct sk_entries {
    const struct sk_entry *const *items;
    size_t count;
};
struct sk_entries sk_registers_with(const struct sk_registers *registers, uint16_t field, const char *text);
/* Joint entries by the visit they name, a visit's in order of time, then of number. It stands in [done, voided). */
struct sk_joint {
    const struct sk_entry *entry;
    int64_t at_us; /* when they went through */
    int64_t done_us, voided_us;
    uint32_t people;
    bool in;
    char door[64];
};
struct sk_joint_visit {
    char id[SK_ENTRY_ID_MAX];
    struct sk_joint *items;
    size_t count, capacity;
};
const struct sk_joint_visit *sk_registers_joints(const struct sk_registers *registers, size_t *ret_count);

/* State at a moment; 0: not opened yet. */
uint8_t sk_entry_state_at(const struct sk_entry *entry, int64_t at_us);
/* The latest act of this kind done by then (its time and actor); NULL: none. */
const struct sk_entry_act *sk_entry_act(const struct sk_entry *entry, uint16_t ev, int64_t at_us);
/* Since when it is in the state it had at that moment; 0: not opened. */
int64_t sk_entry_since(const struct sk_entry *entry, int64_t at_us);

struct sk_field_value {
    const struct sk_field_row *row;
    const uint8_t *bytes; /* borrowed; not NUL-terminated */
    size_t length;
};
/* What was last said of a field by then. False: nothing, it was emptied, or its value lies in the vault. field: of this entry's
 * register. */
bool sk_entry_field(const struct sk_entry *entry, uint16_t field, int64_t at_us, struct sk_field_value *ret_value);
/* Was something said of it by then, and not emptied since? Also of fields whose values lie in the vault. */
bool sk_entry_says(const struct sk_entry *entry, const struct sk_field_row *field, int64_t at_us);
int64_t sk_value_time(const struct sk_field_value *value);
double sk_value_number(const struct sk_field_value *value);
bool sk_value_flag(const struct sk_field_value *value);
/* Items: of a list each, of another text just one. *cursor begins at 0; false at the end. */
bool sk_value_item(const struct sk_field_value *value, size_t *cursor, const char **ret_text, size_t *ret_length);
bool sk_value_has(const struct sk_field_value *value, const char *text); /* one of its items is this */
/* Shorthands: 0 / false / "" (and false) when nothing was said by then. */
int64_t sk_entry_time(const struct sk_entry *entry, uint16_t field, int64_t at_us);
bool sk_entry_flag(const struct sk_entry *entry, uint16_t field, int64_t at_us);
bool sk_entry_has(const struct sk_entry *entry, uint16_t field, int64_t at_us, const char *text);
bool sk_entry_text(const struct sk_entry *entry, uint16_t field, int64_t at_us, char *to, size_t capacity);

/* The time that the site gives by the row of that index: its own, or the row's. */
uint32_t sk_due_after_s(const struct sk_site *site, size_t index);
/* When an entry falls due by this row as it stands, that time allowed (UTC us); SK_NEVER: not. zone: for dates. */
int64_t sk_entry_due_us(const struct sk_entry *entry, const struct sk_due_row *row, uint32_t after_s,
                        const struct sk_zone *zone);

/* --- a document (what a person sends) against the tables --- */
struct sk_register_context { /* what may be referred to; all borrowed */
    const struct sk_site *site;
    const struct sk_roster *roster;
    const struct sk_registers *registers;
    const struct sk_zone *zone;
    bool (*is_somebody)(void *context, const char *id);  /* account or person; NULL: anybody is */
    bool (*entry_exists)(void *context, const char *id); /* beside those at hand; NULL: none */
    void *context;
    int64_t now_us;
    const char *actor;                                                  /* who acts; NULL: not known */
    bool (*is_same)(void *context, const char *one, const char *other); /* one human being; NULL: one name */
};
/* Each fault of a document: field, what was expected, what was found. Called for all of them, not just the first. */
typedef void sk_field_fault(void *context, const char *field, const char *expected, const char *found);
struct sk_register_document {
    uint8_t register_;
    uint8_t fields[SK_FIELDS_BYTES_MAX], personal[SK_PERSONAL_BYTES_MAX];
    size_t fields_length, personal_length;
};
/* Reads the JSON object of an act's fields. entry: as it stands; NULL when the act opens it. PARSE: at least one fault was
 * told; TOO_LONG is told as one. Pure but for the callbacks. */
enum sk_err sk_register_document_read(const struct sk_register_context *context, const struct sk_act_row *row,
                                      const struct sk_entry *entry, const cJSON *fields, sk_field_fault *fault,
                                      void *fault_context, struct sk_register_document *ret_document);
/* What the tables cannot say of a document that is good by itself: it looks at other entries, the site, the roster, who acts
 * (register_rules.c). Faults as above; PARSE: at least one was told. Only for an act that is to be done, never for one that
 * was. */
enum sk_err sk_register_judge(const struct sk_register_context *context, const struct sk_act_row *row,
                              const struct sk_entry *entry, const struct sk_register_document *document, sk_field_fault *fault,
                              void *fault_context);
/* Is this a field list of that register, ascending, each value of its type, of the vault or public as asked? In a public one a
 * value of no bytes says that the field was emptied. */
bool sk_field_list_is_canonical(uint8_t register_, bool personal, const uint8_t *bytes, size_t length);
/* Walking a field list: false at the end or (reader->bad) where it is none. */
bool sk_field_next(struct sk_reader *reader, uint8_t register_, struct sk_field_value *ret_value);
/* The field that refers to whom this personal field names (schemas/vocab/register_names.def); 0: none does. */
uint16_t sk_field_named_by(uint16_t field);
/* 1 << number of each field that such a list says. */
uint64_t sk_field_list_mask(uint8_t register_, const uint8_t *bytes, size_t length);
/* Adds each value of a field list to a JSON object by name (later calls replace earlier values); null: it was emptied. */
enum sk_err sk_field_list_to_json(uint8_t register_, const uint8_t *bytes, size_t length, cJSON *object);
/* Do two names (account or person each) stand for one human being? NULL: when they are the same text. */
typedef bool sk_same_person(void *context, const char *one, const char *other);
/* May this actor do the act? CONFLICT with a sentence: he opened it, or it is about him, under whichever of his names. */
enum sk_err sk_register_act_allowed(const struct sk_act_row *row, const struct sk_entry *entry, const char *actor,
                                    sk_same_person *same, void *context, struct sk_fault *fault);

#endif
