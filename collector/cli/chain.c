/* SPDX-License-Identifier: Apache-2.0 */
/* A log that had to begin anew names the one before it; `sekisho verify` follows those names as far as the files are here. */
#include "collector/cli/chain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/cli.h"
#include "schemas/base/bytes.h"

enum { CHAIN_MAX = 64, DIRECTORY_MAX = 4096 };

/* The old log lies below the live directory, or beside one that was set aside itself. */
static bool find_old(const char *directory, const char *name, char to[DIRECTORY_MAX])
{
    return (sk_text_format(to, DIRECTORY_MAX, "%s/%s", directory, name) && access(to, F_OK) == 0) ||
           (sk_text_format(to, DIRECTORY_MAX, "%s/../%s", directory, name) && access(to, F_OK) == 0);
}

static void print_quote(const struct sk_old_log *old)
{
    char hex[2 * SK_HASH_SIZE + 1];
    sk_hex_write(hex, old->root.bytes, SK_HASH_SIZE);
    printf("%s: %s (%s)\n", sk_cli_text("引き継ぎ元", "follows"),
           old->origin[0] != '\0' ? old->origin : sk_cli_text("起点不明", "origin unknown"), old->name);
    printf("  %s: %s\n", sk_cli_text("理由", "because"), old->why);
    if (old->size > 0)
        printf("  %s: %llu, %s: %s\n", sk_cli_text("その検証点の記録数", "its checkpoint covers"),
               (unsigned long long)old->size, sk_cli_text("根", "root"), hex);
}

/* A damaged log says where it stands in the chain: beside it lies who names it. */
static void print_successor(const char *directory)
{
    char parent[DIRECTORY_MAX], whole[DIRECTORY_MAX];
    struct sk_store *store = NULL;
    struct sk_log_origin origin;
    sk_text_copy(whole, sizeof whole, directory);
    while (strlen(whole) > 1 && whole[strlen(whole) - 1] == '/')
        whole[strlen(whole) - 1] = '\0';
    const char *slash = strrchr(whole, '/'), *name = slash != NULL ? slash + 1 : whole;
    if (strncmp(name, "damaged-", 8) != 0 || !sk_text_format(parent, sizeof parent, "%s/..", whole))
        return;
    puts(sk_cli_text("この記録は壊れたため退避されたものです。", "this log was set aside because it was damaged."));
    if (sk_store_open_any(parent, &store, NULL) == SK_OK && sk_log_origin_read(store, &origin) == SK_OK &&
        strcmp(origin.old.name, name) == 0)
        printf("%s: %s\n", sk_cli_text("後継", "followed by"), origin.origin);
    sk_store_close(store);
}

enum sk_err sk_cli_chain(const char *directory, struct sk_store *store, struct sk_fault *fault)
{
    char at[DIRECTORY_MAX], old_directory[DIRECTORY_MAX];
    struct sk_log_origin origin, old;
    print_successor(directory);
    if (store == NULL || sk_log_origin_read(store, &origin) != SK_OK)
        return SK_OK;
    sk_text_copy(at, sizeof at, directory);
    for (int i = 0; i < CHAIN_MAX && origin.old.any; i++) {
        print_quote(&origin.old);
        if (!find_old(at, origin.old.name, old_directory)) {
            puts(sk_cli_text("  ここには無いため照合できません。", "  not here, so it cannot be compared."));
            return SK_OK;
        }
        const enum sk_err err = sk_succession_check(old_directory, &origin, &old, fault);
        if (err == SK_ERR_CORRUPT)
            return err;
        if (err != SK_OK)
            printf("  %s: %s\n", sk_cli_text("照合できません", "cannot be compared"), fault->text);
        else
            puts(origin.has_signature ? sk_cli_text("  一致(旧い鍵の署名あり)", "  fits, and is signed by the old key")
                                      : sk_cli_text("  一致(旧い鍵の署名なし)", "  fits; not signed by the old key"));
        fault->text[0] = '\0';
        origin = old;
        sk_text_copy(at, sizeof at, old_directory);
    }
    return SK_OK;
}
