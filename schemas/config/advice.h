/* SPDX-License-Identifier: Apache-2.0 */
/* What a loaded site may do but hardly wants: the warnings of `sekisho check`. Pure; reads only the site.
 *
 * A warning never stops anything: what must not be is an error of the load. */
#ifndef SK_CONFIG_ADVICE_H
#define SK_CONFIG_ADVICE_H

#include <stddef.h>

#include "schemas/model/site.h"

/* Calls tell once per warning: where ("ups1/battery.charge", "link broker") and one sentence; both are borrowed for the call.
 * Returns how many there were. */
size_t sk_site_advise(const struct sk_site *site, void (*tell)(void *context, const char *where, const char *what),
                      void *context);

#endif
