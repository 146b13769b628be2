/* SPDX-License-Identifier: Apache-2.0 */
/* What a person typed on its way into log and vault: never in the log, always to be read again by its commitment, also over a
 * disk that refuses. */
#include "tests/unit/shell_kit.h"

#include "schemas/store/vault.h"

static struct shell shell;
static struct sk_vault *vault;

static int setup(void **state)
{
    struct sk_fault fault = {0};
    if (support_setup(state) != 0)
        return -1;
    shell_setup(&shell);
    if (sk_vault_open(support_directory, &vault, &fault) != SK_OK)
        return -1;
    sk_recorder_keep_words(shell.recorder, vault);
    return 0;
}

static int teardown(void **state)
{
    shell_disk(true);
    sk_recorder_close(shell.recorder);
    sk_vault_close(vault);
    return support_teardown(state);
}

static void type(const char *reason)
{
    const struct sk_now now = kit_now(0);
    struct sk_draft draft;
    sk_draft_init(&draft, SK_EV_OP_COMMAND, &now);
    sk_body_put_text(&draft.body, SK_TAG_ACTOR, "op");
    sk_body_put_text(&draft.body, SK_TAG_REASON_TEXT, reason);
    sk_body_put_text(&draft.body, SK_TAG_RESULT, "ok");
    assert_int_equal(sk_recorder_add(shell.recorder, &draft), SK_OK);
}

struct found {
    struct sk_hash commits[16];
    size_t count;
};

static bool take(void *context, const struct sk_record *record)
{
    struct found *found = context;
    struct sk_body_item item;
    assert_false(sk_body_find(record->body, record->body_length, SK_TAG_REASON_TEXT, &item));
    if (sk_body_find(record->body, record->body_length, SK_TAG_REASON_COMMIT, &item))
        memcpy(found->commits[found->count++].bytes, item.bytes, SK_HASH_SIZE);
    return true;
}

static struct found stored(void)
{
    struct found found = {.count = 0};
    const struct sk_walk walk = {.limit = 100000, .door = -1};
    assert_int_equal(sk_store_walk(sk_recorder_store(shell.recorder), &walk, take, &found), SK_OK);
    return found;
}

static void says(const struct sk_hash *commit, const char *text)
{
    struct sk_words words;
    struct sk_hash again;
    assert_int_equal(sk_vault_words_get(vault, commit, &words), SK_OK);
    assert_string_equal(words.text, text);
    assert_int_equal(sk_words_commit(&words, &again), SK_OK);
    assert_memory_equal(again.bytes, commit->bytes, SK_HASH_SIZE);
}

static void the_log_holds_a_commitment_the_vault_the_text(void **state)
{
    (void)state;
    type("Yamada asked");
    type("Suzuki asked");
    type("Suzuki asked"); /* of one commit: the rows of an import */
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    type("Suzuki asked");
    assert_int_equal(shell_commit(&shell, 2), SK_OK);
    const struct found found = stored();
    assert_int_equal(found.count, 4);
    says(&found.commits[0], "Yamada asked");
    says(&found.commits[1], "Suzuki asked");
    says(&found.commits[3], "Suzuki asked");
    assert_memory_equal(found.commits[1].bytes, found.commits[2].bytes, SK_HASH_SIZE);
    assert_memory_not_equal(found.commits[2].bytes, found.commits[3].bytes, SK_HASH_SIZE);
}

/* An import commits by a way of its own. */
static void an_import_is_sealed_too(void **state)
{
    const struct sk_now now = kit_now(5);
    (void)state;
    type("Yamada asked");
    assert_int_equal(sk_recorder_commit_whole(shell.recorder, &now), SK_OK);
    const struct found found = stored();
    assert_int_equal(found.count, 1);
    says(&found.commits[0], "Yamada asked");
}

static void an_outage_loses_no_text(void **state)
{
    (void)state;
    shell_disk(false);
    type("Yamada asked");
    assert_int_not_equal(shell_commit(&shell, 1), SK_OK);
    type("Suzuki asked");
    assert_int_not_equal(shell_commit(&shell, 2000), SK_OK);
    shell_disk(true);
    assert_int_equal(shell_commit(&shell, 4000), SK_OK);
    const struct found found = stored();
    assert_int_equal(found.count, 2);
    says(&found.commits[0], "Yamada asked");
    says(&found.commits[1], "Suzuki asked");
}

static void erasing_leaves_the_log_as_it_was(void **state)
{
    struct sk_hash root, after;
    struct sk_fault fault = {0};
    struct sk_words words;
    (void)state;
    type("Yamada asked");
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    const struct found found = stored();
    assert_int_equal(sk_store_root(sk_recorder_store(shell.recorder), &root), SK_OK);
    assert_int_equal(sk_vault_words_erase(vault, &found.commits[0]), SK_OK);
    assert_int_equal(sk_vault_words_get(vault, &found.commits[0], &words), SK_ERR_NOT_FOUND);
    assert_int_equal(sk_store_root(sk_recorder_store(shell.recorder), &after), SK_OK);
    assert_memory_equal(&root, &after, sizeof root);
    assert_int_equal(sk_store_verify(sk_recorder_store(shell.recorder), NULL, NULL, NULL, &fault), SK_OK);
    assert_false(support_tree_has("Yamada"));
}

static void without_a_vault_nothing_is_kept(void **state)
{
    (void)state;
    sk_recorder_keep_words(shell.recorder, NULL);
    type("Yamada asked");
    assert_int_equal(shell_commit(&shell, 1), SK_OK);
    assert_int_equal(stored().count, 1);
    assert_false(support_tree_has("Yamada"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        T(the_log_holds_a_commitment_the_vault_the_text),
        T(an_import_is_sealed_too),
        T(an_outage_loses_no_text),
        T(erasing_leaves_the_log_as_it_was),
        T(without_a_vault_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
