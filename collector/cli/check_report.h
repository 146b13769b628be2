/* SPDX-License-Identifier: Apache-2.0 */
/* What `sekisho check` says of a good site, as one JSON object; the text output is made from the same object.
 *
 * {"ok": true (added by check.c), "site", "class", "zone", "file", "digest", "counts": {"links", "devices", "points", "zones",
 * "doors", "profiles"}, "links": [{"id", "protocol", "simulated", "address", "requests_per_s", "busy_percent" (serial lines
 * only), "devices": [{"id", "profile", "unit" (Modbus), "points", "requests": [{"text", "function", "address", "count",
 *                          "period_ms", "asked", "used", "line_us" (serial lines only)}], "asked", "used"}]}],
 *  "signals": {<source>: count ..., "list": [{"signal", "source", "there", "register", "document"}] (neither points nor kept)},
 *  "warnings": [{"where", "what"}]}
 * asked and used are bytes of register data per cycle. busy_percent is the share of time the line carries characters, silences
 * and the profile's pauses; the devices' own thinking time comes on top. */
#ifndef SK_CLI_CHECK_REPORT_H
#define SK_CLI_CHECK_REPORT_H

#include <cjson/cJSON.h>

#include "schemas/base/err.h"
#include "schemas/model/site.h"

/* The caller owns *ret_report (cJSON_Delete). Errors: NOMEM, and RANGE when a device's requests cannot be planned. */
enum sk_err sk_check_report(const struct sk_site *site, cJSON **ret_report, struct sk_fault *fault);

#endif
