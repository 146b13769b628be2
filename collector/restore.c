/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as it was left: everything stored is given back to it in the order in which it rests on one another, then the
 * start is recorded and what was found amiss is told. One row that is none never keeps everything from being watched. */
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/internal.h"
#include "schemas/base/log.h"
#include "schemas/store/succeed.h"

static enum sk_err restore_pending(void *context, const char *key, const void *bytes, size_t length)
{
    struct sk_collector *c = context;
    if (strcmp(key, SK_SUCCESSION_KEY) == 0) {
        memcpy(c->found.succession, bytes, length < sizeof c->found.succession ? length : sizeof c->found.succession - 1);
        return SK_OK;
    }
    enum sk_err err = sk_engine_restore_pending(c->engine, key, bytes, length, &c->now);
    if (err == SK_ERR_NOT_FOUND) {
        sk_log(SK_LOG_NOTICE, "pending row '%s' belongs to nothing in this site file; it is left alone", key);
        return SK_OK;
    }
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    sk_log(SK_LOG_ERROR, "pending row '%s' cannot be used: %s", key, sk_err_text(err));
    if (c->found.unfit_rows++ == 0)
        sk_text_copy(c->found.unfit_row, sizeof c->found.unfit_row, key);
    return SK_OK; /* one row that is none must not keep everything from being watched; it rings */
}

static bool restore_alarm(void *context, const struct sk_alarm *alarm)
{
    struct sk_collector *c = context;
    if (sk_engine_restore_alarm(c->engine, alarm) == SK_OK)
        return true;
    sk_log(SK_LOG_ERROR, "open alarm %llu (%s) cannot be restored", (unsigned long long)alarm->occurrence, alarm->source);
    return true;
}

static enum sk_err restore_roster(void *context, uint16_t ev, const void *body, size_t length)
{
    struct sk_collector *c = context;
    const enum sk_err err = sk_engine_restore_roster(c->engine, ev, body, length);
    c->found.unfit_roster = err != SK_OK && err != SK_ERR_NOMEM;
    return err;
}

/* A fact that does not follow from what came before is left out and told: it must not keep the monitor from starting. */
static enum sk_err restore_fact(void *context, int64_t t_us, uint16_t ev, const void *body, size_t length)
{
    struct sk_collector *c = context;
    const enum sk_err err = sk_engine_restore_fact(c->engine, t_us, ev, body, length);
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    sk_log(SK_LOG_ERROR, "a stored '%s' cannot be used: %s", sk_event_name(ev), sk_err_text(err));
    c->found.unusable_facts++;
    return SK_OK;
}

/* An act that does not follow from those before it (one whose record was given up) is told and passed over: its entry stays
 * where it was, and the collector starts. */
static enum sk_err restore_register(void *context, uint16_t ev, int64_t at_us, const void *body, size_t length)
{
    const enum sk_err err = sk_engine_restore_register(((struct sk_collector *)context)->engine, ev, at_us, body, length);
    if (err == SK_OK || err == SK_ERR_NOMEM)
        return err;
    sk_log(SK_LOG_ERROR, "a stored act of a register (%s) does not follow: %s", sk_event_name(ev), sk_err_text(err));
    return SK_OK;
}

static enum sk_err restore_registers(struct sk_collector *c, struct sk_store *store)
{
    const struct sk_register_row *row;
    const int64_t kept_us = SK_REGISTERS_KEEP_DAYS * INT64_C(86400) * SK_US_PER_S;
    enum sk_err err = sk_store_registers_each(store, c->now.utc_us - kept_us, restore_register, c);
    for (size_t i = 0; err == SK_OK && (row = sk_register_at(i)) != NULL; i++) {
        uint32_t last;
        err = sk_store_register_last(store, row->number, &last);
        if (err == SK_OK)
            sk_engine_restore_register_last(c->engine, row->number, last);
    }
    return err;
}

static enum sk_err restore_engine(struct sk_collector *c)
{
    uint64_t last = 0;
    struct sk_store *store = sk_recorder_store(c->recorder);
    enum sk_err err = sk_store_alarm_last(store, &last);
    if (err != SK_OK)
        return err;
    sk_engine_restore_last_occurrence(c->engine, last);
    err = sk_store_roster_each(store, restore_roster, c);
    if (err == SK_OK)
        err = sk_store_facts_each(store, restore_fact, c);
    if (err == SK_OK)
        err = restore_registers(c, store);
    if (err == SK_OK)
        err = sk_store_alarms(store, true, UINT64_MAX, UINT32_MAX, restore_alarm, c);
    if (err == SK_OK)
        err = sk_store_pending_each(store, restore_pending, c);
    return err;
}

static void record_start(struct sk_collector *c, const char *boot_id)
{
    struct sk_draft draft;
    struct sk_hash digest;
    sk_draft_init(&draft, SK_EV_SYS_START, &c->now);
    memcpy(digest.bytes, c->site->digest, sizeof digest.bytes);
    sk_body_put_hash(&draft.body, SK_TAG_DIGEST, &digest);
    sk_body_put_text(&draft.body, SK_TAG_VERSION, SK_VERSION);
    sk_body_put_text(&draft.body, SK_TAG_BOOT_ID, boot_id);
    sk_body_put_u8(&draft.body, SK_TAG_CLOCK_QUALITY, c->now.clock_quality);
    sk_recorder_add(c->recorder, &draft);
}

/* Open until a person has seen it: over at once, because nothing of it can be mended here. */
static void tell_unfit_rows(struct sk_collector *c)
{
    char detail[SK_ALARM_TEXT_MAX];
    if (c->found.unfit_rows == 0)
        return;
    sk_text_format(detail, sizeof detail, "%u stored rows cannot be used; the first is '%s'", c->found.unfit_rows,
                   c->found.unfit_row);
    sk_collector_raise(c, "log.rows", true, SK_SEV_HIGH, detail);
    sk_collector_raise(c, "log.rows", false, SK_SEV_HIGH, detail);
}

/* Rings highest, and stays until a person has seen it; the row that remembers it goes in the same transaction. */
static void tell_succession(struct sk_collector *c)
{
    if (c->found.succession[0] == '\0')
        return;
    sk_collector_raise(c, "log.damaged", true, SK_SEV_CRITICAL, c->found.succession);
    sk_collector_raise(c, "log.damaged", false, SK_SEV_CRITICAL, c->found.succession);
    sk_recorder_forget(c->recorder, SK_SUCCESSION_KEY);
}

enum sk_err sk_collector_wake(struct sk_collector *c, struct sk_fault *fault)
{
    char boot_id[40];
    sk_clock_boot_id(boot_id);
    c->now = sk_clock_read();
    enum sk_err err = sk_zone_load(c->site->zone_name, &c->zone, fault);
    if (err != SK_OK)
        return err;
    err = sk_engine_create(c->site, boot_id, &c->engine);
    if (err == SK_OK) {
        sk_engine_set_zone(c->engine, c->zone);
        err = restore_engine(c);
    }
    if (err == SK_OK) {
        record_start(c, boot_id);
        err = sk_engine_start(c->engine, &c->now, sk_collector_effects(c));
    }
    if (err == SK_OK) {
        tell_succession(c);
        tell_unfit_rows(c);
    }
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "the engine cannot start from what is stored: %s", sk_err_text(err));
}
