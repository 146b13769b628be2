/* SPDX-License-Identifier: Apache-2.0 */
/* `sekisho check SITE.json [--profiles DIR] [--signals] [--json] [--lang ja|en]`: would the collector take this file, and what
 * would it do with it?
 *
 * Exit 0: good (warnings or not). 1: refused, the fault says where and why. Nothing is contacted: only files are read. */
#include <stdio.h>
#include <string.h>

#include "collector/cli/check_report.h"
#include "collector/cli/cli.h"
#include "schemas/base/json.h"
#include "schemas/config/config.h"
#include "schemas/model/signal.h"

struct arguments {
    const char *site, *profiles;
    bool json, signals;
    enum sk_lang lang;
};

static int arguments_read(int argc, char **argv, struct arguments *to)
{
    *to = (struct arguments){.lang = sk_cli_language()};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            to->json = true;
        else if (strcmp(argv[i], "--signals") == 0)
            to->signals = true;
        else if (strcmp(argv[i], "--profiles") == 0 && i + 1 < argc)
            to->profiles = argv[++i];
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc && sk_cli_speak(argv[i + 1]))
            to->lang = sk_cli_language(), i++;
        else if (argv[i][0] == '-')
            return sk_cli_usage("check", sk_cli_text("知らないか不完全なオプション", "unknown or incomplete option"), argv[i]);
        else if (to->site != NULL)
            return sk_cli_usage("check", sk_cli_text("ファイルは1つだけ", "one file only"), argv[i]);
        else
            to->site = argv[i];
    }
    return to->site != NULL ? SK_EXIT_OK
                            : sk_cli_usage("check", sk_cli_text("サイトファイルを指定してください", "name a site file"), "");
}

/* --- text, made from the report --- */
static double number(const cJSON *object, const char *name)
{
    const cJSON *item = sk_json_get(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *name)
{
    const char *found = sk_json_text(sk_json_get(object, name));
    return found != NULL ? found : "";
}

static void device_print(const cJSON *device)
{
    const cJSON *requests = sk_json_get(device, "requests"), *request;
    printf("  %s  %s %s, %.0f %s\n", text(device, "id"), sk_cli_text("プロファイル", "profile"), text(device, "profile"),
           number(device, "points"), sk_cli_text("点", "points"));
    if (requests == NULL) {
        printf("    %s %s\n", sk_cli_text("トピック", "topic"), text(device, "topic"));
        return;
    }
    cJSON_ArrayForEach(request, requests) printf("    %s\n", text(request, "text"));
    if (number(device, "asked") > 0)
        printf(sk_cli_text("    %d 要求、%.0f バイト要求、%.0f バイト使用(%.0f %%)\n",
                           "    %d requests, %.0f bytes asked, %.0f used (%.0f %%)\n"),
               cJSON_GetArraySize(requests), number(device, "asked"), number(device, "used"),
               100 * number(device, "used") / number(device, "asked"));
}

static void link_print(const cJSON *link)
{
    const cJSON *device;
    printf("\n%s %s  %s %s%s\n", sk_cli_text("回線", "link"), text(link, "id"), text(link, "protocol"), text(link, "address"),
           cJSON_IsTrue(sk_json_get(link, "simulated")) ? sk_cli_text("(模擬)", " (simulated)") : "");
    cJSON_ArrayForEach(device, sk_json_get(link, "devices")) device_print(device);
    if (sk_json_get(link, "requests_per_s") != NULL)
        printf(sk_cli_text("  毎秒 %.2f 要求\n", "  %.2f requests per second\n"), number(link, "requests_per_s"));
    if (sk_json_get(link, "busy_percent") != NULL)
        printf(
            sk_cli_text(
                "  回線占有 %.1f %%(文字と無音と休止。機器の処理時間は別)\n",
                "  bus budget: busy %.1f %% of the time (characters, silences, pauses; the devices' own time comes on top)\n"),
            number(link, "busy_percent"));
}

/* Of the signals how many have what; by name (--signals) what the site file stands in for and what has nothing. */
static void signals_print(const cJSON *signals, bool all)
{
    const cJSON *item;
    printf("\n%s", sk_cli_text("信号:", "signals:"));
    for (int source = 1; sk_signal_source_name(source) != NULL; source++)
        printf("%s %s %.0f", source > 1 ? "," : "", sk_signal_source_text(source, sk_cli_language()),
               number(signals, sk_signal_source_name(source)));
    printf("%s\n", all ? "" : sk_cli_text("(一覧は --signals)", " (--signals lists them)"));
    if (!all)
        return;
    cJSON_ArrayForEach(item, sk_json_get(signals, "list"))
    {
        int source = 1;
        while (sk_signal_source_name(source) != NULL && strcmp(sk_signal_source_name(source), text(item, "source")) != 0)
            source++;
        const char *shown = sk_signal_source_text(source, sk_cli_language());
        printf("  %s: %s%s%s%s\n", text(item, "signal"), shown != NULL ? shown : "",
               text(item, "register")[0] != '\0' || text(item, "document")[0] != '\0' ? " - " : "", text(item, "register"),
               text(item, "document"));
    }
}

static void report_print(const cJSON *report, bool all_signals)
{
    const cJSON *counts = sk_json_get(report, "counts"), *warnings = sk_json_get(report, "warnings"), *item;
    printf("%s %s (%s, %s)\n", sk_cli_text("サイト", "site"), text(report, "site"), text(report, "class"),
           text(report, "zone"));
    printf("%s %s\n", sk_cli_text("要約値", "digest"), text(report, "digest"));
    printf(sk_cli_text("回線 %.0f、機器 %.0f、点 %.0f、区画 %.0f、扉 %.0f、プロファイル %.0f\n",
                       "%.0f links, %.0f devices, %.0f points, %.0f zones, %.0f doors, %.0f profiles\n"),
           number(counts, "links"), number(counts, "devices"), number(counts, "points"), number(counts, "zones"),
           number(counts, "doors"), number(counts, "profiles"));
    cJSON_ArrayForEach(item, sk_json_get(report, "links")) link_print(item);
    item = sk_json_get(report, "history");
    printf(sk_cli_text("\n履歴 1日 %.1f MiB、満了時 %.0f MiB、上限 %.0f MiB(仮定: 1標本 0.25 バイト)\n",
                       "\nhistory %.1f MiB a day, %.0f MiB once full, budget %.0f MiB (assuming 0.25 bytes a sample)\n"),
           number(item, "mib_per_day"), number(item, "mib_full"), number(item, "budget_mib"));
    signals_print(sk_json_get(report, "signals"), all_signals);
    if (cJSON_GetArraySize(warnings) > 0)
        printf("\n%s\n", sk_cli_text("注意:", "warnings:"));
    cJSON_ArrayForEach(item, warnings) printf("  %s: %s\n", text(item, "where"), text(item, "what"));
    printf(sk_cli_text("\n正常、注意 %d 件\n", "\nok, %d warnings\n"), cJSON_GetArraySize(warnings));
}

/* --- the answer --- */
static int answer_json(cJSON *answer)
{
    char *line = answer != NULL ? cJSON_Print(answer) : NULL;
    if (line == NULL) {
        fputs("sekisho check: out of memory\n", stderr);
        return SK_EXIT_FAILED;
    }
    puts(line);
    cJSON_free(line);
    return SK_EXIT_OK;
}

static bool fault_add(cJSON *list, const struct sk_config_fault *fault, enum sk_lang lang)
{
    cJSON *item = cJSON_CreateObject();
    if (item == NULL || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    return cJSON_AddStringToObject(item, "error", sk_err_word(fault->code)) != NULL &&
           cJSON_AddStringToObject(item, "file", fault->file) != NULL &&
           cJSON_AddStringToObject(item, "path", fault->path) != NULL &&
           cJSON_AddStringToObject(item, "text", fault->text[lang]) != NULL;
}

static int refused_json(const struct arguments *arguments, const struct sk_config_faults *all, const struct sk_fault *fault)
{
    cJSON *answer = cJSON_CreateObject(), *list;
    (void)cJSON_AddFalseToObject(answer, "ok");
    (void)cJSON_AddStringToObject(answer, "error", sk_err_word(fault->code));
    (void)cJSON_AddStringToObject(answer, "detail", fault->text);
    list = cJSON_AddArrayToObject(answer, "faults");
    bool good = list != NULL && cJSON_AddNumberToObject(answer, "more", (double)all->more) != NULL;
    for (size_t i = 0; good && i < all->count; i++)
        good = fault_add(list, &all->at[i], arguments->lang);
    const int printed = answer_json(good ? answer : NULL);
    cJSON_Delete(answer);
    return printed;
}

/* "file: path: sentence", one a line; how many there are in all at the end. */
static void faults_print(const struct sk_config_faults *all, enum sk_lang lang)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct sk_config_fault *fault = &all->at[i];
        if (fault->path[0] != '\0')
            fprintf(stderr, "%s: %s: %s\n", fault->file, fault->path, fault->text[lang]);
        else if (strncmp(fault->text[lang], fault->file, strlen(fault->file)) == 0)
            fprintf(stderr, "%s\n", fault->text[lang]);
        else
            fprintf(stderr, "%s: %s\n", fault->file, fault->text[lang]);
    }
    if (all->more > 0)
        fprintf(stderr, lang == SK_LANG_JA ? "ほかに %zu 件あります\n" : "%zu more are not shown\n", all->more);
    if (all->count > 1)
        fprintf(stderr, lang == SK_LANG_JA ? "不合格: 誤り %zu 件\n" : "refused: %zu things are wrong\n",
                all->count + all->more);
}

static int refused(const struct arguments *arguments, const struct sk_config_faults *all, const struct sk_fault *fault)
{
    int code = fault->code == SK_ERR_NOMEM ? SK_EXIT_FAILED : SK_EXIT_REFUSED;
    if (arguments->json)
        return refused_json(arguments, all, fault) == SK_EXIT_OK ? code : SK_EXIT_FAILED;
    if (all->count == 0)
        fprintf(stderr, "%s\n", fault->text);
    faults_print(all, arguments->lang);
    return code;
}

int sk_cli_check(int argc, char **argv)
{
    struct arguments arguments;
    struct sk_fault fault = {SK_OK, ""};
    struct sk_site *site = NULL;
    cJSON *report = NULL;
    int code = arguments_read(argc, argv, &arguments);
    if (code != SK_EXIT_OK)
        return code;
    static struct sk_config_faults all;
    enum sk_err err = sk_site_load_all(arguments.site, arguments.profiles, &site, &all, &fault);
    if (err == SK_OK)
        err = sk_check_report(site, &report, &fault);
    if (err != SK_OK)
        code = refused(&arguments, &all, &fault);
    else if (arguments.json)
        code = cJSON_AddTrueToObject(report, "ok") != NULL ? answer_json(report) : SK_EXIT_FAILED;
    else
        report_print(report, arguments.signals);
    cJSON_Delete(report);
    sk_site_free(site);
    return code;
}
