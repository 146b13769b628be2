/* SPDX-License-Identifier: Apache-2.0 */
/* The demo site for tests: the template's placeholders filled in, written to a temporary file, loaded, the file removed. */
#ifndef SK_TESTS_DEMO_SITE_H
#define SK_TESTS_DEMO_SITE_H

#include "schemas/config/config.h"

/* template_path is sim/demo/site.json or a file like it. Zones, doors and controllers get numbers as the store would give. */
enum sk_err demo_site_load(const char *template_path, const char *profiles, struct sk_site **ret_site, struct sk_fault *fault);

#endif
