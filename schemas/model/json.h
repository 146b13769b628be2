/* SPDX-License-Identifier: Apache-2.0 */
/* Points and alarms as JSON, the one shape that feed, API and command answers share (collector/PROTOCOL.md: POINT, ALARM).
 * A point is written, for thousands of them pass each second; the others are built: on success the caller owns *ret_json, and
 * the only error is SK_ERR_NOMEM. Pure. */
#ifndef SK_MODEL_JSON_H
#define SK_MODEL_JSON_H

#include <cjson/cJSON.h>

#include "schemas/base/err.h"
#include "schemas/base/json_write.h"
#include "schemas/model/alarm.h"
#include "schemas/model/sample.h"
#include "schemas/model/site.h"

/* The members of a point, into an object that is open. text: the value of a TEXT point; changed_us: when the value last changed
 * (0: there never was one, and "value" is null). */
void sk_point_write(struct sk_json_writer *to, const struct sk_point *point, const struct sk_device *device,
                    const struct sk_sample *sample, const char *text, int64_t changed_us, bool stale);
enum sk_err sk_alarm_to_json(const struct sk_alarm *alarm, bool recorded, cJSON **ret_json);

/* Entries of the site's directory: titles, places, cameras, asset, tag, service contact (GET /site). */
enum sk_err sk_zone_to_json(const struct sk_zone_info *zone, cJSON **ret_json);
enum sk_err sk_door_to_json(const struct sk_site *site, const struct sk_door_info *door, cJSON **ret_json);
enum sk_err sk_device_to_json(const struct sk_device *device, cJSON **ret_json);

#endif
