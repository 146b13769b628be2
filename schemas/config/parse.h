/* SPDX-License-Identifier: Apache-2.0 */
/* The same loads from text in memory: for tests, fuzzing and tools that hold a file that is not stored yet.
 * `name` stands in the faults where the file's name would. Ownership and errors: as in config.h. */
#ifndef SK_CONFIG_PARSE_H
#define SK_CONFIG_PARSE_H

#include "schemas/base/err.h"
#include "schemas/model/site.h"

enum sk_err sk_profile_parse(const char *name, const char *text, size_t length, const struct sk_profile **ret_profile,
                             void **ret_arena, struct sk_fault *fault);
/* Profiles are looked for in profile_directory, after the text's own profile_path beside `name`. */
enum sk_err sk_site_parse(const char *name, const char *text, size_t length, const char *profile_directory,
                          struct sk_site **ret_site, struct sk_fault *fault);

struct sk_config_faults;
/* The same with everything that is wrong (config.h: sk_site_load_all); all may be NULL. */
enum sk_err sk_site_parse_all(const char *name, const char *text, size_t length, const char *profile_directory,
                              struct sk_site **ret_site, struct sk_config_faults *all, struct sk_fault *fault);

#endif
