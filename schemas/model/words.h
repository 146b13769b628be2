/* SPDX-License-Identifier: Apache-2.0 */
/* Words: free text that a person typed (a reason, a comment). Anything may stand in it, also a name, and the log is for ever;
 * so a record holds a commitment to the text and the text itself lies in the vault, under that commitment, where it can be
 * erased (schemas/log-format.md 1.5). While it is there, salt and text prove that it is what was typed; once it is erased the
 * log proves itself as before and says nothing of it. Which tags are such texts: schemas/vocab/sealed.def. Pure. */
#ifndef SK_MODEL_WORDS_H
#define SK_MODEL_WORDS_H

#include "schemas/model/record.h"

enum { SK_WORDS_MAX = 1024, SK_WORDS_SALT = 32 };

struct sk_words {
    struct sk_hash commit;
    uint8_t salt[SK_WORDS_SALT];
    uint16_t tag;                /* of the text: SK_TAG_REASON_TEXT, SK_TAG_COMMENT */
    char text[SK_WORDS_MAX + 1]; /* never empty */
};

/* The commitment's tag of a text's tag; 0: such a text may stand in the log. And back; 0: no commitment to a text. */
int sk_words_commit_tag(int text_tag);
int sk_words_text_tag(int commit_tag);
/* HMAC-SHA-256 under the salt over u16 tag (of the text) and the text. */
enum sk_err sk_words_commit(const struct sk_words *words, struct sk_hash *ret_commit);
/* Puts a new salt and the commitment into words whose tag and text stand. */
enum sk_err sk_words_seal(struct sk_words *words);
/* The next text of a body that must not stand in a record, behind *last_tag (begins at 0); tag and text of ret_words are set.
 */
bool sk_body_words_next(const struct sk_body *body, int *last_tag, struct sk_words *ret_words);
/* Each such text replaced by its commitment, in the order in which sk_body_words_next() gives them. */
void sk_body_seal(struct sk_body *body, const struct sk_hash *commits, size_t count);

#endif
