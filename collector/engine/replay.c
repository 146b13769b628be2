/* SPDX-License-Identifier: Apache-2.0 */
/* Records in, decisions out; nothing of the live path is used but the rules themselves (decide.c) and the roster's own fold. */
#include "collector/engine/replay.h"

#include <string.h>

#include "collector/engine/cases.h"
#include "collector/engine/papers.h"
#include "schemas/base/mem.h"

enum { NAMES_CEILING = 2 * UINT16_MAX };

/* Zones and doors as the log numbered them. */
struct name {
    uint16_t number;
    char id[SK_ENTITY_MAX * 2];
};
struct names {
    struct name *items;
    size_t count, capacity;
};

struct sk_replay {
    struct sk_roster *roster;
    struct sk_registers *registers;
    struct sk_trails trails;
    struct sk_occupancy occupancy;
    struct sk_muster muster;
    struct sk_cases cases;
    const struct sk_zone *zone;
    struct names zones, doors;
};

static const char *zone_id(const void *context, uint16_t zone)
{
    const struct sk_replay *replay = context;
    for (size_t i = 0; i < replay->zones.count; i++)
        if (replay->zones.items[i].number == zone)
            return replay->zones.items[i].id;
    return NULL;
}

static uint16_t door_number(const void *context, const char *door)
{
    const struct sk_replay *replay = context;
    for (size_t i = 0; i < replay->doors.count; i++)
        if (strcmp(replay->doors.items[i].id, door) == 0)
            return replay->doors.items[i].number;
    return 0;
}

static struct sk_world world_of(const struct sk_replay *replay)
{
    return (struct sk_world){.roster = replay->roster,
                             .trails = &replay->trails,
                             .registers = replay->registers,
                             .marks = &replay->muster.guests,
                             .site_zone = replay->zone,
                             .zone_id = zone_id,
                             .door_number = door_number,
                             .context = replay};
}

enum sk_err sk_replay_create(const struct sk_zone *zone, struct sk_replay **ret_replay)
{
    struct sk_replay *replay = sk_calloc(1, sizeof *replay);
    if (replay == NULL || sk_roster_create(&replay->roster) != SK_OK || sk_registers_create(&replay->registers) != SK_OK ||
        sk_cases_create(&replay->cases) != SK_OK) {
        sk_replay_free(replay);
        return SK_ERR_NOMEM;
    }
    sk_roster_set_zone(replay->roster, zone);
    replay->zone = zone;
    *ret_replay = replay;
    return SK_OK;
}

void sk_replay_free(struct sk_replay *replay)
{
    if (replay == NULL)
        return;
    sk_roster_free(replay->roster);
    sk_registers_free(replay->registers);
    sk_trails_release(&replay->trails);
    sk_occupancy_release(&replay->occupancy);
    sk_muster_release(&replay->muster);
    sk_cases_release(&replay->cases);
    sk_free(replay->zones.items);
    sk_free(replay->doors.items);
    sk_free(replay);
}

const struct sk_roster *sk_replay_roster(const struct sk_replay *replay)
{
    return replay->roster;
}

const struct sk_trails *sk_replay_trails(const struct sk_replay *replay)
{
    return &replay->trails;
}

const struct sk_occupancy *sk_replay_occupancy(const struct sk_replay *replay)
{
    return &replay->occupancy;
}

const struct sk_muster *sk_replay_muster(const struct sk_replay *replay)
{
    return &replay->muster;
}

const struct sk_registers *sk_replay_registers(const struct sk_replay *replay)
{
    return replay->registers;
}

bool sk_replay_where(const struct sk_replay *replay, size_t person_index, uint16_t *ret_zone, int64_t *ret_since_us)
{
    if (person_index >= replay->trails.count || replay->trails.items[person_index].count == 0)
        return false;
    *ret_zone = replay->trails.items[person_index].stays[0].zone;
    *ret_since_us = replay->trails.items[person_index].stays[0].at_us;
    return true;
}

static bool find(const struct sk_record *record, enum sk_tag tag, struct sk_body_item *item)
{
    return sk_body_find(record->body, record->body_length, tag, item);
}

static uint64_t number(const struct sk_record *record, enum sk_tag tag)
{
    struct sk_body_item item;
    return find(record, tag, &item) ? sk_item_u64(&item) : 0;
}

static enum sk_err take_change(struct sk_replay *replay, const struct sk_record *record)
{
    struct sk_roster_change change;
    if (sk_roster_family(record->header.ev) == 0)
        return SK_OK; /* a fact about rights: no passage is decided by it */
    enum sk_err err = sk_roster_change_read(record->header.ev, record->body, record->body_length, &change);
    if (err == SK_OK)
        err = sk_trails_reserve(&replay->trails, sk_roster_count(replay->roster, SK_EV_PERSON_CREATED) + 1);
    if (err == SK_OK)
        err = sk_muster_reserve(&replay->muster, sk_roster_count(replay->roster, SK_EV_PERSON_CREATED) + 1);
    return err == SK_OK ? sk_roster_apply(replay->roster, &change) : err;
}

static enum sk_err take_number(struct sk_replay *replay, const struct sk_record *record)
{
    struct sk_body_item kind, id;
    if (!find(record, SK_TAG_ENTITY_KIND, &kind) || !find(record, SK_TAG_ENTITY_ID, &id) ||
        id.length >= sizeof replay->zones.items->id || kind.length != 4)
        return SK_OK;
    struct names *names = memcmp(kind.bytes, "zone", 4) == 0 ? &replay->zones : &replay->doors;
    if (names == &replay->doors && memcmp(kind.bytes, "door", 4) != 0)
        return SK_OK;
    struct name *grown = sk_grow(names->items, names->count, &names->capacity, sizeof *grown, NAMES_CEILING);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    names->items = grown;
    struct name *name = &grown[names->count++];
    *name = (struct name){.number = (uint16_t)number(record, SK_TAG_ENTITY_NUMBER)};
    memcpy(name->id, id.bytes, id.length);
    return SK_OK;
}

static void read_input(const struct sk_record *record, struct sk_decide_input *input)
{
    struct sk_body_item item;
    *input = (struct sk_decide_input){.zone_from = (uint16_t)number(record, SK_TAG_AREA_FROM),
                                      .zone_to = (uint16_t)number(record, SK_TAG_AREA_TO),
                                      .door = record->header.door,
                                      .entry = true,
                                      .used = record->header.ev == SK_EV_ACC_TAKEN,
                                      .gaps = number(record, SK_TAG_GAPS) != 0,
                                      .factors_claimed = (uint16_t)number(record, SK_TAG_FACTORS_CLAIMED),
                                      .factors_site = (uint16_t)number(record, SK_TAG_FACTORS_REQUIRED),
                                      .ctrl_decision = (uint8_t)number(record, SK_TAG_CTRL_DECISION),
                                      .ctrl_reason = (uint16_t)number(record, SK_TAG_CTRL_REASON)};
    if (find(record, SK_TAG_IDENTIFIER_HMAC, &item)) {
        input->has_identifier = true;
        memcpy(input->identifier.bytes, item.bytes, SK_HASH_SIZE);
    }
    input->has_place = record->header.door != 0 && find(record, SK_TAG_DIRECTION, &item);
    if (input->has_place)
        input->entry = item.length == 5; /* "entry", not "exit" */
}

static void read_case(const struct sk_record *record, struct sk_case *kept)
{
    struct sk_body_item item;
    const int64_t recv_us = (int64_t)record->header.t_recv_us;
    const int64_t t_ctrl_us = find(record, SK_TAG_T_CTRL, &item) ? sk_item_i64(&item) : 0;
    const uint8_t class_ = (uint8_t)number(record, SK_TAG_OCCURRENCE_CLASS);
    const struct sk_bounds seen = sk_sighting_bounds(class_, (uint8_t)number(record, SK_TAG_CLOCK_QUALITY), t_ctrl_us, recv_us);
    *kept = (struct sk_case){.ev = record->header.ev,
                             .ctrl = record->header.ctrl,
                             .has_identity = record->header.ctrl_epoch != 0 || record->header.ctrl_seq != 0,
                             .epoch = record->header.ctrl_epoch,
                             .seq = record->header.ctrl_seq,
                             .recv_us = recv_us,
                             .roster_version = number(record, SK_TAG_ROSTER_VERSION),
                             .moment_us = sk_decide_moment(class_, t_ctrl_us, recv_us),
                             .early_us = seen.early_us,
                             .person = -1};
    kept->papers_by_us = kept->moment_us;
    read_input(record, &kept->input);
    kept->input.moved_us = sk_movement_moment(class_, t_ctrl_us, recv_us);
    kept->input.late_us = seen.late_us;
}

/* Decision, reasons and agreement as they stand under these tags. */
static bool says(const struct sk_record *record, enum sk_tag decision, enum sk_tag reasons, enum sk_tag agreement,
                 const struct sk_case *kept)
{
    struct sk_body_item item;
    const bool listed = find(record, reasons, &item);
    if (listed != (kept->reason_count > 0) || (listed && item.length != (size_t)2 * kept->reason_count))
        return false;
    for (size_t i = 0; listed && i < kept->reason_count; i++)
        if ((item.bytes[2 * i] << 8 | item.bytes[2 * i + 1]) != kept->reasons[i])
            return false;
    return number(record, decision) == kept->decision && number(record, agreement) == kept->agreement;
}

static bool is_same(const struct sk_record *record, const struct sk_second_decision *ours)
{
    static const uint8_t nobody[SK_SUBJECT_SIZE] = {0};
    const uint8_t *tag = ours->person != NULL ? ours->person->person.tag : nobody;
    struct sk_case settled = {0};
    sk_case_settle(&settled, ours);
    return says(record, SK_TAG_OUR_DECISION, SK_TAG_OUR_REASONS, SK_TAG_AGREEMENT, &settled) &&
           (record->header.flags >> SK_FLAG_OURS_SHIFT & 3u) == ours->decision &&
           number(record, SK_TAG_FACTORS_REQUIRED) == ours->factors_required &&
           memcmp(record->header.subject, tag, SK_SUBJECT_SIZE) == 0;
}

/* What somebody's movement changes of earlier decisions must be said by supplements that follow. */
static void stir(struct sk_replay *replay, const struct sk_stir *what, int64_t as_of_us)
{
    const struct sk_world world = world_of(replay);
    struct sk_second_decision again;
    for (size_t i = 0; i < SK_CASES; i++)
        if (sk_case_is_touched(&replay->cases.items[i], what))
            replay->cases.items[i].owed = sk_case_changes(&world, &replay->cases.items[i], as_of_us, &again);
}

/* Also guests who are let in while it runs. */
static enum sk_err look_at_guests(struct sk_replay *replay, int64_t at_us)
{
    if (!replay->muster.running)
        return SK_OK;
    const struct sk_world world = world_of(replay);
    const struct sk_guests guests = sk_world_guests(&world, at_us);
    const struct sk_roster_view view = {replay->roster, sk_roster_version(replay->roster), at_us};
    size_t cursor = 0;
    const enum sk_err err = sk_muster_reserve_guests(&replay->muster, sk_guests_count(&guests, &view, &replay->trails));
    while (err == SK_OK && sk_muster_next_guest(&replay->muster, &guests, &view, &replay->trails, &cursor) != NULL)
        ;
    return err;
}

/* And what a paper changes of them. */
static enum sk_err take_paper(struct sk_replay *replay, const struct sk_record *record)
{
    const struct sk_world world = world_of(replay);
    struct sk_register_act act;
    struct sk_second_decision again;
    enum sk_err err = sk_register_act_read(record->header.ev, record->body, record->body_length, &act);
    const int64_t now_us = (int64_t)record->header.t_recv_us;
    if (err == SK_OK)
        err = sk_registers_apply(replay->registers, &act);
    for (size_t i = 0; err == SK_OK && sk_papers_matter(act.row->register_) && i < SK_CASES; i++) {
        struct sk_case asked = replay->cases.items[i];
        asked.papers_by_us = now_us;
        if (asked.in_use && asked.person >= 0)
            replay->cases.items[i].owed = sk_case_changes(&world, &asked, now_us, &again);
    }
    return err == SK_OK && sk_papers_matter(act.row->register_) ? look_at_guests(replay, now_us) : err;
}

static void look(struct sk_replay *replay, size_t person)
{
    sk_muster_look(&replay->muster, &replay->trails.items[person], replay->roster, person);
}

static uint8_t mode_of(const struct sk_record *record)
{
    struct sk_body_item item;
    for (uint8_t mode = 0; find(record, SK_TAG_STATE_WORD, &item) && sk_door_word("mode", mode) != NULL; mode++)
        if (item.length == strlen(sk_door_word("mode", mode)) &&
            memcmp(item.bytes, sk_door_word("mode", mode), item.length) == 0)
            return mode;
    return SK_DOOR_MODE_UNKNOWN;
}

/* Where an event at a door puts people; person -1: nobody the roster knows. */
static void sight(struct sk_replay *replay, const struct sk_record *record, int64_t person)
{
    struct sk_body_item item;
    const uint8_t class_ = (uint8_t)number(record, SK_TAG_OCCURRENCE_CLASS);
    const int64_t t_ctrl_us = find(record, SK_TAG_T_CTRL, &item) ? sk_item_i64(&item) : 0;
    const struct sk_door_sighting sighting = {.ev = record->header.ev,
                                              .mode = mode_of(record),
                                              .occurrence = class_,
                                              .granted = number(record, SK_TAG_CTRL_DECISION) == SK_DECISION_GRANTED,
                                              .placed = record->header.door != 0 && find(record, SK_TAG_DIRECTION, &item),
                                              .at_us = sk_movement_moment(class_, t_ctrl_us, (int64_t)record->header.t_recv_us),
                                              .door = record->header.door,
                                              .from = (uint16_t)number(record, SK_TAG_AREA_FROM),
                                              .to = (uint16_t)number(record, SK_TAG_AREA_TO),
                                              .has_card = find(record, SK_TAG_IDENTIFIER_HMAC, &item)};
    struct sk_trail *trail = person >= 0 ? &replay->trails.items[person] : NULL;
    if ((sk_occupancy_take(&replay->occupancy, trail, &sighting) & SK_SIGHTED_TRAIL) != 0)
        look(replay, (size_t)person);
}

static void text_of(const struct sk_record *record, enum sk_tag tag, char *to, size_t capacity)
{
    struct sk_body_item item;
    to[0] = '\0';
    if (find(record, tag, &item) && item.length < capacity) {
        memcpy(to, item.bytes, item.length);
        to[item.length] = '\0';
    }
}

static void place(struct sk_replay *replay, const struct sk_record *record, size_t person, uint8_t how)
{
    struct sk_trail *trail = &replay->trails.items[person];
    const struct sk_stay stay = {.at_us = sk_trail_after(trail, (int64_t)record->header.t_recv_us),
                                 .zone = (uint16_t)number(record, SK_TAG_AREA_TO),
                                 .how = how,
                                 .occurrence = SK_OCC_ONLINE};
    sk_trail_put(trail, &stay);
    look(replay, person);
}

static enum sk_err take_guest(struct sk_replay *replay, const struct sk_record *record, const char *by)
{
    char visit[SK_ENTRY_ID_MAX];
    const int64_t at_us = (int64_t)record->header.t_recv_us;
    const struct sk_world world = world_of(replay);
    const struct sk_guests guests = sk_world_guests(&world, at_us);
    const struct sk_roster_view view = {replay->roster, sk_roster_version(replay->roster), at_us};
    text_of(record, SK_TAG_VISIT, visit, sizeof visit);
    const struct sk_guest_mark *before = sk_guest_mark_of(&replay->muster.guests, visit);
    const bool seen = record->header.ev == SK_EV_MUSTER_SEEN;
    const struct sk_stir what = {
        .at_us = before != NULL && !seen ? before->seen_us : at_us,
        .person = -1,
        .own = UINT64_MAX,
        .zones = {(uint16_t)number(record, SK_TAG_AREA_FROM), (uint16_t)number(record, SK_TAG_AREA_TO)}};
    const enum sk_err err = sk_muster_reserve_guests(&replay->muster, 1);
    if (err == SK_OK && seen)
        sk_muster_see_guest(&replay->muster, &guests, &view, &replay->trails, visit, (uint32_t)number(record, SK_TAG_GUESTS),
                            by, at_us);
    else if (err == SK_OK)
        sk_muster_unsee_guest(&replay->muster, visit, by);
    stir(replay, &what, at_us);
    return err;
}

static enum sk_err start_muster(struct sk_replay *replay, const struct sk_record *record, const char *by)
{
    const size_t people = sk_roster_count(replay->roster, SK_EV_PERSON_CREATED);
    sk_muster_start(&replay->muster, number(record, SK_TAG_MUSTER), record->header.zone, number(record, SK_TAG_DRILL) != 0, by,
                    (int64_t)record->header.t_recv_us);
    for (size_t i = 0; i < people; i++)
        look(replay, i);
    const struct sk_world world = world_of(replay);
    const struct sk_guests guests = sk_world_guests(&world, (int64_t)record->header.t_recv_us);
    sk_muster_drop_guests(&replay->muster, &guests, NULL, NULL);
    return look_at_guests(replay, (int64_t)record->header.t_recv_us);
}

/* An act of a person about who is where. */
static enum sk_err take_presence(struct sk_replay *replay, const struct sk_record *record)
{
    char id[SK_ENTITY_MAX], by[SK_WHO_MAX];
    struct sk_body_item guest;
    const int64_t at_us = (int64_t)record->header.t_recv_us;
    text_of(record, SK_TAG_PERSON, id, sizeof id);
    text_of(record, SK_TAG_ACTOR, by, sizeof by);
    const int64_t person = id[0] == '\0' ? -1 : sk_roster_person_index(replay->roster, id);
    if (record->header.ev == SK_EV_MUSTER_STARTED)
        return start_muster(replay, record, by);
    if (record->header.ev == SK_EV_MUSTER_ENDED) {
        sk_muster_end(&replay->muster, at_us);
        return SK_OK;
    }
    if (person < 0)
        return find(record, SK_TAG_VISIT, &guest) ? take_guest(replay, record, by) : SK_ERR_NOT_FOUND;
    struct sk_trail *trail = &replay->trails.items[person];
    const uint16_t from = sk_trail_newest_zone(trail);
    switch (record->header.ev) {
    case SK_EV_OCC_CORRECTED:
        place(replay, record, (size_t)person, SK_STAY_CORRECTED);
        break;
    case SK_EV_APB_FORGIVEN:
        place(replay, record, (size_t)person, SK_STAY_FORGIVEN);
        break;
    case SK_EV_MUSTER_SEEN:
        sk_muster_see(&replay->muster, trail, (size_t)person, by, at_us);
        break;
    case SK_EV_MUSTER_UNSEEN:
        sk_muster_unsee(&replay->muster, trail, (size_t)person, by, at_us);
        break;
    default:
        return SK_OK;
    }
    const struct sk_stir what = sk_stir_of_act(trail, (int32_t)person, from);
    stir(replay, &what, at_us);
    return SK_OK;
}

static void move(struct sk_replay *replay, const struct sk_record *record, const struct sk_case *kept, uint64_t own)
{
    const struct sk_decide_input *input = &kept->input;
    const bool placed = kept->person >= 0 && input->has_place;
    struct sk_trail *trail = placed ? &replay->trails.items[kept->person] : NULL;
    const struct sk_stir what = {
        .at_us = input->moved_us,
        .person = kept->person,
        .own = own,
        .zones = {input->zone_from, input->zone_to, placed ? sk_trail_zone_at(trail, input->moved_us) : 0}};
    if (placed && sk_roster_count(replay->roster, SK_EV_WAY_RULE) > 0)
        sk_trail_see(trail, input, kept->early_us);
    sight(replay, record, kept->person);
    if (placed && input->used && input->zone_to != 0)
        stir(replay, &what, kept->recv_us);
}

static void take_passage(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out)
{
    const struct sk_world world = world_of(replay);
    struct sk_case kept;
    read_case(record, &kept);
    sk_case_decide(&world, &kept, kept.recv_us, true, &out->ours);
    out->judged = true;
    out->same = is_same(record, &out->ours);
    sk_case_settle(&kept, &out->ours);
    const uint64_t own = replay->cases.next;
    if (out->ours.depends)
        sk_cases_keep(&replay->cases, &kept);
    move(replay, record, &kept, own);
}

/* The passage it names was decided as it says, and decided again as of its time comes out as it says. */
static void take_supplement(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out)
{
    const struct sk_world world = world_of(replay);
    struct sk_body_item item;
    char name[SK_CASE_NAME_MAX] = "";
    out->judged = out->supplement = true;
    if (find(record, SK_TAG_SUPPLEMENTS, &item) && item.length < sizeof name)
        memcpy(name, item.bytes, item.length);
    struct sk_case *kept = sk_cases_find(&replay->cases, record->header.ctrl, name);
    if (kept == NULL || !says(record, SK_TAG_OLD_DECISION, SK_TAG_OLD_REASONS, SK_TAG_OLD_AGREEMENT, kept))
        return;
    kept->owed = false;
    kept->input.gaps = number(record, SK_TAG_GAPS) != 0;
    const int64_t as_of_us = find(record, SK_TAG_AS_OF_US, &item) ? sk_item_i64(&item) : 0;
    if (find(record, SK_TAG_CAUSE, &item) && item.length == 10 && memcmp(item.bytes, "late_paper", 10) == 0)
        kept->papers_by_us = as_of_us;
    const bool changes = sk_case_changes(&world, kept, as_of_us, &out->ours);
    sk_case_settle(kept, &out->ours);
    out->same = changes && says(record, SK_TAG_OUR_DECISION, SK_TAG_OUR_REASONS, SK_TAG_AGREEMENT, kept) &&
                memcmp(record->header.subject, kept->subject, SK_SUBJECT_SIZE) == 0;
}

size_t sk_replay_owed(const struct sk_replay *replay)
{
    size_t count = 0;
    for (size_t i = 0; i < SK_CASES; i++)
        count += replay->cases.items[i].in_use && replay->cases.items[i].owed;
    return count;
}

enum sk_err sk_replay_record(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *ret_replayed)
{
    *ret_replayed = (struct sk_replayed){0};
    if (record->header.class_ == SK_CLASS_ROSTER)
        return sk_act_row(record->header.ev) != NULL ? take_paper(replay, record) : take_change(replay, record);
    if (record->header.ev == SK_EV_SYS_NUMBER)
        return take_number(replay, record);
    if (record->header.class_ != SK_CLASS_ACCESS)
        return SK_OK;
    if (record->header.ev == SK_EV_ACC_SUPPLEMENT)
        take_supplement(replay, record, ret_replayed);
    else if (record->header.ev >= SK_EV_ACC_GRANTED && record->header.ev < SK_EV_ACC_REX)
        take_passage(replay, record, ret_replayed);
    if (record->header.class_ == SK_CLASS_ACCESS &&
        (record->header.ev == SK_EV_ACC_REX || record->header.ev == SK_EV_DOOR_MODE))
        sight(replay, record, -1);
    if (record->header.ev >= SK_EV_OCC_CORRECTED && record->header.ev <= SK_EV_MUSTER_ENDED)
        return take_presence(replay, record);
    return SK_OK;
}
