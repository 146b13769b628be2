/* SPDX-License-Identifier: Apache-2.0 */
/* What may be kept of a message beside its event: an allow list.
 *
 * A controller can put a card number, a name or a template anywhere: under a wrong member, into the topic, into a text that is
 * no JSON. So nothing stays because it looks harmless. Kept are the member names of the envelope, words of the vocabulary, ids
 * of the site file, times, the envelope's own numbers, true, false, null, 0 and 1. Any other text becomes "…" and its length in
 * bytes, any other number null. Of what is no JSON only the length stays: a hash of it without a key would give a card number
 * away to whoever tries them all. Pure; any thread. */
#ifndef SK_MQTT_BLANK_H
#define SK_MQTT_BLANK_H

#include <stdbool.h>
#include <stddef.h>

#include "schemas/base/json.h"
#include "schemas/model/site.h"

/* Writes what may be kept of root as JSON, cut at capacity; returns the bytes written. No NUL is added. */
size_t sk_blank_json(const struct sk_site *site, const cJSON *root, char *to, size_t capacity);
/* The same for bytes that may be no JSON at all: {"length":17}. */
size_t sk_blank_bytes(const struct sk_site *site, const char *bytes, size_t length, char *to, size_t capacity);

/* The ONVIF topic: a listed one and factors below it stay, else what it has in common with a listed one, and "…" with the
 * length of the rest. False when something was taken out. capacity >= SK_TOPIC_MAX. */
bool sk_blank_topic(const char *topic, char *to, size_t capacity);

/* Is it a token that can be neither a name nor a card number? At most 32 of [A-Za-z0-9._:-], a digit in it, at most four
 * letters before the first digit or sign and in any run, and with the signs taken out no six hexadecimal digits in a row that
 * hold a digit. */
bool sk_blank_is_opaque(const char *token);

int sk_blank_factor(const char *word); /* enum sk_factor with or without pt: before it; -1 unknown */

#endif
