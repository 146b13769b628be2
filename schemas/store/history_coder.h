/* SPDX-License-Identifier: Apache-2.0 */
/* An adaptive binary range coder and a model for series of integers: residuals that are mostly small, often zero, and that
 * remember what came before. No allocation: the caller gives the buffer; running over its end sets `bad` and writes nothing
 * more.
 *
 * Both sides adapt alike, so nothing about the data is stored beside it. A decoder fed with anything gives some integers and
 * never reads past its bytes. */
#ifndef SK_STORE_HISTORY_CODER_H
#define SK_STORE_HISTORY_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_encoder {
    uint8_t *buffer;
    size_t capacity, length;
    uint64_t low, pending;
    uint32_t range;
    uint8_t cache;
    bool begun, bad;
};
struct sk_decoder {
    const uint8_t *at, *end;
    uint32_t range, code;
};

/* Probability that the next bit is 0, of 65536, and how often it was asked: it learns fast, then slowly. */
struct sk_bit {
    uint16_t zero;
    uint16_t seen;
};

enum { SK_SERIES_HISTORY = 81, SK_SERIES_SIZES = 12, SK_SERIES_LENGTHS = 64 };
struct sk_series {
    struct sk_bit zero[SK_SERIES_HISTORY], zero_size[SK_SERIES_SIZES * SK_SERIES_SIZES], sign[SK_SERIES_HISTORY];
    struct sk_bit length[SK_SERIES_SIZES][SK_SERIES_LENGTHS];
    struct sk_bit top[SK_SERIES_LENGTHS][8];
    uint8_t past; /* the last four signs as digits of base 3 (0 zero, 1 up, 2 down), the newest the highest */
    uint8_t size[2];
};

void sk_encoder_init(struct sk_encoder *encoder, void *buffer, size_t capacity);
void sk_encode_bit(struct sk_encoder *encoder, struct sk_bit *bit, unsigned value);
void sk_encoder_end(struct sk_encoder *encoder); /* length is final */
void sk_decoder_init(struct sk_decoder *decoder, const void *bytes, size_t length);
unsigned sk_decode_bit(struct sk_decoder *decoder, struct sk_bit *bit);

uint32_t sk_coder_step(unsigned seen); /* of 65536: how far the next observation moves a bit asked so often */
void sk_bits_init(struct sk_bit *bits, size_t count);
void sk_series_init(struct sk_series *series);
void sk_series_encode(struct sk_series *series, struct sk_encoder *encoder, int64_t residual);
int64_t sk_series_decode(struct sk_series *series, struct sk_decoder *decoder);
/* The next number of each of several series, in their order. */
void sk_series_decode_each(struct sk_series *series, size_t count, struct sk_decoder *decoder, int64_t *ret_residuals);

#endif
