/* SPDX-License-Identifier: Apache-2.0 */
/* Lost cards. A run begins with the roster's own change (a card is lost or stolen), so that no way of saying so is missed; what
 * people say of it and what the controllers' lists prove are facts beside it. It is over when the card is enabled or returned.
 */
#include <string.h>

#include "collector/engine/internal.h"

/* The slot that names the card's newest loss, or the empty one where it would stand. */
static uint32_t *slot_of(const struct sk_rights *rights, const char *credential)
{
    const size_t mask = rights->loss_slot_count - 1;
    size_t at = sk_hash_text(credential) & mask;
    while (rights->loss_slots[at] != 0 && strcmp(rights->losses[rights->loss_slots[at] - 1].credential, credential) != 0)
        at = (at + 1) & mask;
    return &rights->loss_slots[at];
}

/* At most half of the slots are taken. */
static enum sk_err widen(struct sk_rights *rights)
{
    if (2 * (rights->loss_count + 1) <= rights->loss_slot_count)
        return SK_OK;
    const size_t wider = rights->loss_slot_count == 0 ? 16 : 2 * rights->loss_slot_count;
    uint32_t *slots = sk_calloc(wider, sizeof *slots);
    if (slots == NULL)
        return SK_ERR_NOMEM;
    sk_free(rights->loss_slots);
    rights->loss_slots = slots;
    rights->loss_slot_count = wider;
    for (uint32_t i = 0; i < rights->loss_count; i++)
        *slot_of(rights, rights->losses[i].credential) = i + 1;
    return SK_OK;
}

static struct sk_loss *newest(const struct sk_rights *rights, const char *credential)
{
    const uint32_t slot = rights->loss_slot_count == 0 ? 0 : *slot_of(rights, credential);
    return slot == 0 ? NULL : &rights->losses[slot - 1];
}

const struct sk_loss *sk_loss_of(const struct sk_rights *rights, const char *credential)
{
    return newest(rights, credential);
}

static enum sk_err begin(struct sk_rights *rights, const struct sk_roster_change *change)
{
    if (widen(rights) != SK_OK)
        return SK_ERR_NOMEM;
    struct sk_loss *grown =
        sk_grow(rights->losses, rights->loss_count, &rights->loss_capacity, sizeof *grown, SK_LIST_ROWS_CEILING);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    rights->losses = grown;
    struct sk_loss *loss = &grown[rights->loss_count];
    *loss = (struct sk_loss){.suspended_us = change->effective_us};
    loss->gone_us = sk_calloc(rights->list_count + 1, sizeof *loss->gone_us);
    if (loss->gone_us == NULL)
        return SK_ERR_NOMEM;
    sk_text_copy(loss->credential, sizeof loss->credential, change->entity);
    uint32_t *slot = slot_of(rights, loss->credential);
    if (*slot != 0)
        grown[*slot - 1].superseded = true;
    *slot = (uint32_t)++rights->loss_count;
    return SK_OK;
}

enum sk_err sk_loss_take_change(struct sk_rights *rights, const struct sk_roster_change *change)
{
    if (change->ev != SK_EV_CREDENTIAL_STATE)
        return SK_OK;
    const uint8_t state = change->credential.state;
    struct sk_loss *loss = newest(rights, change->entity);
    const bool open = loss != NULL && loss->over_us == 0;
    if (state == SK_CRED_LOST || state == SK_CRED_STOLEN)
        return open ? SK_OK : begin(rights, change);
    if (open && (state == SK_CRED_ENABLED || state == SK_CRED_RETURNED))
        loss->over_us = change->effective_us;
    return SK_OK;
}

enum sk_err sk_loss_take(struct sk_rights *rights, const struct sk_fact *fact, size_t list)
{
    struct sk_loss *loss = newest(rights, fact->entity);
    if (loss == NULL)
        return SK_ERR_NOT_FOUND;
    switch (fact->ev) {
    case SK_EV_CARD_LOST:
        loss->noticed_us = fact->noticed_us;
        loss->told_us = fact->told_us;
        return SK_OK;
    case SK_EV_CARD_USED:
        loss->used_first_us = loss->used == 0 ? fact->t_us : loss->used_first_us;
        loss->used_last_us = fact->t_us;
        loss->used++;
        return SK_OK;
    case SK_EV_CARD_REPLACED:
        sk_text_copy(loss->replaced_by, sizeof loss->replaced_by, fact->object);
        return SK_OK;
    case SK_EV_CARD_FOUND:
        loss->found_us = fact->found_us;
        return SK_OK;
    default: /* card.gone */
        if (list < rights->list_count && loss->gone_us[list] == 0)
            loss->gone_us[list] = fact->taken_us;
        return SK_OK;
    }
}

/* From when the clock of a loss runs: when it was told, or when we stopped it if that was not said. */
static int64_t told(const struct sk_loss *loss)
{
    return loss->told_us != 0 ? loss->told_us : loss->suspended_us;
}

const char *sk_loss_late(const struct sk_engine *engine, const struct sk_loss *loss, int64_t at_us)
{
    const struct sk_roster_limits limits = sk_rights_limits(engine->site);
    if (loss->suspended_us - told(loss) > limits.lost_suspend_us)
        return "suspended";
    if (loss->over_us != 0 || at_us - told(loss) <= limits.lost_gone_us)
        return "";
    for (size_t i = 0; i < engine->rights.list_count; i++)
        if (engine->rights.lists[i].number > 0 && loss->gone_us[i] == 0)
            return "listed";
    return "";
}

void sk_rights_passage(struct sk_engine *engine, const struct sk_passage *passage, struct sk_effects *effects)
{
    char name[SK_SYSTEM_NAME_MAX];
    const struct sk_roster_change *card = passage->ours.credential;
    if (card == NULL || (card->credential.state != SK_CRED_LOST && card->credential.state != SK_CRED_STOLEN))
        return;
    struct sk_fact fact = {.ev = SK_EV_CARD_USED, .t_us = passage->recv_us};
    sk_text_copy(fact.entity, sizeof fact.entity, card->entity);
    sk_text_copy(fact.person, sizeof fact.person, card->credential.person);
    sk_text_copy(fact.device, sizeof fact.device, engine->site->devices[passage->event->device].id);
    sk_text_copy(fact.object, sizeof fact.object, passage->door != NULL ? passage->door->id : "");
    sk_text_copy(fact.detail, sizeof fact.detail, sk_event_name(passage->ev));
    if (sk_loss_take(&engine->rights, &fact, 0) != SK_OK)
        return;
    sk_fact_record(engine, &fact, NULL, effects);
    sk_text_format(name, sizeof name, "card:%s/used", card->entity);
    const uint32_t slot = sk_system_slot(engine, name);
    if (slot == engine->slot_count) { /* the record stands, and the passage's own alarm */
        sk_system_refuse(engine, name, passage->now, effects);
        return;
    }
    struct sk_decision_input input = {.verdict = SK_V_ABNORMAL,
                                      .now = passage->now,
                                      .detail = fact.object,
                                      .severity = SK_SEV_CRITICAL,
                                      .simulated = passage->event->simulated,
                                      .mono_us = passage->now->mono_us,
                                      .recv_us = passage->recv_us,
                                      .occurrence_class = passage->occurrence_class};
    sk_cond_feed(engine, engine->system_cond + slot, &input, effects);
    input.verdict = SK_V_NORMAL; /* a moment, not a state: it stays open until somebody acknowledges it */
    sk_cond_feed(engine, engine->system_cond + slot, &input, effects);
}
