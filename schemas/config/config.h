/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: a site file and its profiles, read into a struct sk_site or refused with the place and what was expected.
 *
 * Files are JSON with comments. Keys, types, defaults, ranges and texts are rows of schemas/config/keys.def, from which the
 * reader, the JSON Schemas in schemas/json and the manual page docs in schemas/config/KEYS.md are made; a test compares them.
 *
 * For every link the loader adds a device of kind `monitor` named "link.<id>" whose points are the link's health
 * (link.state, link.rtt, link.timeouts, link.exceptions, link.reconnects, link.requests; Modbus: link.period, on a serial line
 * also link.crc_errors; MQTT: mqtt.malformed), and for every device device.comm and, on Modbus, device.period, device.overruns,
 * device.timeouts. One device "monitor" carries the monitor's own (time.synced, time.offset_s, queue.depth, queue.dropped).
 * A site of class production refuses a link marked simulated. */
#ifndef SK_CONFIG_H
#define SK_CONFIG_H

#include <stdio.h>

#include "schemas/base/err.h"
#include "schemas/model/site.h"

/* Loads path; profiles are looked for in the file's "profile_path" directories (relative to the file), then in
 * `profile_directory` (NULL: the built-in place, SK_PROFILE_DIR or, beside the binary, ../share/sekisho/profiles). */
enum sk_err sk_site_load(const char *path, const char *profile_directory, struct sk_site **ret_site, struct sk_fault *fault);
/* Everything that is wrong, as far as one thing can be judged without another: a key that is none hides no other key, a bad
 * device no other device; what refers to something refused is not judged. Texts are cut to their fields. */
enum { SK_CONFIG_FAULTS_MAX = 50 };
struct sk_config_fault {
    enum sk_err code;
    char file[128], path[160];   /* path "": the file as a whole; the text then begins with its name */
    char text[2][SK_FAULT_TEXT]; /* what was found, what was expected, what to do; by enum sk_lang */
};
struct sk_config_faults {
    size_t count, more; /* more: beyond what fits */
    struct sk_config_fault at[SK_CONFIG_FAULTS_MAX];
};
/* As sk_site_load(); all is emptied first, and fault is the first of them. */
enum sk_err sk_site_load_all(const char *path, const char *profile_directory, struct sk_site **ret_site,
                             struct sk_config_faults *all, struct sk_fault *fault);
void sk_site_free(struct sk_site *site);

/* The points that a profile alone describes, for tools and tests. */
enum sk_err sk_profile_load(const char *path, const struct sk_profile **ret_profile, void **ret_arena, struct sk_fault *fault);
void sk_profile_arena_free(void *arena);

#endif
