/* SPDX-License-Identifier: Apache-2.0 */
/* JSON payloads into samples, by profile. Pure: no clock, no wire, no state but what the caller keeps in struct sk_mqtt_last.
 *
 * One message carries some points of one device. A point whose path is missing in it yields no sample (partial messages are
 * common; silence is found by age). null means that the device has no value: NOT_CONNECTED / sentinel. A value of the wrong
 * type becomes a BAD / payload sample and is counted. Quality of what arrives retained, or out of the broker's queue without a
 * time of the device's own, is LAST_USABLE / retained: nobody knows how old it is. */
#ifndef SK_MQTT_PAYLOAD_H
#define SK_MQTT_PAYLOAD_H

#include "drivers/driver.h"
#include "schemas/base/json.h"

/* The newest value of a point: what a later bad sample shows beside its quality. */
struct sk_mqtt_last {
    bool known;
    double number;
    char text[SK_TEXT_VALUE];
};

/* A batch under construction. One per thread; about 37 KiB. */
struct sk_mqtt_batch {
    struct sk_sample samples[SK_BATCH_MAX];
    size_t count;
    char text[SK_BATCH_TEXT_MAX];
    size_t text_length;
};

struct sk_payload_context {
    const struct sk_site *site;
    struct sk_mqtt_last *last; /* per point of the site's table, index = point - first_point */
    uint32_t first_point;
    const uint32_t *points; /* indices of the points that this topic may carry */
    size_t point_count;
    bool retained; /* MQTT retain flag */
    bool queued;   /* out of the broker's queue: was sent at an unknown time before */
    bool simulated;
    struct sk_now now;
};

/* Parses bytes; text that is no JSON is taken for one string when it is short, clean and a single line (devices that send a
 * bare word). PARSE with what was expected otherwise. The caller deletes *ret_root. */
enum sk_err sk_payload_parse(const char *bytes, size_t length, cJSON **ret_root, struct sk_fault *fault);

/* Appends samples of points from *cursor on until all are done (true) or the batch is full (false: hand it over, empty it, call
 * again). *refused counts values that could not be used; fault says what was expected of the first. */
bool sk_payload_samples(const struct sk_payload_context *context, const cJSON *root, size_t *cursor,
                        struct sk_mqtt_batch *batch, size_t *refused, struct sk_fault *fault);

/* A sample without a value of its own, for a point that just became bad: the last value and the reason. False: batch full. */
bool sk_payload_lost(const struct sk_payload_context *context, uint32_t point, uint8_t reason, struct sk_mqtt_batch *batch);

/* A sample of the driver's own making: link health and device.comm. point < 0: none wanted. False: batch full. */
bool sk_payload_own(const struct sk_payload_context *context, int32_t point, double number, uint8_t quality, uint8_t reason,
                    struct sk_mqtt_batch *batch);

/* What a birth or last-will message says: the profile's word bare, as a JSON string, or as member "state" or "status". */
enum sk_birth { SK_BIRTH_UNKNOWN, SK_BIRTH_ONLINE, SK_BIRTH_OFFLINE };
enum sk_birth sk_payload_birth(const struct sk_mqtt_profile *profile, const char *bytes, size_t length);

/* Device time: RFC 3339 text, or a number of seconds (below 1e11), milliseconds (below 1e14) or microseconds since 1970. */
bool sk_payload_time(const cJSON *item, int64_t *ret_utc_us);

#endif
