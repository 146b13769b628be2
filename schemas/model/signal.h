/* SPDX-License-Identifier: Apache-2.0 */
/* The signals that requirements read, and what a site has for each: points of its devices, what the monitor keeps itself, or
 * the register or attestation that the site file names in their place; else nothing, and why. Whoever judges a requirement asks
 * here first: a signal without a source is no_data, and the reason says which is missing.
 *
 * Names, kinds and keepers: schemas/vocab/signals.def, in order of names. An index is the row's place and means nothing outside
 * one build; elsewhere stands the name. Pure, read-only; any thread. */
#ifndef SK_MODEL_SIGNAL_H
#define SK_MODEL_SIGNAL_H

#include "schemas/base/clock.h"
#include "schemas/model/site.h"

#define X(symbol, value, name, ja, en) symbol = (value),
enum sk_signal_kind {
#include "schemas/vocab/signal_kinds.def"
};
enum sk_keeper {
#include "schemas/vocab/signal_keepers.def"
};
enum sk_signal_source {
#include "schemas/vocab/signal_sources.def"
};
#undef X
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a summand each */
#define G(name, kind, keeper) +1
enum {
    SK_SIGNAL_COUNT = 0
#include "schemas/vocab/signals.def"
};
#undef G

struct sk_signal {
    const char *name;
    uint8_t kind;
    const char *keeper; /* name of a register or of a keeper of ours; "" none */
};
const struct sk_signal *sk_signal_at(size_t index); /* NULL past the end */
int32_t sk_signal_find(const char *name);           /* index or -1 */
const char *sk_signal_kind_name(int kind);          /* NULL: none */
const char *sk_signal_source_name(int source);
const char *sk_signal_source_text(int source, enum sk_lang lang);
/* Registers and keepers by one index, and their texts; NULL past the end, NULL for what is none. */
const char *sk_keeper_at(size_t index);
const char *sk_keeper_text(const char *name, enum sk_lang lang);

struct sk_signal_has {
    uint8_t source; /* enum sk_signal_source; nothing from SK_SOURCE_NO_POINT on */
    uint32_t points;
    uint32_t first_point;               /* of the site; when points > 0 */
    const char *keeper;                 /* KEPT, REGISTER: which; "" otherwise */
    const struct sk_stand_in *stand_in; /* what the site file says of it; NULL nothing */
};
/* Is there anything? */
bool sk_signal_is_there(const struct sk_signal_has *has);
/* What the site has for every signal at that moment, by index. zone: in which an attestation's last day ends. Points come
 * first, then what the site file names, then what the monitor keeps by itself. */
void sk_signals_of_site(const struct sk_site *site, const struct sk_zone *zone, int64_t at_us,
                        struct sk_signal_has ret_has[SK_SIGNAL_COUNT]);

#endif
