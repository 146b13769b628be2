/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that people typed, joined to records: a record of the log holds a commitment, the collector's vault the text. */
#ifndef SK_DASHBOARD_WORDS_H
#define SK_DASHBOARD_WORDS_H

#include <cjson/cJSON.h>

#include "dashboard-api/handlers.h"

/* items: records as JSON. Beside body.reason_commit comes body.reason with its salt, or null when it was erased; likewise
 * comment. Without the permission, or when the collector does not answer, the commitment stands alone. */
void sk_words_join(struct sk_call *call, cJSON *items);

#endif
