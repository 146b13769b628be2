/* SPDX-License-Identifier: Apache-2.0 */
/* Commitments to texts, and a body with its texts replaced by them: one walk over the items, the commitments put in where their
 * tags belong. */
#include "schemas/model/words.h"

#include <string.h>

static const struct {
    int text, commit;
} rows[] = {
#define W(text, commit) {text, commit},
#include "schemas/vocab/sealed.def"
#undef W
};
enum { ROWS = sizeof rows / sizeof *rows };

int sk_words_commit_tag(int text_tag)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].text == text_tag)
            return rows[i].commit;
    return 0;
}

int sk_words_text_tag(int commit_tag)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].commit == commit_tag)
            return rows[i].text;
    return 0;
}

enum sk_err sk_words_commit(const struct sk_words *words, struct sk_hash *ret_commit)
{
    uint8_t bytes[2 + SK_WORDS_MAX];
    struct sk_writer writer;
    sk_writer_init(&writer, bytes, sizeof bytes);
    sk_write_u16(&writer, words->tag);
    sk_write_bytes(&writer, words->text, strnlen(words->text, sizeof words->text));
    const enum sk_err err =
        writer.bad ? SK_ERR_TOO_LONG : sk_hmac_sha256(words->salt, sizeof words->salt, bytes, writer.length, ret_commit);
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

enum sk_err sk_words_seal(struct sk_words *words)
{
    const enum sk_err err = sk_random(words->salt, sizeof words->salt);
    return err == SK_OK ? sk_words_commit(words, &words->commit) : err;
}

bool sk_body_words_next(const struct sk_body *body, int *last_tag, struct sk_words *ret_words)
{
    struct sk_reader reader;
    sk_reader_init(&reader, body->bytes, body->writer.length);
    while (reader.left > 0 && !reader.bad) {
        const int tag = sk_read_u16(&reader);
        const size_t length = sk_read_u16(&reader);
        const uint8_t *bytes = sk_read_bytes(&reader, length);
        if (reader.bad || tag <= *last_tag || length > SK_WORDS_MAX || sk_words_commit_tag(tag) == 0)
            continue;
        *last_tag = tag;
        ret_words->tag = (uint16_t)tag;
        memcpy(ret_words->text, bytes, length);
        ret_words->text[length] = '\0';
        return true;
    }
    return false;
}

struct commitment {
    int tag;
    const struct sk_hash *hash;
};

static size_t put_below(struct sk_body *to, const struct commitment *waiting, size_t done, size_t count, int tag)
{
    for (; done < count && waiting[done].tag < tag; done++)
        sk_body_put_hash(to, (enum sk_tag)waiting[done].tag, waiting[done].hash);
    return done;
}

void sk_body_seal(struct sk_body *body, const struct sk_hash *commits, size_t count)
{
    struct sk_body sealed;
    struct commitment waiting[ROWS];
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    size_t met = 0, done = 0;
    bool bad = false;
    sk_body_init(&sealed);
    sk_reader_init(&reader, body->bytes, body->writer.length);
    while (sk_body_next(&reader, &last_tag, &item, &bad)) {
        const int commit_tag = sk_words_commit_tag(item.tag);
        if (commit_tag != 0 && met < count) {
            waiting[met] = (struct commitment){commit_tag, &commits[met]};
            met++;
            continue;
        }
        done = put_below(&sealed, waiting, done, met, item.tag);
        sk_body_put_item(&sealed, &item);
    }
    put_below(&sealed, waiting, done, met, INT32_MAX);
    sealed.bad = sealed.bad || bad || body->bad;
    memcpy(body, &sealed, sizeof sealed);
    body->writer.buffer = body->bytes;
    explicit_bzero(&sealed, sizeof sealed);
}
