/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's command line: one table of options, each with its text, and nothing secret among them. */
#ifndef SK_COLLECTOR_OPTIONS_H
#define SK_COLLECTOR_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

struct sk_options {
    const char *state, *site, *profiles;
    int poller; /* -1: the collector itself */
    uid_t dashboard_uid;
    bool export; /* the child of one export */
    bool debug;
    const char *log_damage; /* found by the run that became this one; NULL */
};

/* 0: go on; 1: end with status 0 (help was printed); 2: end with status 2 (an error was printed). */
int sk_options_read(int argc, char **argv, struct sk_options *ret_options);

#endif
