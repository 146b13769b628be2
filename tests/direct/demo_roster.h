/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's roster put straight into an engine: sim/demo/roster.csv and roster.json, which lie beside the site template. */
#ifndef SK_TESTS_DEMO_ROSTER_H
#define SK_TESTS_DEMO_ROSTER_H

#include "collector/engine/engine.h"

enum sk_err demo_roster_load(const char *template_path, const struct sk_site *site, const struct sk_zone *zone,
                             struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects,
                             struct sk_fault *fault);
/* Card number as the engine knows it, under a site key of zeroes. */
bool demo_card_hmac(const uint8_t *card, size_t length, struct sk_hash *ret_hash);

#endif
