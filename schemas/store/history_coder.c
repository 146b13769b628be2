/* SPDX-License-Identifier: Apache-2.0 */
/* Range coder with carry (low of 33 bits, a cached byte) and adaptive bits; above it the series model: zero or not by the last
 * four signs and the last two sizes (two opinions, averaged), then sign, length and the upper bits of the magnitude. */
#include "schemas/store/history_coder.h"

#include <string.h>

enum { TOP = 1 << 24, HALF = 32768, SLOWEST = 160, MODELLED_BITS = 3 };

/* 65536 / (n + 1.5): how far the n-th observation moves a probability. */
#define STEP(n) (uint32_t)(131072 / (2 * (n) + 3))

void sk_bits_init(struct sk_bit *bits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bits[i] = (struct sk_bit){HALF, 0};
}

static uint32_t step_of(unsigned seen)
{
    return seen < SLOWEST ? STEP(seen) : STEP(SLOWEST);
}

static void learn(struct sk_bit *bit, unsigned value)
{
    const uint32_t step = step_of(bit->seen);
    const uint32_t wrong = value != 0 ? bit->zero : 65536u - bit->zero;
    const uint32_t move = (uint32_t)(((uint64_t)wrong * step) >> 16);
    const uint32_t zero = value != 0 ? bit->zero - move : bit->zero + move;
    bit->zero = (uint16_t)(zero < 16 ? 16 : zero > 65520 ? 65520 : zero);
    if (bit->seen < SLOWEST)
        bit->seen++;
}

/* --- the coder --- */

void sk_encoder_init(struct sk_encoder *encoder, void *buffer, size_t capacity)
{
    *encoder = (struct sk_encoder){.buffer = buffer, .capacity = capacity, .range = UINT32_MAX};
}

static void put(struct sk_encoder *encoder, uint8_t byte)
{
    if (encoder->length == encoder->capacity)
        encoder->bad = true;
    else
        encoder->buffer[encoder->length++] = byte;
}

/* The top byte leaves once no carry can reach it any more; bytes of 0xFF wait for that behind the cached one. */
static void shift(struct sk_encoder *encoder)
{
    if (encoder->low < 0xFF000000u || encoder->low > UINT32_MAX) {
        const uint8_t carry = (uint8_t)(encoder->low >> 32);
        if (encoder->begun)
            put(encoder, (uint8_t)(encoder->cache + carry));
        for (; encoder->pending > 0; encoder->pending--)
            put(encoder, (uint8_t)(0xFF + carry));
        encoder->begun = true;
        encoder->cache = (uint8_t)(encoder->low >> 24);
    } else {
        encoder->pending++;
    }
    encoder->low = (encoder->low & 0x00FFFFFFu) << 8;
}

static void encode(struct sk_encoder *encoder, uint32_t zero, unsigned value)
{
    const uint32_t bound = (encoder->range >> 16) * zero;
    if (value == 0) {
        encoder->range = bound;
    } else {
        encoder->low += bound;
        encoder->range -= bound;
    }
    while (encoder->range < TOP) {
        encoder->range <<= 8;
        shift(encoder);
    }
}

static unsigned decode(struct sk_decoder *decoder, uint32_t zero)
{
    const uint32_t bound = (decoder->range >> 16) * zero;
    const unsigned value = decoder->code >= bound;
    if (value == 0) {
        decoder->range = bound;
    } else {
        decoder->code -= bound;
        decoder->range -= bound;
    }
    while (decoder->range < TOP) {
        decoder->range <<= 8;
        decoder->code = decoder->code << 8 | (decoder->at < decoder->end ? *decoder->at++ : 0);
    }
    return value;
}

void sk_encode_bit(struct sk_encoder *encoder, struct sk_bit *bit, unsigned value)
{
    encode(encoder, bit->zero, value);
    learn(bit, value);
}

unsigned sk_decode_bit(struct sk_decoder *decoder, struct sk_bit *bit)
{
    const unsigned value = decode(decoder, bit->zero);
    learn(bit, value);
    return value;
}

/* Trailing zeroes need not be written: the decoder reads zeroes past its end. */
void sk_encoder_end(struct sk_encoder *encoder)
{
    for (int i = 0; i < 5; i++)
        shift(encoder);
    while (encoder->length > 0 && encoder->buffer[encoder->length - 1] == 0)
        encoder->length--;
}

void sk_decoder_init(struct sk_decoder *decoder, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    *decoder = (struct sk_decoder){.at = at, .end = at + length, .range = UINT32_MAX};
    for (int i = 0; i < 4; i++)
        decoder->code = decoder->code << 8 | (decoder->at < decoder->end ? *decoder->at++ : 0);
}

/* --- the series --- */

void sk_series_init(struct sk_series *series)
{
    sk_bits_init(series->zero, SK_SERIES_HISTORY);
    sk_bits_init(series->zero_size, (size_t)SK_SERIES_SIZES * SK_SERIES_SIZES);
    sk_bits_init(series->sign, SK_SERIES_HISTORY);
    sk_bits_init(series->length[0], (size_t)SK_SERIES_SIZES * SK_SERIES_LENGTHS);
    sk_bits_init(series->top[0], (size_t)SK_SERIES_LENGTHS * 8);
    memset(series->past, 0, sizeof series->past);
    memset(series->size, 0, sizeof series->size);
}

static unsigned past_of(const struct sk_series *series)
{
    return (unsigned)series->past[0] * 27u + series->past[1] * 9u + series->past[2] * 3u + series->past[3];
}

static unsigned sizes_of(const struct sk_series *series)
{
    return (unsigned)series->size[0] * SK_SERIES_SIZES + series->size[1];
}

static unsigned bits_in(uint64_t value)
{
    return value == 0 ? 0 : 64u - (unsigned)__builtin_clzll(value);
}

static void remember(struct sk_series *series, uint64_t magnitude, bool down)
{
    memmove(series->past + 1, series->past, 3);
    series->past[0] = magnitude == 0 ? 0 : down ? 2 : 1;
    const unsigned size = bits_in(magnitude);
    series->size[1] = series->size[0];
    series->size[0] = (uint8_t)(size < SK_SERIES_SIZES ? size : SK_SERIES_SIZES - 1);
}

static uint32_t opinion(const struct sk_bit *a, const struct sk_bit *b)
{
    return ((uint32_t)a->zero + b->zero) / 2;
}

void sk_series_encode(struct sk_series *series, struct sk_encoder *encoder, int64_t residual)
{
    const bool down = residual < 0;
    const uint64_t magnitude = down ? 0 - (uint64_t)residual : (uint64_t)residual;
    struct sk_bit *a = &series->zero[past_of(series)], *b = &series->zero_size[sizes_of(series)];
    encode(encoder, opinion(a, b), magnitude != 0);
    learn(a, magnitude != 0);
    learn(b, magnitude != 0);
    if (magnitude != 0) {
        sk_encode_bit(encoder, &series->sign[past_of(series)], down);
        const unsigned length = bits_in(magnitude);
        struct sk_bit *lengths = series->length[(series->size[0] + series->size[1] + 1) / 2];
        for (unsigned i = 1; i < length; i++)
            sk_encode_bit(encoder, &lengths[i - 1], 1);
        if (length < SK_SERIES_LENGTHS)
            sk_encode_bit(encoder, &lengths[length - 1], 0);
        unsigned node = 1;
        for (unsigned i = length - 1; i-- > 0;) {
            const unsigned bit = magnitude >> i & 1;
            if (node < 1u << MODELLED_BITS) {
                sk_encode_bit(encoder, &series->top[length - 1][node], bit);
                node = node << 1 | bit;
            } else {
                encode(encoder, HALF, bit);
            }
        }
    }
    remember(series, magnitude, down);
}

int64_t sk_series_decode(struct sk_series *series, struct sk_decoder *decoder)
{
    uint64_t magnitude = 0;
    bool down = false;
    struct sk_bit *a = &series->zero[past_of(series)], *b = &series->zero_size[sizes_of(series)];
    const unsigned nonzero = decode(decoder, opinion(a, b));
    learn(a, nonzero);
    learn(b, nonzero);
    if (nonzero != 0) {
        down = sk_decode_bit(decoder, &series->sign[past_of(series)]) != 0;
        struct sk_bit *lengths = series->length[(series->size[0] + series->size[1] + 1) / 2];
        unsigned length = 1, node = 1;
        while (length < SK_SERIES_LENGTHS && sk_decode_bit(decoder, &lengths[length - 1]) != 0)
            length++;
        magnitude = 1;
        for (unsigned i = length - 1; i-- > 0;) {
            unsigned bit;
            if (node < 1u << MODELLED_BITS) {
                bit = sk_decode_bit(decoder, &series->top[length - 1][node]);
                node = node << 1 | bit;
            } else {
                bit = decode(decoder, HALF);
            }
            magnitude = magnitude << 1 | bit;
        }
    }
    remember(series, magnitude, down);
    return (int64_t)(down ? 0 - magnitude : magnitude);
}
