/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for signals that nothing at the site tells: one member per signal, a register or an attestation. */
#include <string.h>

#include "schemas/config/load.h"
#include "schemas/model/roster.h"
#include "schemas/model/signal.h"

static const char *signal_name_at(size_t index)
{
    const struct sk_signal *signal = sk_signal_at(index);
    return signal != NULL ? signal->name : NULL;
}

static enum sk_err signal_find(struct cfg *c, const struct cfg_at *at, const char *name, uint16_t *ret_signal)
{
    const int32_t found = sk_signal_find(name);
    const char *nearest = found < 0 ? cfg_nearest(name, signal_name_at) : NULL;
    if (nearest != NULL)
        return cfg_fail(c, at, SK_ERR_NOT_FOUND,
                        "found '%.60s'; expected a signal of schemas/vocab/signals.def; perhaps '%s' is meant", name, nearest);
    if (found < 0)
        return cfg_fail(c, at, SK_ERR_NOT_FOUND, "found '%.60s'; expected a signal of schemas/vocab/signals.def; correct it",
                        name);
    *ret_signal = (uint16_t)found;
    return SK_OK;
}

static enum sk_err keeper_find(struct cfg *c, const struct cfg_at *at, const char *name)
{
    for (size_t i = 0; sk_keeper_at(i) != NULL; i++)
        if (strcmp(sk_keeper_at(i), name) == 0)
            return SK_OK;
    const char *nearest = cfg_nearest(name, sk_keeper_at);
    return nearest != NULL
               ? cfg_fail(c, at, SK_ERR_NOT_FOUND, "found '%.60s'; expected a register; perhaps '%s' is meant", name, nearest)
               : cfg_fail(c, at, SK_ERR_NOT_FOUND,
                          "found '%.60s'; expected a register of schemas/vocab/registers.def; correct it", name);
}

static enum sk_err attestation_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_stand_in *to)
{
    struct cfg_attested raw;
    const enum sk_err err = cfg_read(c, at, CFG_SECTION_attested, json, &raw);
    if (err != SK_OK)
        return err;
    to->who = raw.who;
    to->until = raw.until;
    to->document = raw.document;
    return sk_day_is_day(raw.until) ? SK_OK
                                    : cfg_fail(c, CFG_AT(at, "until"), SK_ERR_PARSE,
                                               "found '%.60s'; expected a day like 2027-03-31; correct it", raw.until);
}

static enum sk_err one_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_stand_in *to)
{
    struct cfg_stand_in raw;
    enum sk_err err = signal_find(c, at, json->string, &to->signal);
    if (err == SK_OK)
        err = cfg_read(c, at, CFG_SECTION_stand_in, json, &raw);
    if (err != SK_OK)
        return err;
    to->keeper = raw.register_;
    to->who = to->until = to->document = "";
    if ((raw.register_[0] != '\0') == (raw.attestation != NULL))
        return cfg_fail(c, at, SK_ERR_PARSE, "expected register or attestation, one of the two; add or remove one");
    return raw.attestation != NULL ? attestation_read(c, CFG_AT(at, "attestation"), raw.attestation, to)
                                   : keeper_find(c, CFG_AT(at, "register"), raw.register_);
}

enum sk_err cfg_signals_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    struct cfg *c = &load->c;
    const size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0;
    struct sk_stand_in *all = cfg_arena_take(c->arena, count, sizeof(*all));
    enum sk_err first = SK_OK;
    size_t i = 0;
    if (all == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++)
        if (!cfg_goes_on(&first, one_read(c, CFG_AT(at, item->string), item, &all[i])))
            return first;
    load->site->stand_ins = all;
    load->site->stand_in_count = first == SK_OK ? count : 0;
    return first;
}
