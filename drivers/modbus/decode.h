/* SPDX-License-Identifier: Apache-2.0 */
/* Raw words of one point -> value and quality. Pure, table-driven by the profile, never fails: what cannot be a value is a
 * quality with a reason.
 *
 * Words: registers as received, or one word (0 or 1) per bit for function codes 1 and 2; bits of a wider type are put together
 * with the first bit lowest. Orders: 0 = ABCD, BYTES_SWAPPED = BADC, WORDS_SWAPPED = CDAB, both = DCBA; for 64 bits
 * ABCDEFGH, BADCFEHG, GHEFCDAB, HGFEDCBA. */
#ifndef SK_MODBUS_DECODE_H
#define SK_MODBUS_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/model/sample.h"
#include "schemas/model/site.h"

struct sk_modbus_value {
    bool has_value; /* false: number and text say nothing, keep what was there before */
    uint8_t quality, reason;
    double number;            /* NUMBER, STATE, FLAGS */
    char text[SK_TEXT_VALUE]; /* TEXT */
};

/* The unscaled number that sentinels, state maps and scale maps compare with: FIELD and single bits already taken out. */
int64_t sk_modbus_raw(const struct sk_profile_point *point, const uint16_t *words);
bool sk_modbus_all_zero(const struct sk_profile_point *point, const uint16_t *words);

/* scale: the entry chosen by the scale_from register; NULL when the point has none. Reads point->count words (at least 1). */
void sk_modbus_decode(const struct sk_profile_point *point, const uint16_t *words, const struct sk_map_entry *scale,
                      struct sk_modbus_value *ret_value);
/* The map entry of `raw` for a point with scale_from; the map is the point's own or, without one, its helper's. */
const struct sk_map_entry *sk_modbus_scale_find(const struct sk_profile_point *point, const struct sk_profile_point *helper,
                                                int64_t raw);

/* Quality of a read that brought no value. held: a value from before is kept. Codes as in facility field notes 5.4. */
void sk_modbus_exception_quality(uint8_t exception, bool held, uint8_t *ret_quality, uint8_t *ret_reason);

#endif
