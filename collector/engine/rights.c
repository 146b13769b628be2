/* SPDX-License-Identifier: Apache-2.0 */
/* Facts folded and recorded, and the way of a controller's list. What falls due by the calendar is in rights_due.c. */
#include "collector/engine/rights.h"

#include <string.h>

#include "collector/engine/internal.h"

const struct sk_rights *sk_engine_rights(const struct sk_engine *engine)
{
    return &engine->rights;
}

struct sk_roster_limits sk_rights_limits(const struct sk_site *site)
{
    static const struct sk_roster_limits fallback = {.list_stale_us = INT64_C(86400) * SK_US_PER_S,
                                                     .revoked_gone_us = INT64_C(86400) * SK_US_PER_S,
                                                     .lost_gone_us = INT64_C(3600) * SK_US_PER_S,
                                                     .lost_suspend_us = INT64_C(1800) * SK_US_PER_S,
                                                     .review_escalate_us = INT64_C(7) * 86400 * SK_US_PER_S,
                                                     .compare_minute = 6 * 60};
    return site->roster.list_stale_us != 0 ? site->roster : fallback;
}

enum sk_err sk_rights_create(struct sk_engine *engine)
{
    struct sk_rights *rights = &engine->rights;
    rights->due_mono = SK_NEVER;
    rights->lists = sk_calloc(engine->ctrl_count + 1, sizeof *rights->lists);
    if (rights->lists == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < engine->ctrl_count; i++)
        rights->lists[rights->list_count++].device = engine->ctrls[i].device;
    return SK_OK;
}

void sk_rights_release(struct sk_rights *rights)
{
    for (size_t i = 0; i < rights->list_count; i++)
        sk_list_release(&rights->lists[i]);
    for (size_t i = 0; i < rights->loss_count; i++)
        sk_free(rights->losses[i].gone_us);
    for (size_t i = 0; i < rights->review_count; i++)
        sk_free(rights->reviews[i].rows);
    sk_free(rights->lists);
    sk_free(rights->losses);
    sk_free(rights->reviews);
    sk_free(rights->biometrics);
    *rights = (struct sk_rights){0};
}

static void look_soon(struct sk_engine *engine)
{
    engine->rights.due_mono = 0;
}

void sk_rights_changed(struct sk_engine *engine, const struct sk_roster_change *change)
{
    engine->rights.dirty = true;
    if (sk_loss_take_change(&engine->rights, change) == SK_OK && engine->rights.loss_count > 0)
        look_soon(engine);
    for (size_t i = 0; i < engine->rights.list_count; i++)
        if (engine->rights.lists[i].number > 0)
            look_soon(engine);
    if (sk_roster_family(change->ev) == SK_EV_CREDENTIAL_ISSUED && change->credential.temporary)
        look_soon(engine);
}

/* --- folding --- */

static size_t find_list(const struct sk_engine *engine, const char *device)
{
    size_t at = 0;
    while (at < engine->rights.list_count && strcmp(engine->site->devices[engine->rights.lists[at].device].id, device) != 0)
        at++;
    return at;
}

static enum sk_err take_biometric(struct sk_rights *rights, const struct sk_fact *fact)
{
    struct sk_biometric *there = NULL;
    for (size_t i = 0; i < rights->biometric_count; i++)
        there = strcmp(rights->biometrics[i].id, fact->entity) == 0 ? &rights->biometrics[i] : there;
    if (fact->ev == SK_EV_BIOMETRIC_ENDED) {
        if (there == NULL)
            return SK_ERR_NOT_FOUND;
        there->ended_us = fact->t_us;
        return SK_OK;
    }
    struct sk_biometric *grown = there != NULL ? NULL
                                               : sk_grow(rights->biometrics, rights->biometric_count,
                                                         &rights->biometric_capacity, sizeof *grown, SK_LIST_ROWS_CEILING);
    if (grown == NULL)
        return there != NULL ? SK_ERR_EXISTS : SK_ERR_NOMEM;
    rights->biometrics = grown;
    struct sk_biometric made = {.factors = fact->factors, .consent_us = fact->consent_us};
    sk_text_copy(made.id, sizeof made.id, fact->entity);
    sk_text_copy(made.person, sizeof made.person, fact->person);
    sk_text_copy(made.reference, sizeof made.reference, fact->object);
    grown[rights->biometric_count++] = made;
    return SK_OK;
}

static enum sk_err take(struct sk_engine *engine, const struct sk_fact *fact)
{
    struct sk_rights *rights = &engine->rights;
    const size_t at = find_list(engine, fact->device);
    struct sk_list *list = at < rights->list_count ? &rights->lists[at] : NULL;
    switch (fact->ev) {
    case SK_EV_LIST_ROWS:
        return list == NULL ? SK_OK : sk_list_take_rows(list, fact);
    case SK_EV_LIST_RECEIVED:
        return list == NULL ? SK_OK : sk_list_take_received(list, engine->sha, fact);
    case SK_EV_LIST_COMPARED:
        return list == NULL ? SK_OK : sk_list_take_compared(list, fact);
    case SK_EV_CARD_LOST:
    case SK_EV_CARD_USED:
    case SK_EV_CARD_REPLACED:
    case SK_EV_CARD_FOUND:
    case SK_EV_CARD_GONE:
        return sk_loss_take(rights, fact, at);
    case SK_EV_REVIEW_OPENED:
    case SK_EV_REVIEW_DECIDED:
    case SK_EV_REVIEW_VERIFIED:
    case SK_EV_REVIEW_CLOSED:
        return sk_review_take(rights, engine->roster, engine->sha, fact);
    case SK_EV_BIOMETRIC_PUT:
    case SK_EV_BIOMETRIC_ENDED:
        return take_biometric(rights, fact);
    default:
        return SK_OK; /* person.erased: the vault's matter */
    }
}

enum sk_err sk_engine_restore_fact(struct sk_engine *engine, int64_t t_us, uint16_t ev, const void *body, size_t length)
{
    struct sk_fact fact;
    if (engine->started)
        return SK_ERR_INVALID;
    const enum sk_err err = sk_fact_read(ev, body, length, &fact);
    if (err != SK_OK)
        return err;
    fact.t_us = t_us;
    look_soon(engine);
    return take(engine, &fact);
}

/* --- recording --- */

void sk_fact_record(const struct sk_engine *engine, const struct sk_fact *fact, const struct sk_roster_act *act,
                    struct sk_effects *effects)
{
    static const struct sk_roster_act nobody = {.actor = "", .address = "", .reason = "", .command = ""};
    struct sk_draft *draft = sk_effects_record(effects);
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), SK_NEVER};
    const struct sk_roster_change *person =
        fact->person[0] != '\0' ? sk_roster_get(&view, SK_EV_PERSON_CREATED, fact->person) : NULL;
    const int32_t device = fact->device[0] != '\0' ? sk_site_device(engine->site, fact->device) : -1;
    draft->header.t_recv_us = fact->t_us > 0 ? (uint64_t)fact->t_us : 0;
    draft->header.ev = fact->ev;
    draft->header.class_ = SK_CLASS_ROSTER;
    draft->header.zone = fact->zone;
    if (device >= 0)
        draft->header.ctrl = engine->site->devices[device].number;
    if (person != NULL)
        memcpy(draft->header.subject, person->person.tag, SK_SUBJECT_SIZE);
    sk_fact_write(fact, act != NULL ? act : &nobody, &draft->body);
}

/* Room was reserved before; the fold is what may still say no. */
static enum sk_err put(struct sk_engine *engine, struct sk_fact *fact, const struct sk_roster_act *act,
                       const struct sk_now *now, struct sk_effects *effects)
{
    fact->t_us = now->utc_us;
    sk_text_copy(fact->actor, sizeof fact->actor, act != NULL ? sk_text_or(act->actor) : "");
    const enum sk_err err = take(engine, fact);
    if (err == SK_OK)
        sk_fact_record(engine, fact, act, effects);
    return err;
}

enum sk_err sk_engine_fact(struct sk_engine *engine, struct sk_fact *fact, const struct sk_roster_act *act,
                           const struct sk_now *now, struct sk_effects *effects)
{
    enum sk_err err = sk_engine_advance(engine, now->mono_us, now, 1, 0, effects);
    if (err == SK_OK)
        err = put(engine, fact, act, now, effects);
    if (err == SK_OK)
        look_soon(engine);
    return err;
}

/* --- a controller's list --- */

static size_t pieces(const struct sk_pack *pack)
{
    size_t count = 0;
    for (size_t at = 0, piece; at < pack->length && (piece = sk_pack_piece(pack, at)) > 0; at += piece)
        count++;
    return count;
}

/* Steps as so many facts of one kind as they need (at least one with `always`). */
static enum sk_err put_pieces(struct sk_engine *engine, struct sk_fact *fact, const struct sk_pack *pack, bool always,
                              const struct sk_now *now, struct sk_effects *effects)
{
    enum sk_err err = SK_OK;
    size_t at = 0;
    for (bool first = always; err == SK_OK && (at < pack->length || first); first = false) {
        const size_t piece = at < pack->length ? sk_pack_piece(pack, at) : 0;
        fact->rows_length = (uint16_t)piece;
        if (piece > 0)
            memcpy(fact->rows, pack->bytes + at, piece);
        err = put(engine, fact, NULL, now, effects);
        at += piece;
    }
    return err;
}

enum sk_err sk_rights_compare(struct sk_engine *engine, struct sk_list *list, bool always, const struct sk_now *now,
                              struct sk_effects *effects)
{
    struct sk_pack steps = {0};
    uint32_t counts[5];
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), now->utc_us};
    enum sk_err err = sk_list_compare(list, &view, engine->site, &steps, counts);
    if (err == SK_OK)
        err = sk_effects_reserve(effects, pieces(&steps) + 1, 0, 0, 0);
    if (err == SK_OK && (always || steps.length > 0)) {
        struct sk_fact fact = {.ev = SK_EV_LIST_COMPARED, .version = view.version, .taken_us = list->taken_us};
        sk_text_copy(fact.device, sizeof fact.device, engine->site->devices[list->device].id);
        sk_text_format(fact.detail, sizeof fact.detail, "unknown %u, still_permitted %u, missing %u, differs %u", counts[1],
                       counts[2], counts[3], counts[4]);
        err = put_pieces(engine, &fact, &steps, always, now, effects);
    }
    sk_free(steps.bytes);
    return err;
}

/* Cards that were lost before this list was drawn up and do not stand on it: the proof that the loss arrived. */
static enum sk_err put_gone(struct sk_engine *engine, size_t at, const struct sk_now *now, struct sk_effects *effects)
{
    enum sk_err err = SK_OK;
    const struct sk_list *list = &engine->rights.lists[at];
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), SK_NEVER};
    for (size_t i = 0; err == SK_OK && i < engine->rights.loss_count; i++) {
        const struct sk_loss *loss = &engine->rights.losses[i];
        const struct sk_roster_change *card = sk_roster_get(&view, SK_EV_CREDENTIAL_ISSUED, loss->credential);
        if (loss->over_us != 0 || loss->gone_us[at] != 0 || list->taken_us < loss->suspended_us || card == NULL ||
            sk_list_at(list, &card->credential.identifier, list->taken_us) != NULL)
            continue;
        struct sk_fact fact = {.ev = SK_EV_CARD_GONE, .taken_us = list->taken_us};
        sk_text_copy(fact.device, sizeof fact.device, engine->site->devices[list->device].id);
        sk_text_copy(fact.entity, sizeof fact.entity, loss->credential);
        sk_text_copy(fact.person, sizeof fact.person, card->credential.person);
        err = sk_effects_reserve(effects, 1, 0, 0, 0);
        if (err == SK_OK)
            err = put(engine, &fact, NULL, now, effects);
    }
    return err;
}

static enum sk_err put_list(struct sk_engine *engine, struct sk_list *list, const struct sk_pack *steps,
                            struct sk_fact *received, const struct sk_roster_act *act, const struct sk_now *now,
                            struct sk_effects *effects)
{
    struct sk_fact rows = {.ev = SK_EV_LIST_ROWS, .taken_us = received->taken_us};
    sk_text_copy(rows.device, sizeof rows.device, received->device);
    enum sk_err err = sk_effects_reserve(effects, pieces(steps) + 1, 0, 0, 0);
    if (err == SK_OK)
        err = put_pieces(engine, &rows, steps, false, now, effects);
    if (err == SK_OK)
        err = put(engine, received, act, now, effects);
    if (err != SK_OK)
        list->waiting_length = 0;
    return err;
}

enum sk_err sk_engine_list(struct sk_engine *engine, uint32_t device, struct sk_list_row *rows, size_t count, int64_t taken_us,
                           const struct sk_roster_act *act, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_pack steps = {0};
    size_t at = device < engine->site->device_count ? find_list(engine, engine->site->devices[device].id) : SIZE_MAX;
    if (at >= engine->rights.list_count)
        return SK_ERR_NOT_FOUND;
    struct sk_list *list = &engine->rights.lists[at];
    if (list->number > 0 && taken_us <= list->taken_us)
        return SK_ERR_CONFLICT;
    struct sk_fact received = {.ev = SK_EV_LIST_RECEIVED, .taken_us = taken_us, .count = count};
    sk_text_copy(received.device, sizeof received.device, engine->site->devices[device].id);
    enum sk_err err = sk_list_steps(list, rows, count, &steps);
    if (err == SK_OK)
        err = sk_list_digest(engine->sha, rows, count, &received.digest);
    if (err == SK_OK)
        err = sk_engine_advance(engine, now->mono_us, now, 1, 0, effects);
    if (err == SK_OK)
        err = put_list(engine, list, &steps, &received, act, now, effects);
    sk_free(steps.bytes);
    if (err == SK_OK && put_gone(engine, at, now, effects) == SK_OK)
        (void)sk_rights_compare(engine, list, true, now, effects); /* the list stands; without memory it is compared at the next look */
    look_soon(engine);
    return err;
}
