/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the signals' lists, and one walk over the site that says what stands behind each. */
#include "schemas/model/signal.h"

#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/model/register.h"

enum { DEVICE = SK_SIGNAL_DEVICE, ACCESS, REGISTER, SELF, IMPORT, ATTESTATION };

static const struct sk_signal signals[] = {
#define G(name, kind, keeper) {name, kind, keeper},
#include "schemas/vocab/signals.def"
#undef G
};

struct word {
    int value;
    const char *name, *ja, *en;
};
#define X(symbol, value, name, ja, en) {value, name, ja, en},
static const struct word kinds[] = {
#include "schemas/vocab/signal_kinds.def"
};
static const struct word keepers[] = {
#include "schemas/vocab/signal_keepers.def"
};
static const struct word sources[] = {
#include "schemas/vocab/signal_sources.def"
};
#undef X
enum { KEEPERS = sizeof keepers / sizeof *keepers, SOURCES = sizeof sources / sizeof *sources };

const struct sk_signal *sk_signal_at(size_t index)
{
    return index < SK_SIGNAL_COUNT ? &signals[index] : NULL;
}

int32_t sk_signal_find(const char *name)
{
    int32_t low = 0, high = SK_SIGNAL_COUNT;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        const int order = strcmp(signals[middle].name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

const char *sk_signal_kind_name(int kind)
{
    return kind >= 1 && kind <= ATTESTATION ? kinds[kind - 1].name : NULL;
}

const char *sk_signal_source_name(int source)
{
    return source >= 1 && source <= SOURCES ? sources[source - 1].name : NULL;
}

const char *sk_signal_source_text(int source, enum sk_lang lang)
{
    if (source < 1 || source > SOURCES)
        return NULL;
    return lang == SK_LANG_JA ? sources[source - 1].ja : sources[source - 1].en;
}

const char *sk_keeper_at(size_t index)
{
    if (index < KEEPERS)
        return keepers[index].name;
    const struct sk_register_row *row = sk_register_at(index - KEEPERS);
    return row != NULL ? row->name : NULL;
}

const char *sk_keeper_text(const char *name, enum sk_lang lang)
{
    for (size_t i = 0; i < KEEPERS; i++)
        if (strcmp(keepers[i].name, name) == 0)
            return lang == SK_LANG_JA ? keepers[i].ja : keepers[i].en;
    const struct sk_register_row *row = sk_register_by_name(name);
    return row == NULL ? NULL : lang == SK_LANG_JA ? row->ja : row->en;
}

/* --- a site --- */

/* "ambient.n.humidity" tells the signal "ambient.humidity": the step that counts is left out. */
static int32_t signal_of_kind(const char *kind)
{
    char name[64];
    const char *step = strstr(kind, ".n.");
    const int32_t plain = sk_signal_find(kind);
    if (plain >= 0 || step == NULL ||
        !sk_text_format(name, sizeof name, "%.*s%s", (int)(step - kind), kind, step + strlen(".n")))
        return plain;
    return sk_signal_find(name);
}

static void count_points(const struct sk_site *site, struct sk_signal_has *has)
{
    const struct sk_point_kind *kind = NULL;
    int32_t signal = -1;
    for (size_t i = 0; i < site->point_count; i++) {
        if (site->points[i].kind != kind)
            signal = signal_of_kind(site->points[i].kind->name);
        kind = site->points[i].kind;
        if (signal < 0)
            continue;
        if (has[signal].points++ == 0)
            has[signal].first_point = (uint32_t)i;
    }
}

static bool has_kind(const struct sk_site *site, enum sk_device_kind kind)
{
    for (size_t i = 0; i < site->device_count; i++)
        if (site->devices[i].profile != NULL && site->devices[i].profile->kind == kind)
            return true;
    return false;
}

/* What is kept of devices is kept only where there are such devices. */
static bool is_kept(const struct sk_site *site, const char *keeper)
{
    static const struct {
        enum sk_keeper keeper;
        enum sk_device_kind kind;
    } of_devices[] = {
        {SK_KEEPER_CONTROLLERS, SK_DEV_DOOR}, {SK_KEEPER_LISTS, SK_DEV_DOOR}, {SK_KEEPER_RACK_LOCKS, SK_DEV_RACK}};
    for (size_t i = 0; i < sizeof of_devices / sizeof *of_devices; i++)
        if (strcmp(keepers[of_devices[i].keeper - 1].name, keeper) == 0)
            return has_kind(site, of_devices[i].kind);
    return true;
}

static void judge_own(const struct sk_site *site, const struct sk_signal *signal, struct sk_signal_has *has)
{
    const bool keeper = signal->keeper[0] != '\0';
    if (keeper && is_kept(site, signal->keeper)) {
        has->source = SK_SOURCE_KEPT;
        has->keeper = signal->keeper;
        return;
    }
    has->source = signal->kind == DEVICE ? SK_SOURCE_NO_POINT : keeper ? SK_SOURCE_NO_DEVICE : SK_SOURCE_NOT_KEPT;
}

static void judge_stand_in(const struct sk_zone *zone, int64_t at_us, struct sk_signal_has *has)
{
    int64_t until_us = 0;
    if (has->stand_in->keeper[0] != '\0') {
        has->source = SK_SOURCE_REGISTER;
        has->keeper = has->stand_in->keeper;
        return;
    }
    const bool stands = sk_day_end_us(zone, has->stand_in->until, &until_us) && at_us < until_us;
    has->source = stands ? SK_SOURCE_ATTESTATION : SK_SOURCE_EXPIRED;
}

bool sk_signal_is_there(const struct sk_signal_has *has)
{
    return has->source != 0 && has->source < SK_SOURCE_NO_POINT;
}

void sk_signals_of_site(const struct sk_site *site, const struct sk_zone *zone, int64_t at_us,
                        struct sk_signal_has ret_has[SK_SIGNAL_COUNT])
{
    for (size_t i = 0; i < SK_SIGNAL_COUNT; i++)
        ret_has[i] = (struct sk_signal_has){.keeper = ""};
    count_points(site, ret_has);
    for (size_t i = 0; i < site->stand_in_count; i++)
        ret_has[site->stand_ins[i].signal].stand_in = &site->stand_ins[i];
    for (size_t i = 0; i < SK_SIGNAL_COUNT; i++) {
        if (ret_has[i].points > 0)
            ret_has[i].source = SK_SOURCE_POINTS;
        else if (ret_has[i].stand_in != NULL)
            judge_stand_in(zone, at_us, &ret_has[i]);
        else
            judge_own(site, &signals[i], &ret_has[i]);
    }
}
