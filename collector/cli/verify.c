/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho verify DIR [--key FILE]`: recomputes the whole log of a state directory and says what stands and what it rests on.
 *
 * Without --key the key named by the log itself is used: that finds damage, but not a log replaced whole; the output says so.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/chain.h"
#include "collector/cli/cli.h"
#include "collector/cli/words.h"

enum { KEY_FILE_MAX = 1024 };

struct request {
    const char *directory, *key_file;
};

/* What is found out beside the verdict. */
struct summary {
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    bool has_key, own_key;
    char origin[SK_ORIGIN_MAX];
    uint64_t size;
    struct sk_hash root;
    struct sk_checkpoint newest;
    bool has_checkpoint;
};

static int arguments_read(int argc, char **argv, struct request *request)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
            request->key_file = argv[++i];
        else if (argv[i][0] == '-')
            return sk_cli_usage(
                "verify", sk_cli_text("知らない、または値のないオプション", "unknown option, or without a value"), argv[i]);
        else if (request->directory != NULL)
            return sk_cli_usage("verify", sk_cli_text("ディレクトリは一つだけ", "one directory only"), argv[i]);
        else
            request->directory = argv[i];
    }
    return request->directory != NULL
               ? SK_EXIT_OK
               : sk_cli_usage("verify", sk_cli_text("ディレクトリが必要です", "a directory is needed"), "");
}

/* The first word of a file: a verifier key or 64 hex digits. */
static bool key_read(const char *path, struct summary *summary)
{
    char text[KEY_FILE_MAX + 1];
    FILE *file = fopen(path, "rb");
    const size_t length = file != NULL ? fread(text, 1, KEY_FILE_MAX, file) : 0;
    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    text[strcspn(text, " \t\r\n")] = '\0';
    summary->has_key = file != NULL && sk_public_key_parse(text, summary->key, NULL) == SK_OK;
    if (!summary->has_key)
        fprintf(stderr, "sekisho verify: %s: %s\n", path,
                sk_cli_text("公開鍵が読めません(検証鍵 name+hash+base64 か16進64桁)",
                            "no public key in it (expected a verifier key name+hash+base64 or 64 hex digits)"));
    return summary->has_key;
}

static bool key_of_record(void *context, const struct sk_record *record)
{
    struct summary *summary = context;
    struct sk_body_item item;
    if (record->header.ev == SK_EV_LOG_ORIGIN && sk_body_find(record->body, record->body_length, SK_TAG_PUBLIC_KEY, &item) &&
        item.length == SK_PUBLIC_KEY_SIZE) {
        memcpy(summary->key, item.bytes, SK_PUBLIC_KEY_SIZE);
        summary->has_key = summary->own_key = true;
    }
    return false;
}

static void progress_show(void *context, uint64_t done, uint64_t all)
{
    enum { WIDTH = 40 };
    const int full = all > 0 ? (int)(done * WIDTH / all) : WIDTH;
    (void)context;
    fprintf(stderr, "\r[%.*s%*s] %llu / %llu", full, "########################################", WIDTH - full, "",
            (unsigned long long)done, (unsigned long long)all);
    if (done == all)
        fputc('\n', stderr);
}

static void print_result(const struct summary *summary)
{
    char hex[2 * SK_HASH_SIZE + 1], key[SK_NOTE_MAX] = "";
    const unsigned long long size = summary->size;
    sk_hex_write(hex, summary->root.bytes, SK_HASH_SIZE);
    printf("%s: %s\n", sk_cli_text("起点", "origin"), summary->origin[0] != '\0' ? summary->origin : "-");
    printf("%s: %llu\n%s: %s\n", sk_cli_text("記録数", "records"), size, sk_cli_text("根", "root"), hex);
    if (summary->has_checkpoint)
        printf("%s: %llu (%s %llu)\n", sk_cli_text("最新の検証点", "newest checkpoint"),
               (unsigned long long)summary->newest.number, sk_cli_text("記録数", "records"),
               (unsigned long long)summary->newest.size);
    printf("%s: %llu\n", sk_cli_text("検証点より後の未固定の記録", "records behind it, not yet anchored"),
           size - (summary->has_checkpoint ? (unsigned long long)summary->newest.size : 0));
    if (summary->has_key && sk_verifier_key_write(summary->origin, summary->key, key) == SK_OK)
        printf("%s: %s\n", sk_cli_text("検証鍵", "verifier key"), key);
    if (summary->own_key)
        puts(sk_cli_text("注意: 鍵は記録自身から取りました。別の経路で受け取った鍵を --key で与えてください。",
                         "note: the key was taken from the log itself; give the one you received by another path with --key."));
    if (!summary->has_checkpoint)
        puts(sk_cli_text("注意: 署名された検証点がまだありません。", "note: there is no signed checkpoint yet."));
    puts(sk_cli_text("切り詰めと巻き戻しは、他所に保管した検証点と比べなければ分かりません。",
                     "truncation and roll-back show only against a checkpoint kept elsewhere."));
}

static enum sk_err check(struct sk_store *store, struct summary *summary, struct sk_fault *fault)
{
    if (!summary->has_key)
        sk_store_record(store, 0, key_of_record, summary);
    enum sk_err err = sk_store_verify(store, summary->has_key ? summary->key : NULL,
                                      isatty(STDERR_FILENO) ? progress_show : NULL, NULL, fault);
    if (err != SK_OK)
        return err;
    /* After the verdict: a writer may have gone on, so these are the figures of now. */
    summary->size = sk_store_size(store);
    summary->has_checkpoint = sk_store_checkpoint_latest(store, &summary->newest) == SK_OK;
    if (sk_store_origin(store, summary->origin, sizeof summary->origin) != SK_OK)
        summary->origin[0] = '\0';
    return sk_store_root(store, &summary->root);
}

int sk_cli_verify(int argc, char **argv)
{
    struct request request = {NULL, NULL};
    struct summary summary = {.size = 0};
    struct sk_store *store = NULL;
    struct sk_fault fault = {.text = ""}, around = {.text = ""};
    int code = arguments_read(argc, argv, &request);
    if (code != SK_EXIT_OK)
        return code;
    if (request.key_file != NULL && !key_read(request.key_file, &summary))
        return SK_EXIT_FAILED;
    enum sk_err err = sk_store_open_any(request.directory, &store, &fault);
    if (err == SK_OK)
        err = check(store, &summary, &fault);
    if (err == SK_OK)
        print_result(&summary);
    if (err == SK_OK)
        err = sk_cli_words(request.directory, store, &fault);
    const enum sk_err chain = sk_cli_chain(request.directory, store, &around);
    sk_store_close(store);
    if (err == SK_OK && chain == SK_ERR_CORRUPT) {
        err = chain;
        fault = around;
    }
    if (err == SK_OK) {
        puts(sk_cli_text("結果: 一致", "result: intact"));
        return SK_EXIT_OK;
    }
    fprintf(stderr, "sekisho verify: %s\n", fault.text[0] != '\0' ? fault.text : sk_err_text(err));
    if (err != SK_ERR_CORRUPT)
        return SK_EXIT_FAILED;
    puts(sk_cli_text("結果: 不一致", "result: damaged"));
    return SK_EXIT_REFUSED;
}
