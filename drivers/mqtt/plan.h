/* SPDX-License-Identifier: Apache-2.0 */
/* What one session subscribes to, and what each topic means: made once from the site, then read by any thread.
 *
 * {base} in a profile's topic is the device's `topic`. A device may use several topics, and several devices may share one, so a
 * topic leads to a run of routes. Names that we publish lie below sekisho/<site>/. */
#ifndef SK_MQTT_PLAN_H
#define SK_MQTT_PLAN_H

#include "schemas/base/err.h"
#include "schemas/model/site.h"

enum sk_mqtt_role {
    SK_ROUTE_STATE,     /* JSON with points */
    SK_ROUTE_BIRTH,     /* birth and last will */
    SK_ROUTE_HEARTBEAT, /* {base}/hb of a door controller */
    SK_ROUTE_EVENT,     /* door envelopes */
    SK_ROUTE_LIST,      /* {base}/list of a door controller: its permit list */
    SK_ROUTE_TICK,      /* our own echo */
    SK_ROUTE_PEER       /* the event session's tick, heard by the samples session of the same link */
};

struct sk_mqtt_route {
    char *topic;
    enum sk_mqtt_role role;
    uint32_t device;      /* unused for TICK and PEER */
    uint32_t first_point; /* STATE: run in plan->points */
    uint32_t point_count;
};

struct sk_mqtt_plan {
    const struct sk_site *site;
    uint32_t link;
    bool events_only;
    struct sk_mqtt_route *routes; /* sorted by topic */
    size_t route_count, route_capacity;
    uint32_t *points;
    size_t point_count, point_capacity;
    char **topics; /* each once, borrowed from routes; TICK first */
    int *qos;
    size_t topic_count;
    char *peer_topic;                                            /* NULL: the link has no event session, or this is it */
    char *client_id, *tick_topic, *heartbeat_topic, *ack_prefix; /* ack_prefix ends with '/' */
};

bool sk_mqtt_serves(const struct sk_site *site, uint32_t link, bool events_only);
/* INVALID when a topic is empty, too long or a filter; NOMEM. The plan is freed by sk_mqtt_plan_free() in every case. */
enum sk_err sk_mqtt_plan_build(const struct sk_site *site, uint32_t link, bool events_only, struct sk_mqtt_plan *ret_plan,
                               struct sk_fault *fault);
void sk_mqtt_plan_free(struct sk_mqtt_plan *plan);
/* First route of the topic and how many follow; NULL when nobody asked for it. */
const struct sk_mqtt_route *sk_mqtt_plan_find(const struct sk_mqtt_plan *plan, const char *topic, size_t *ret_count);

#endif
