/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from outside: a bounded reader and a bounded writer, big-endian, with a sticky error.
 *
 * Use: read everything, then ask once: sk_reader_done() is true only when no read failed and nothing is left over.
 * A failed read returns zero and moves nothing, so that a parser needs no check per field. */
#ifndef SK_BASE_BYTES_H
#define SK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_reader {
    const uint8_t *at; /* borrowed */
    size_t left;
    bool bad;
};

struct sk_writer {
    uint8_t *buffer; /* borrowed */
    size_t capacity;
    size_t length;
    bool bad; /* something did not fit; nothing after it was written */
};

void sk_reader_init(struct sk_reader *reader, const void *bytes, size_t length);
uint8_t sk_read_u8(struct sk_reader *reader);
uint16_t sk_read_u16(struct sk_reader *reader);
uint32_t sk_read_u32(struct sk_reader *reader);
uint64_t sk_read_u64(struct sk_reader *reader);
int64_t sk_read_i64(struct sk_reader *reader);
double sk_read_f64(struct sk_reader *reader);                          /* IEEE 754 bits, big-endian */
const uint8_t *sk_read_bytes(struct sk_reader *reader, size_t length); /* NULL when bad; borrowed */
void sk_read_copy(struct sk_reader *reader, void *to, size_t length);  /* zeroes when bad */
/* u16 length, then that many bytes, copied with a NUL; bad when it does not fit capacity-1 or holds a NUL. */
void sk_read_text(struct sk_reader *reader, char *to, size_t capacity);
bool sk_reader_done(const struct sk_reader *reader);

void sk_writer_init(struct sk_writer *writer, void *buffer, size_t capacity);
void sk_write_u8(struct sk_writer *writer, uint8_t value);
void sk_write_u16(struct sk_writer *writer, uint16_t value);
void sk_write_u32(struct sk_writer *writer, uint32_t value);
void sk_write_u64(struct sk_writer *writer, uint64_t value);
void sk_write_i64(struct sk_writer *writer, int64_t value);
void sk_write_f64(struct sk_writer *writer, double value);
void sk_write_bytes(struct sk_writer *writer, const void *bytes, size_t length);
void sk_write_text(struct sk_writer *writer, const char *text); /* u16 length, bytes, no NUL */

/* Text helpers that never overrun: copy or format into a fixed field; false when it was cut (still NUL-terminated). */
bool sk_text_copy(char *to, size_t capacity, const char *from);
bool sk_text_format(char *to, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Valid UTF-8 (no overlong forms, no surrogates), no control characters but tab, newline when allowed. */
bool sk_text_is_clean(const char *bytes, size_t length, bool allow_newline);
void sk_hex_write(char *to, const uint8_t *bytes, size_t length); /* 2*length+1 characters, lower case */
bool sk_hex_read(uint8_t *to, size_t length, const char *text);   /* exactly 2*length hex digits and then NUL */
/* Whole text is one decimal integer within [low, high]; no sign but '-', no spaces, no leading '+'. */
bool sk_int_read(const char *text, int64_t low, int64_t high, int64_t *ret_value);

#endif
