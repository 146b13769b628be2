/* SPDX-License-Identifier: Apache-2.0 */
/* Options as rows: name, what its value is called, help, and how the value is kept. */
#include "collector/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schemas/base/bytes.h"

enum value_kind { VALUE_TEXT, VALUE_UID, VALUE_POLLER, VALUE_FLAG };

static const struct {
    const char *name, *value, *help;
    enum value_kind kind;
    size_t offset;
} rows[] = {
    {"--site", "FILE", "the site file (required)", VALUE_TEXT, offsetof(struct sk_options, site)},
    {"--state", "DIR", "state directory: databases, keys, control socket (required)", VALUE_TEXT,
     offsetof(struct sk_options, state)},
    {"--profiles", "DIR", "where device profiles are looked for after the site's own", VALUE_TEXT,
     offsetof(struct sk_options, profiles)},
    {"--dashboard-uid", "UID", "the user that the dashboard runs as (default: our own)", VALUE_UID,
     offsetof(struct sk_options, dashboard_uid)},
    {"--poller", "N", "internal: run as poller process N", VALUE_POLLER, offsetof(struct sk_options, poller)},
    {"--export", NULL, "internal: run as the child of one export", VALUE_FLAG, offsetof(struct sk_options, export)},
    {"--log-damage", "TEXT", "internal: the log is damaged, set it aside", VALUE_TEXT, offsetof(struct sk_options, log_damage)},
    {"--debug", NULL, "log more", VALUE_FLAG, offsetof(struct sk_options, debug)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void print_help(void)
{
    puts("usage: sekisho-collector --site FILE --state DIR [options]\n"
         "Collects, decides and records. Ends cleanly on SIGTERM or SIGINT.");
    for (size_t i = 0; i < ROWS; i++)
        printf("  %-16s %-5s %s\n", rows[i].name, rows[i].value != NULL ? rows[i].value : "", rows[i].help);
}

static bool keep_value(struct sk_options *options, size_t row, char *value)
{
    char *at = (char *)options + rows[row].offset;
    int64_t number = 0;
    switch (rows[row].kind) {
    case VALUE_TEXT: {
        const char *text = value;
        memcpy(at, &text, sizeof text);
        return *value != '\0';
    }
    case VALUE_UID: {
        bool good = sk_int_read(value, 0, UINT32_MAX - 1, &number);
        uid_t uid = (uid_t)number;
        memcpy(at, &uid, sizeof uid);
        return good;
    }
    case VALUE_POLLER: {
        bool good = sk_int_read(value, 0, 63, &number);
        int poller = (int)number;
        memcpy(at, &poller, sizeof poller);
        return good;
    }
    case VALUE_FLAG: {
        bool on = true;
        memcpy(at, &on, sizeof on);
        return true;
    }
    }
    return false;
}

static int find_row(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

int sk_options_read(int argc, char **argv, struct sk_options *ret_options)
{
    struct sk_options options = {.poller = -1, .dashboard_uid = geteuid()};
    for (int i = 1; i < argc; i++) {
        int row = find_row(argv[i]);
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return 1;
        }
        bool takes_value = row >= 0 && rows[row].kind != VALUE_FLAG;
        if (row < 0 || (takes_value && i + 1 == argc) ||
            !keep_value(&options, (size_t)row, takes_value ? argv[++i] : argv[i])) {
            fprintf(stderr, "sekisho-collector: cannot use option '%s'; see --help\n", argv[i]);
            return 2;
        }
    }
    if ((options.site == NULL && !options.export) || (options.state == NULL && options.poller < 0)) {
        fprintf(stderr, "sekisho-collector: --site and --state are required; see --help\n");
        return 2;
    }
    *ret_options = options;
    return 0;
}
