/* SPDX-License-Identifier: Apache-2.0 */
/* A passage decided again from its record: the facts it was decided on, the decision they lead to, and whether it is the one
 * that stands there. */
#include <string.h>

#include "collector/engine/replay_internal.h"

static void read_input(const struct sk_record *record, struct sk_decide_input *input)
{
    struct sk_body_item item;
    *input = (struct sk_decide_input){.zone_from = (uint16_t)sk_replay_number(record, SK_TAG_AREA_FROM),
                                      .zone_to = (uint16_t)sk_replay_number(record, SK_TAG_AREA_TO),
                                      .door = record->header.door,
                                      .entry = true,
                                      .used = record->header.ev == SK_EV_ACC_TAKEN,
                                      .gaps = sk_replay_number(record, SK_TAG_GAPS) != 0,
                                      .factors_claimed = (uint16_t)sk_replay_number(record, SK_TAG_FACTORS_CLAIMED),
                                      .factors_site = (uint16_t)sk_replay_number(record, SK_TAG_FACTORS_REQUIRED),
                                      .ctrl_decision = (uint8_t)sk_replay_number(record, SK_TAG_CTRL_DECISION),
                                      .ctrl_reason = (uint16_t)sk_replay_number(record, SK_TAG_CTRL_REASON)};
    if (sk_replay_find(record, SK_TAG_IDENTIFIER_HMAC, &item)) {
        input->has_identifier = true;
        memcpy(input->identifier.bytes, item.bytes, SK_HASH_SIZE);
    }
    input->has_place = record->header.door != 0 && sk_replay_find(record, SK_TAG_DIRECTION, &item);
    if (input->has_place)
        input->entry = item.length == 5; /* "entry", not "exit" */
}

static void read_case(const struct sk_record *record, struct sk_case *kept)
{
    struct sk_body_item item;
    const int64_t recv_us = (int64_t)record->header.t_recv_us;
    const int64_t t_ctrl_us = sk_replay_find(record, SK_TAG_T_CTRL, &item) ? sk_item_i64(&item) : 0;
    const uint8_t class_ = (uint8_t)sk_replay_number(record, SK_TAG_OCCURRENCE_CLASS);
    const struct sk_bounds seen =
        sk_sighting_bounds(class_, (uint8_t)sk_replay_number(record, SK_TAG_CLOCK_QUALITY), t_ctrl_us, recv_us);
    *kept = (struct sk_case){.ev = record->header.ev,
                             .ctrl = record->header.ctrl,
                             .has_identity = record->header.ctrl_epoch != 0 || record->header.ctrl_seq != 0,
                             .epoch = record->header.ctrl_epoch,
                             .seq = record->header.ctrl_seq,
                             .recv_us = recv_us,
                             .roster_version = sk_replay_number(record, SK_TAG_ROSTER_VERSION),
                             .moment_us = sk_decide_moment(class_, t_ctrl_us, recv_us),
                             .early_us = seen.early_us,
                             .person = -1};
    kept->papers_by_us = kept->moment_us;
    read_input(record, &kept->input);
    kept->input.moved_us = sk_movement_moment(class_, t_ctrl_us, recv_us);
    kept->input.late_us = seen.late_us;
}

/* Decision, reasons and agreement as they stand under these tags. */
bool sk_replay_says(const struct sk_record *record, enum sk_tag decision, enum sk_tag reasons, enum sk_tag agreement,
                    const struct sk_case *kept)
{
    struct sk_body_item item;
    const bool listed = sk_replay_find(record, reasons, &item);
    if (listed != (kept->reason_count > 0) || (listed && item.length != (size_t)2 * kept->reason_count))
        return false;
    for (size_t i = 0; listed && i < kept->reason_count; i++)
        if ((item.bytes[2 * i] << 8 | item.bytes[2 * i + 1]) != kept->reasons[i])
            return false;
    return sk_replay_number(record, decision) == kept->decision && sk_replay_number(record, agreement) == kept->agreement;
}

static bool is_same(const struct sk_record *record, const struct sk_second_decision *ours)
{
    static const uint8_t nobody[SK_SUBJECT_SIZE] = {0};
    const uint8_t *tag = ours->person != NULL ? ours->person->person.tag : nobody;
    struct sk_case settled = {0};
    sk_case_settle(&settled, ours);
    return sk_replay_says(record, SK_TAG_OUR_DECISION, SK_TAG_OUR_REASONS, SK_TAG_AGREEMENT, &settled) &&
           (record->header.flags >> SK_FLAG_OURS_SHIFT & 3u) == ours->decision &&
           sk_replay_number(record, SK_TAG_FACTORS_REQUIRED) == ours->factors_required &&
           memcmp(record->header.subject, tag, SK_SUBJECT_SIZE) == 0;
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
    sk_replay_sight(replay, record, kept->person);
    if (placed && input->used && input->zone_to != 0)
        sk_replay_stir(replay, &what, kept->recv_us);
}

void sk_replay_passage(struct sk_replay *replay, const struct sk_record *record, struct sk_replayed *out)
{
    const struct sk_world world = sk_replay_world(replay);
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
