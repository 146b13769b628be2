/* SPDX-License-Identifier: Apache-2.0 */
/* muster.txt in the state directory: the list to print when nothing else works. Plain text, one line a person, by zone, with
 * age, confidence and a box to tick; ids and no names, because the directory's group may not read the vault (the list with
 * names comes over the API, for accounts that may see them). 0640, replaced whole: a full disk leaves the last one there.
 *
 * Written at the start of a muster and otherwise at most every five minutes. */
#ifndef SK_COLLECTOR_MUSTER_FILE_H
#define SK_COLLECTOR_MUSTER_FILE_H

#include "collector/commands.h"

struct sk_muster_file {
    char path[4096], temporary[4096];
    int64_t next_mono_us;
    uint64_t muster; /* the newest one it was written for */
    bool failed;     /* told once */
};

void sk_muster_file_init(struct sk_muster_file *file, const char *state_directory);
/* True: written now. */
bool sk_muster_file_tend(struct sk_muster_file *file, const struct sk_command_floor *floor, const struct sk_now *now);

#endif
