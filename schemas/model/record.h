/* SPDX-License-Identifier: Apache-2.0 */
/* A record: one line of the site's log. Open header of 55 bytes, hashed body. The bytes are exact: schemas/log-format.md.
 *
 * sk_body_put_*: build a body in canonical order (ascending tags, each once). A tag out of order, twice or of the wrong type
 * marks the body bad; sk_body_done() says so before anything is stored. Reading is as strict as writing. */
#ifndef SK_MODEL_RECORD_H
#define SK_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/bytes.h"
#include "schemas/base/crypto.h"
#include "schemas/base/err.h"
#include "schemas/model/vocab.h"

enum { SK_HEADER_SIZE = 55, SK_HEADER_VERSION = 1, SK_SUBJECT_SIZE = 16, SK_BODY_MAX = 4096, SK_SALT_SIZE = 32 };

/* Header flags. Bits 0-1 the controller's decision, 2-3 ours (enum sk_decision), 4 not online, 5 simulated. */
enum { SK_FLAG_CTRL_SHIFT = 0, SK_FLAG_OURS_SHIFT = 2, SK_FLAG_NOT_ONLINE = 0x10, SK_FLAG_SIMULATED = 0x20 };

struct sk_header {
    uint8_t version;
    uint64_t seq; /* 0-based, gap-free: also the leaf's index in the tree */
    uint64_t t_recv_us;
    uint16_t zone, door; /* numbers given out by records; 0 none */
    uint16_t ev;
    uint8_t class_;
    uint8_t flags;
    uint16_t ctrl; /* controller's number; 0 none */
    uint32_t ctrl_epoch;
    uint64_t ctrl_seq;
    uint8_t subject[SK_SUBJECT_SIZE]; /* random tag of the person who passes; zeroes for none */
};

void sk_header_encode(const struct sk_header *header, uint8_t to[SK_HEADER_SIZE]);
enum sk_err sk_header_decode(const uint8_t bytes[SK_HEADER_SIZE], struct sk_header *ret_header);

/* A body under construction. */
struct sk_body {
    uint8_t bytes[SK_BODY_MAX];
    struct sk_writer writer;
    int last_tag;
    bool bad;
};
void sk_body_init(struct sk_body *body);
void sk_body_put_u8(struct sk_body *body, enum sk_tag tag, uint8_t value);
void sk_body_put_u16(struct sk_body *body, enum sk_tag tag, uint16_t value);
void sk_body_put_u32(struct sk_body *body, enum sk_tag tag, uint32_t value);
void sk_body_put_u64(struct sk_body *body, enum sk_tag tag, uint64_t value);
void sk_body_put_i64(struct sk_body *body, enum sk_tag tag, int64_t value);
void sk_body_put_f64(struct sk_body *body, enum sk_tag tag, double value);      /* NaN and infinities mark the body bad */
void sk_body_put_text(struct sk_body *body, enum sk_tag tag, const char *text); /* cut at 1 024 bytes at a UTF-8 border */
void sk_body_put_bytes(struct sk_body *body, enum sk_tag tag, const void *bytes, size_t length);
void sk_body_put_hash(struct sk_body *body, enum sk_tag tag, const struct sk_hash *hash);
void sk_body_put_u16s(struct sk_body *body, enum sk_tag tag, const uint16_t *values, size_t count);
struct sk_body_item;
void sk_body_put_item(struct sk_body *body, const struct sk_body_item *item); /* of another body, as it stands there */
bool sk_body_done(const struct sk_body *body);                                /* true: canonical and complete */

/* Walking a stored body: false at the end; *ret_bad set when the body is not canonical. */
struct sk_body_item {
    int tag;
    enum sk_tag_type type;
    const uint8_t *bytes; /* borrowed from the body */
    size_t length;
};
bool sk_body_next(struct sk_reader *reader, int *last_tag, struct sk_body_item *ret_item, bool *ret_bad);
/* The whole body is canonical (what every writer made and what decode-encode gives back identically). */
bool sk_body_is_canonical(const uint8_t *bytes, size_t length);
/* One item by tag; false when it is not there. */
bool sk_body_find(const uint8_t *bytes, size_t length, enum sk_tag tag, struct sk_body_item *ret_item);
uint64_t sk_item_u64(const struct sk_body_item *item); /* u8..u64 */
int64_t sk_item_i64(const struct sk_body_item *item);
double sk_item_f64(const struct sk_body_item *item);

/* A record before it has a number: what the engine makes and the recorder appends. header.seq and version are set there. */
struct sk_draft {
    struct sk_header header;
    struct sk_body body;
};

/* A stored record, borrowed from the statement or arena that read it. */
struct sk_record {
    struct sk_header header;
    const uint8_t *body;
    size_t body_length;
};

#endif
