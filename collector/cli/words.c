/* SPDX-License-Identifier: Apache-2.0 */
/* Each commitment of the log against the vault: texts by themselves (schemas/model/words.h), and the personal values of
 * register entries by entry and step. Absent: erased. */
#include "collector/cli/words.h"

#include <stdio.h>
#include <string.h>

#include "collector/cli/cli.h"
#include "schemas/model/register.h"
#include "schemas/store/vault.h"

enum { PIECE = 10000 };

struct looking {
    struct sk_vault *vault;
    uint64_t next, proven, absent, cut;
    uint64_t wrong; /* seq of the first that does not fit */
    bool any_wrong;
    uint32_t seen;
    enum sk_err err;
};

static void count(struct looking *looking, const struct sk_record *record, enum sk_err err, bool fits)
{
    if (err == SK_ERR_NOT_FOUND)
        looking->absent++;
    else if (err != SK_OK && err != SK_ERR_CORRUPT)
        looking->err = err;
    else if (err == SK_OK && fits)
        looking->proven++;
    else if (!looking->any_wrong) {
        looking->any_wrong = true;
        looking->wrong = record->header.seq;
    }
}

static void look_at_words(struct looking *looking, const struct sk_record *record, const struct sk_body_item *item)
{
    struct sk_words words;
    struct sk_hash commit, again = {{0}};
    memcpy(commit.bytes, item->bytes, SK_HASH_SIZE);
    enum sk_err err = sk_vault_words_get(looking->vault, &commit, &words);
    if (err == SK_OK)
        err = sk_words_commit(&words, &again);
    count(looking, record, err,
          words.tag == sk_words_text_tag(item->tag) && memcmp(again.bytes, commit.bytes, SK_HASH_SIZE) == 0);
}

/* A row whose salt was destroyed lost some of its values by an erasure; what is left proves nothing and is not wrong. */
static void look_at_act(struct looking *looking, const struct sk_record *record)
{
    static struct sk_register_personal personal;
    static const uint8_t destroyed[SK_LABEL_SALT];
    struct sk_register_act act;
    struct sk_hash again = {{0}};
    if (sk_register_act_read(record->header.ev, record->body, record->body_length, &act) != SK_OK || !act.has_personal)
        return;
    enum sk_err err = sk_vault_register_get(looking->vault, act.entry, act.step, &personal);
    if (err == SK_OK && memcmp(personal.salt, destroyed, sizeof destroyed) == 0) {
        looking->cut++;
        return;
    }
    if (err == SK_OK)
        err = sk_register_personal_commit(&personal, &again);
    count(looking, record, err, memcmp(again.bytes, act.personal.bytes, SK_HASH_SIZE) == 0);
}

static bool look(void *context, const struct sk_record *record)
{
    struct looking *looking = context;
    struct sk_reader reader;
    struct sk_body_item item;
    int last_tag = 0;
    bool bad;
    looking->seen++;
    looking->next = record->header.seq + 1;
    if (sk_act_row(record->header.ev) != NULL)
        look_at_act(looking, record);
    sk_reader_init(&reader, record->body, record->body_length);
    while (sk_body_next(&reader, &last_tag, &item, &bad))
        if (sk_words_text_tag(item.tag) != 0)
            look_at_words(looking, record, &item);
    return looking->err == SK_OK;
}

static enum sk_err look_at_all(struct sk_store *store, struct looking *looking)
{
    enum sk_err err = SK_OK;
    do {
        const struct sk_walk walk = {.from = looking->next, .limit = PIECE, .door = -1};
        looking->seen = 0;
        err = sk_store_walk(store, &walk, look, looking);
    } while (err == SK_OK && looking->err == SK_OK && looking->seen == PIECE);
    return err != SK_OK ? err : looking->err;
}

enum sk_err sk_cli_words(const char *directory, struct sk_store *store, struct sk_fault *fault)
{
    struct looking looking = {.err = SK_OK};
    struct sk_fault ignored = {.text = ""};
    const char *title = sk_cli_text("書かれた文", "texts that people typed");
    if (sk_vault_open_reader(directory, &looking.vault, &ignored) != SK_OK) {
        printf("%s: %s\n", title, sk_cli_text("金庫が読めないため照合していません", "not looked at: the vault cannot be read"));
        return SK_OK;
    }
    const enum sk_err err = look_at_all(store, &looking);
    sk_vault_close(looking.vault);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "vault.db: %s", sk_err_text(err));
    printf("%s: %s %llu, %s %llu, %s %llu\n", title, sk_cli_text("証明", "proven"), (unsigned long long)looking.proven,
           sk_cli_text("消去済み", "erased"), (unsigned long long)looking.absent, sk_cli_text("一部消去", "erased in part"),
           (unsigned long long)looking.cut);
    return looking.any_wrong ? sk_fault_set(fault, SK_ERR_CORRUPT, "vault.db: the text of record %llu is not what was typed",
                                            (unsigned long long)looking.wrong)
                             : SK_OK;
}
