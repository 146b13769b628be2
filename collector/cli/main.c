/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho`: the command line for administrators and auditors. This file knows the names; each subcommand has a file of its
 * own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/cli.h"

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *ja, *en;
} SUBCOMMANDS[] = {
    {"account", sk_cli_account, "--state DIR --account NAME --roles ROLE[,ROLE] [--person ID]",
     "利用者を作り、新しいトークンを一度だけ表示する", "make an account and print a new token for it, once"},
    {"check", sk_cli_check, "SITE.json [--profiles DIR] [--signals] [--json] [--lang ja|en]",
     "サイトファイルを検査し、読出し計画と回線の余裕を示す",
     "check a site file; show what will be read and how busy each line is"},
    {"list", sk_cli_list,
     "show | rows CONTROLLER [--at TIME] | differences [--controller ID] | access ZONE [--at TIME] | import CONTROLLER FILE "
     "[--taken TIME] [--dry-run] | rounds [--since TIME] [--until TIME] | signals [--source WORD|none]; with --state DIR",
     "制御盤が持つ許可名簿の取込みと、名簿との差。巡回の予定と実績、信号の出所",
     "the permit lists that controllers hold: import, look, differences from the roster; patrol rounds; sources of signals"},
    {"register", sk_cli_register,
     "words [REGISTER] | list REGISTER [--open] | get ID | open REGISTER JSON | act ID ACT JSON | import REGISTER FILE.csv "
     "[--dry-run]; "
     "with --state DIR [--reason TEXT]",
     "簿冊(入館申請、来訪、物品ほか)の照会・登録・処置・CSV取込み",
     "permits, visits, goods and the other registers: look, open, act, import"},
    {"review", sk_cli_review,
     "list | open DUE-DAY [--zone ID] | show ID | rows ID [--open] | decide ID AUTHORIZATION keep|revoke|change --reason TEXT "
     "| "
     "verify ID AUTHORIZATION agree|disagree | close ID; with --state DIR",
     "扉の権限の棚卸し(一行ずつ判断する)", "review of door rights, row by row"},
    {"roster", sk_cli_roster,
     "import FILE.csv --state DIR --approver ID [--office TEXT] [--reason TEXT] [--dry-run] | do COMMAND JSON --state DIR",
     "名簿をCSVから取り込む(全行検査し、誤りが一つでもあれば何も取り込まない)",
     "import people from CSV: every bad row is named, and one of them stops all"},
    {"verify", sk_cli_verify, "DIR [--key FILE]", "記録全体を再計算し、検証点の署名まで確かめる",
     "recompute the whole log and check its checkpoints' signatures"},
};
enum { SUBCOMMAND_COUNT = sizeof(SUBCOMMANDS) / sizeof(SUBCOMMANDS[0]) };

static int spoken = -1; /* by --lang; -1: the locale decides */

enum sk_lang sk_cli_language(void)
{
    static const char *const VARIABLES[] = {"LC_ALL", "LC_MESSAGES", "LANG"}; /* POSIX: the first that is set decides */
    if (spoken >= 0)
        return (enum sk_lang)spoken;
    for (size_t i = 0; i < sizeof(VARIABLES) / sizeof(VARIABLES[0]); i++) {
        const char *value = getenv(VARIABLES[i]);
        if (value != NULL && value[0] != '\0')
            return strncmp(value, "ja", 2) == 0 ? SK_LANG_JA : SK_LANG_EN;
    }
    return SK_LANG_EN;
}

bool sk_cli_speak(const char *word)
{
    const bool ja = strcmp(word, "ja") == 0;
    if (!ja && strcmp(word, "en") != 0)
        return false;
    spoken = ja ? SK_LANG_JA : SK_LANG_EN;
    return true;
}

const char *sk_cli_text(const char *ja, const char *en)
{
    return sk_cli_language() == SK_LANG_JA ? ja : en;
}

int sk_cli_usage(const char *name, const char *problem, const char *argument)
{
    fprintf(stderr, "sekisho %s: %s%s%s\n", name, problem, argument[0] != '\0' ? ": " : "", argument);
    fputs(sk_cli_text("使い方は sekisho help\n", "try 'sekisho help'\n"), stderr);
    return SK_EXIT_USAGE;
}

static int help(FILE *to, int code)
{
    fputs(sk_cli_text("使い方: sekisho サブコマンド ...\n", "usage: sekisho SUBCOMMAND ...\n"), to);
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
        fprintf(to, "  sekisho %s %s\n      %s\n", SUBCOMMANDS[i].name, SUBCOMMANDS[i].arguments,
                sk_cli_text(SUBCOMMANDS[i].ja, SUBCOMMANDS[i].en));
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, SK_EXIT_USAGE);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(stdout, SK_EXIT_OK);
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
        if (strcmp(argv[1], SUBCOMMANDS[i].name) == 0)
            return SUBCOMMANDS[i].run(argc - 1, argv + 1);
    return sk_cli_usage("", sk_cli_text("知らないサブコマンド", "unknown subcommand"), argv[1]);
}
