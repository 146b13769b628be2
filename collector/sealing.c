/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing the drafts of one attempt. A vault that is damaged for good must not hold up alarms: then the commitments stand
 * alone, their texts count as erased, and it is said once a record. */
#include "collector/sealing.h"

#include <string.h>

#include "schemas/base/log.h"
#include "schemas/base/mem.h"

enum { COMMITS_MAX = 1 << 20 };

void sk_sealing_begin(struct sk_sealing *sealing)
{
    sealing->count = sealing->applied = 0;
    sealing->begun = false;
    sealing->words.tag = 0;
}

static enum sk_err give_up(struct sk_sealing *sealing, enum sk_err err)
{
    if (sealing->begun)
        (void)sk_vault_end(sealing->vault, false);
    sk_sealing_begin(sealing);
    return err;
}

static enum sk_err store(struct sk_sealing *sealing, int64_t told_us)
{
    enum sk_err err = sealing->begun ? SK_OK : sk_vault_begin(sealing->vault);
    sealing->begun = sealing->begun || err == SK_OK;
    if (err == SK_OK)
        err = sk_vault_words_put(sealing->vault, &sealing->words, told_us);
    if (err == SK_ERR_CORRUPT) {
        sk_log(SK_LOG_ERROR, "the vault is damaged: a text is not kept, its record holds the commitment alone");
        err = SK_OK;
    }
    return err;
}

/* One text: the commitment of the same text just before, or a new one. */
static enum sk_err keep_one(struct sk_sealing *sealing, const struct sk_words *words, int64_t told_us)
{
    enum sk_err err = SK_OK;
    struct sk_hash *grown =
        sk_grow(sealing->commits, sealing->count, &sealing->capacity, sizeof *sealing->commits, COMMITS_MAX);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    sealing->commits = grown;
    if (words->tag != sealing->words.tag || strcmp(words->text, sealing->words.text) != 0) {
        sealing->words = *words;
        err = sk_words_seal(&sealing->words);
        if (err == SK_OK && sealing->vault != NULL)
            err = store(sealing, told_us);
    }
    sealing->commits[sealing->count++] = sealing->words.commit;
    return err;
}

enum sk_err sk_sealing_keep(struct sk_sealing *sealing, const struct sk_draft *draft)
{
    struct sk_words words;
    int last_tag = 0;
    enum sk_err err = SK_OK;
    while (err == SK_OK && sk_body_words_next(&draft->body, &last_tag, &words))
        err = keep_one(sealing, &words, (int64_t)draft->header.t_recv_us);
    return err == SK_OK ? err : give_up(sealing, err);
}

enum sk_err sk_sealing_done(struct sk_sealing *sealing)
{
    enum sk_err err = SK_OK;
    if (sealing->begun)
        err = sk_vault_end(sealing->vault, true);
    sealing->begun = false;
    return err == SK_OK || err == SK_ERR_CORRUPT ? SK_OK : give_up(sealing, err);
}

void sk_sealing_apply(struct sk_sealing *sealing, struct sk_draft *draft)
{
    struct sk_words words;
    int last_tag = 0;
    size_t count = 0;
    while (sealing->applied + count < sealing->count && sk_body_words_next(&draft->body, &last_tag, &words))
        count++;
    if (count > 0)
        sk_body_seal(&draft->body, &sealing->commits[sealing->applied], count);
    sealing->applied += count;
}

void sk_sealing_take_back(struct sk_sealing *sealing)
{
    for (size_t i = 0; sealing->vault != NULL && i < sealing->count; i++)
        if (i == 0 || memcmp(&sealing->commits[i], &sealing->commits[i - 1], sizeof *sealing->commits) != 0)
            (void)sk_vault_words_erase(sealing->vault, &sealing->commits[i]);
    sk_sealing_begin(sealing);
}

void sk_sealing_release(struct sk_sealing *sealing)
{
    sk_free(sealing->commits);
    explicit_bzero(sealing, sizeof *sealing);
}
