/* SPDX-License-Identifier: Apache-2.0 */
/* Range coder with carry (low of 33 bits, a cached byte) and adaptive bits; above it the series model: zero or not by the last
 * four signs and the last two sizes (two opinions, averaged), then sign, length and the upper bits of the magnitude. */
#include "schemas/store/history_coder.h"

#include <string.h>

enum { TOP = 1 << 24, HALF = 32768, SLOWEST = 160, MODELLED_BITS = 3 };
enum { SETTLED = 65536 - 161 }; /* from there on (65536 - zero) * steps[SLOWEST] is below 1 */

/* 65536 / (n + 1.5): how far the n-th observation moves a probability. A table, because a division here was a third of all the
 * time that samples cost; tests/unit/test_history_block.c computes it again. */
static const uint16_t steps[SLOWEST + 1] = {
    43690, 26214, 18724, 14563, 11915, 10082, 8738, 7710, 6898, 6241, 5698, 5242, 4854, 4519, 4228, 3971, 3744, 3542,
    3360,  3196,  3048,  2912,  2788,  2674,  2570, 2473, 2383, 2299, 2221, 2148, 2080, 2016, 1956, 1899, 1846, 1795,
    1747,  1702,  1659,  1618,  1579,  1542,  1506, 1472, 1440, 1409, 1379, 1351, 1323, 1297, 1272, 1248, 1224, 1202,
    1180,  1159,  1139,  1120,  1101,  1083,  1065, 1048, 1032, 1016, 1000, 985,  970,  956,  942,  929,  916,  903,
    891,   879,   868,   856,   845,   834,   824,  814,  804,  794,  784,  775,  766,  757,  748,  740,  732,  724,
    716,   708,   700,   693,   686,   679,   672,  665,  658,  652,  645,  639,  633,  627,  621,  615,  609,  604,
    598,   593,   587,   582,   577,   572,   567,  562,  557,  553,  548,  543,  539,  534,  530,  526,  522,  518,
    514,   510,   506,   502,   498,   494,   490,  487,  483,  480,  476,  473,  469,  466,  463,  459,  456,  453,
    450,   447,   444,   441,   438,   435,   432,  429,  426,  424,  421,  418,  416,  413,  410,  408,  405,
};

void sk_bits_init(struct sk_bit *bits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bits[i] = (struct sk_bit){HALF, 0};
}

uint32_t sk_coder_step(unsigned seen)
{
    return steps[seen < SLOWEST ? seen : SLOWEST];
}

/* Most questions have long been settled (a count that is always the same): for these nothing would move any more. */
static inline void learn(struct sk_bit *bit, unsigned value)
{
    if (value == 0 && bit->zero >= SETTLED && bit->seen == SLOWEST)
        return;
    const uint32_t step = steps[bit->seen]; /* never above SLOWEST */
    const uint32_t wrong = value != 0 ? bit->zero : 65536u - bit->zero;
    const uint32_t move = wrong * step >> 16; /* at most 65520 * 43690: fits */
    const uint32_t zero = value != 0 ? bit->zero - move : bit->zero + move;
    bit->zero = (uint16_t)(zero < 16 ? 16 : zero > 65520 ? 65520 : zero);
    bit->seen = (uint16_t)(bit->seen + (bit->seen < SLOWEST));
}

/* --- the coder --- */

void sk_encoder_init(struct sk_encoder *encoder, void *buffer, size_t capacity)
{
    *encoder = (struct sk_encoder){.buffer = buffer, .capacity = capacity, .range = UINT32_MAX};
}

static inline void put(struct sk_encoder *encoder, uint8_t byte)
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

static inline void encode(struct sk_encoder *encoder, uint32_t zero, unsigned value)
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

static inline unsigned decode(struct sk_decoder *decoder, uint32_t zero)
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

static inline unsigned decode_learning(struct sk_decoder *decoder, struct sk_bit *bit)
{
    const unsigned value = decode(decoder, bit->zero);
    learn(bit, value);
    return value;
}

void sk_encode_bit(struct sk_encoder *encoder, struct sk_bit *bit, unsigned value)
{
    encode(encoder, bit->zero, value);
    learn(bit, value);
}

unsigned sk_decode_bit(struct sk_decoder *decoder, struct sk_bit *bit)
{
    return decode_learning(decoder, bit);
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
    series->past = 0;
    memset(series->size, 0, sizeof series->size);
}

static inline unsigned sizes_of(const struct sk_series *series)
{
    return (unsigned)series->size[0] * SK_SERIES_SIZES + series->size[1];
}

static inline unsigned bits_in(uint64_t value)
{
    return value == 0 ? 0 : 64u - (unsigned)__builtin_clzll(value);
}

static inline void remember(struct sk_series *series, uint64_t magnitude, bool down)
{
    series->past = (uint8_t)(series->past / 3 + 27 * (magnitude == 0 ? 0 : down ? 2 : 1));
    const unsigned size = bits_in(magnitude);
    series->size[1] = series->size[0];
    series->size[0] = (uint8_t)(size < SK_SERIES_SIZES ? size : SK_SERIES_SIZES - 1);
}

static inline uint32_t opinion(const struct sk_bit *a, const struct sk_bit *b)
{
    return ((uint32_t)a->zero + b->zero) / 2;
}

void sk_series_encode(struct sk_series *series, struct sk_encoder *encoder, int64_t residual)
{
    const bool down = residual < 0;
    const uint64_t magnitude = down ? 0 - (uint64_t)residual : (uint64_t)residual;
    struct sk_bit *a = &series->zero[series->past], *b = &series->zero_size[sizes_of(series)];
    encode(encoder, opinion(a, b), magnitude != 0);
    learn(a, magnitude != 0);
    learn(b, magnitude != 0);
    if (magnitude != 0) {
        sk_encode_bit(encoder, &series->sign[series->past], down);
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

static inline uint64_t decode_magnitude(struct sk_series *series, struct sk_decoder *decoder)
{
    struct sk_bit *lengths = series->length[(series->size[0] + series->size[1] + 1) / 2];
    unsigned length = 1, node = 1;
    uint64_t magnitude = 1;
    while (length < SK_SERIES_LENGTHS && decode_learning(decoder, &lengths[length - 1]) != 0)
        length++;
    for (unsigned i = length - 1; i-- > 0;) {
        unsigned bit;
        if (node < 1u << MODELLED_BITS) {
            bit = decode_learning(decoder, &series->top[length - 1][node]);
            node = node << 1 | bit;
        } else {
            bit = decode(decoder, HALF);
        }
        magnitude = magnitude << 1 | bit;
    }
    return magnitude;
}

static inline int64_t series_decode(struct sk_series *series, struct sk_decoder *decoder)
{
    uint64_t magnitude = 0;
    bool down = false;
    struct sk_bit *a = &series->zero[series->past], *b = &series->zero_size[sizes_of(series)];
    const unsigned nonzero = decode(decoder, opinion(a, b));
    learn(a, nonzero);
    learn(b, nonzero);
    if (nonzero != 0) {
        down = decode_learning(decoder, &series->sign[series->past]) != 0;
        magnitude = decode_magnitude(series, decoder);
    }
    remember(series, magnitude, down);
    return (int64_t)(down ? 0 - magnitude : magnitude);
}

int64_t sk_series_decode(struct sk_series *series, struct sk_decoder *decoder)
{
    return series_decode(series, decoder);
}

/* On a copy of the decoder that nobody else can see, so that its range and code may stay in registers. */
void sk_series_decode_each(struct sk_series *series, size_t count, struct sk_decoder *decoder, int64_t *ret_residuals)
{
    struct sk_decoder own = *decoder;
    for (size_t i = 0; i < count; i++)
        ret_residuals[i] = series_decode(&series[i], &own);
    *decoder = own;
}
