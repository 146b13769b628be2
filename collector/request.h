/* SPDX-License-Identifier: Apache-2.0 */
/* One command on its way through the table: what the files of commands know of each other. A handler reads its arguments, acts
 * on the floor, and leaves a result or a refusal in the answer. */
#ifndef SK_COLLECTOR_REQUEST_H
#define SK_COLLECTOR_REQUEST_H

#include "collector/commands.h"
#include "collector/rights_commands.h"
#include "schemas/model/fact.h"

/* One request, resolved. Borrowed texts live as long as its JSON. */
struct request {
    struct sk_command_floor *floor;
    const struct sk_now *now;
    const cJSON *args;
    const char *token; /* NULL: console */
    const char *command, *reason;
    struct sk_actor actor;
    char kind[16]; /* of the secret: token or session */
    struct sk_answer *answer;
    int fd; /* passed with the line; -1 none */
};

enum sk_err sk_request_refuse(struct request *request, enum sk_err err, const char *detail); /* returns err */
enum sk_err sk_request_answer_id(struct request *request, const char *name, const char *id); /* {"<name>": id} */
/* A text argument of at most `most` bytes; "" when it may be missing. NULL: refused already. */
const char *sk_request_text(struct request *request, const char *name, bool required, size_t most);
/* Why: of the arguments, else of the line; "" unsaid. At most SK_WORDS_MAX bytes. */
const char *sk_request_reason(const struct request *request);

/* request_file.c: a text argument that may be long. It stands in the line under that name, or is a regular file whose
 * descriptor came with the line; never both. Read whole, at most SK_REQUEST_FILE_MAX bytes, UTF-8 without NUL; a byte order
 * mark is gone. The caller's, NUL-terminated, given back with sk_request_file_free(). NULL: refused already. */
enum { SK_REQUEST_FILE_MAX = 4 << 20 };
struct sk_request_text {
    char *text;
    size_t length, size;
};
bool sk_request_file(struct request *request, const char *name, struct sk_request_text *ret_text);
void sk_request_file_free(struct sk_request_text *text);

/* Who is inside, who was: entry_commands.c, occupancy_commands.c, muster_commands.c. */
#define SK_PRESENCE_COMMANDS(X)                                                                                                \
    X("entries.subjects", "read.entries", entries_subjects)                                                                    \
    X("occupancy.list", "read.occupancy", occupancy_list)                                                                      \
    X("occupancy.correct", "occupancy.correct", occupancy_correct)                                                             \
    X("occupancy.forgive", "occupancy.forgive", occupancy_forgive)                                                             \
    X("muster.list", "read.muster", muster_list)                                                                               \
    X("muster.start", "muster.start", muster_start)                                                                            \
    X("muster.seen", "muster.seen", muster_seen)                                                                               \
    X("muster.unseen", "muster.seen", muster_unseen)                                                                           \
    X("muster.end", "muster.end", muster_end)

/* DENIED, recorded and refused, unless one of the actor's roles may do this row of permissions.def. */
enum sk_err sk_request_deny(struct request *request, const char *act);
/* A record of the actor's act on an object; the answer waits for its commit. */
void sk_request_record(struct request *request, enum sk_event event, const char *object);

/* register_commands.c, register_lists.c, register_import.c, round_commands.c. */
#define SK_REGISTER_COMMANDS(X)                                                                                                \
    X("register.act", "register.act", register_act)                                                                            \
    X("register.import", "register.act", register_import)                                                                      \
    X("register.erase", "register.erase", register_erase)                                                                      \
    X("register.list", "read.registers", register_list)                                                                        \
    X("register.get", "read.registers", register_get)                                                                          \
    X("round.list", "read.registers", round_list)
#define X(command, act, run) enum sk_err sk_run_##run(struct request *request);
SK_REGISTER_COMMANDS(X)
#undef X

/* Doors: door_commands.c; signals and their sources: signal_commands.c. */
#define SK_DOOR_COMMANDS(X)                                                                                                    \
    X("signal.list", "read.signals", signal_list)                                                                              \
    X("door.list", "read.doors", door_list)                                                                                    \
    X("door.get", "read.doors", door_get)                                                                                      \
    X("door.resolve", "door.resolve", door_resolve)

/* person_, credential_, authorization_, schedule_ and rule_commands.c, roster_lists.c, roster_import.c. X(command, row of
 * permissions.def, function). */
#define SK_ROSTER_COMMANDS(X)                                                                                                  \
    X("person.create", "person.create", person_create)                                                                         \
    X("person.update", "person.update", person_update)                                                                         \
    X("person.end", "person.end", person_end)                                                                                  \
    X("credential.issue", "credential.issue", credential_issue)                                                                \
    X("credential.lose", "credential.lose", credential_lose)                                                                   \
    X("credential.return", "credential.return", credential_return)                                                             \
    X("credential.disable", "credential.disable", credential_disable)                                                          \
    X("authorization.grant", "authorization.grant", authorization_grant)                                                       \
    X("authorization.revoke", "authorization.revoke", authorization_revoke)                                                    \
    X("schedule.put", "schedule.put", schedule_put)                                                                            \
    X("zone.rule", "zone.rule", zone_rule)                                                                                     \
    X("door.rule", "door.rule", door_rule)                                                                                     \
    X("way.rule", "door.rule", way_rule)                                                                                       \
    X("roster.import", "roster.import", roster_import)                                                                         \
    X("person.list", "read.people", person_list)                                                                               \
    X("person.get", "read.people", person_get)                                                                                 \
    X("credential.list", "read.people", credential_list)                                                                       \
    X("credential.get", "read.people", credential_get)                                                                         \
    X("authorization.list", "read.people", authorization_list)                                                                 \
    X("authorization.get", "read.people", authorization_get)                                                                   \
    X("schedule.list", "read.site", schedule_list)                                                                             \
    X("rule.list", "read.site", rule_list)                                                                                     \
    SK_PRESENCE_COMMANDS(X)                                                                                                    \
    SK_RIGHTS_COMMANDS(X)                                                                                                      \
    SK_DOOR_COMMANDS(X)
#define X(command, act, run) enum sk_err sk_run_##run(struct request *request);
SK_ROSTER_COMMANDS(X)
#undef X

/* words_commands.c, erase_commands.c: texts that people typed. */
#define SK_WORDS_COMMANDS(X)                                                                                                   \
    X("words.read", "read.words", words_read)                                                                                  \
    X("words.find", "words.erase", words_find)                                                                                 \
    X("words.erase", "words.erase", words_erase)
#define X(command, act, run) enum sk_err sk_run_##run(struct request *request);
SK_WORDS_COMMANDS(X)
#undef X

enum sk_err sk_run_entries_export(struct request *request); /* export_commands.c */

/* arguments.c: PARSE when the request says something its command does not know; refused already. */
enum sk_err sk_arguments_check(struct request *request);

/* roster_commands.c, shared by the commands of the roster and its import. */
/* Ready for a change: the log can be written, and what the site file says is in the roster. Not OK: refused already. */
enum sk_err sk_roster_ready(struct request *request);
/* Applies one change in the name of the request's actor; refuses with a sentence. */
enum sk_err sk_roster_do(struct request *request, struct sk_roster_change *change);
/* Would the engine take it? Refuses with a sentence. */
enum sk_err sk_roster_could(struct request *request, const struct sk_roster_change *change);
/* Dates 'from' and 'until'; missing ones leave what is there. False: refused. */
bool sk_roster_read_validity(struct request *request, int64_t *from_us, int64_t *until_us);
/* One line of clean text; missing, it leaves what is there unless it is required. False: refused. */
bool sk_roster_read_label(struct request *request, const char *argument, bool required, char to[SK_LABEL_MAX]);
/* The act of a request: who, from where, why (args.reason before the line's). Borrowed. */
struct sk_roster_act sk_roster_act_of(const struct request *request);
/* What stands of the entity that an argument names, whatever its date; NULL: refused. */
const struct sk_roster_change *sk_roster_entity(struct request *request, const char *argument, uint16_t family);
/* What stands of it when a change begins to count: not what somebody else planned for later, which would begin too early by
 * being copied along. What begins only later is taken as it was entered. NULL: refused. */
const struct sk_roster_change *sk_roster_standing(struct request *request, const char *argument, uint16_t family,
                                                  int64_t effective_us);
/* Nothing new for somebody who has left: CONFLICT, refused. */
enum sk_err sk_roster_check_here(struct request *request, const struct sk_roster_change *person);
/* A time argument (RFC 3339), 0 when it is missing; false: refused. Not in the future. */
bool sk_request_past(struct request *request, const char *name, int64_t *ret_us);
/* Records a fact in the name of the actor; refuses with a sentence. */
enum sk_err sk_rights_do(struct request *request, struct sk_fact *fact);
/* 'effective': a day of the site, now when it is missing. False: refused already. */
bool sk_roster_read_effective(struct request *request, struct sk_roster_change *change);
/* {"<name>": id, "roster_version"} */
enum sk_err sk_roster_answer(struct request *request, const char *name, const char *id);
/* site_sync.c: the way a door of the site is, with the least time of ours. False: it joins no two zones. */
bool sk_way_of_door(const struct sk_site *site, const struct sk_door_info *door, struct sk_roster_change *ret_change);
/* HMAC of a card number in hex under the site key; false: no 1 to 64 bytes in hex. */
bool sk_roster_identifier(const struct sk_command_floor *floor, const char *card, struct sk_hash *ret_identifier);
/* Number of a zone of the site by id; 0 none. */
uint16_t sk_roster_zone(const struct sk_site *site, const char *id);
/* The argument that a right for this zone with this end must not do without, and does: of class 3 until, office, reason; NULL.
 */
const char *sk_roster_class_3_lacks(const struct request *request, uint16_t zone, int64_t until_us);
/* An account or a person that may stand as applicant or approver. */
bool sk_roster_is_somebody(struct request *request, const char *id);
/* same_person.c: the person of the roster behind an account; "": nobody's, or a person already. */
void sk_request_person_of(const struct request *request, const char *who, char ret_person[SK_ENTITY_MAX]);
/* Do these two names (account or person each) stand for one human being? */
bool sk_request_same_person(const struct request *request, const char *one, const char *other);

/* register_lists.c: one stored act into an sk_registers (context), for sk_store_entry_acts(). */
enum sk_err sk_register_fold(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length);
/* import_commit.c: an act of many records, all or none. Begin, do it (sk_roster_do(), sk_register_do()), end with how that
 * went. Not OK: refused already, nothing of it is in the log and none of its records waits; the caller takes back what it
 * changed in memory and put into the vault. */
enum sk_err sk_import_begin(struct request *request);
enum sk_err sk_import_end(struct request *request, enum sk_err err);

/* register_commands.c, shared with the import. */
/* The register of this name, or the first under this path; both may be given, "" either. NULL: none. */
const struct sk_register_row *sk_register_named(const char *name, const char *path);
/* What a document may refer to, as things stand now. */
struct sk_register_context sk_register_context_of(struct request *request);
/* Member count of a stock-take under way: what is on the books, what was seen; nothing for all other entries. stocktake.c */
void sk_stocktake_add(const struct sk_registers *registers, const struct sk_entry *stocktake, cJSON *item);
/* Stores the personal fields, then does the act in the actor's name; document: as read. Refuses with a sentence. */
enum sk_err sk_register_do(struct request *request, const struct sk_act_row *row, const char *entry,
                           const struct sk_register_document *document);

#endif
