/* SPDX-License-Identifier: Apache-2.0 */
/* Building the plan: device by device into a list of routes, then sorted, then the unique topics with the highest QoS asked. */
#include "drivers/mqtt/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum { TOPIC_MAX = 1024, ROUTES_MAX = 1 << 20 };

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool on_link(const struct sk_device *device, uint32_t link)
{
    return device->link == (int32_t)link && device->profile != NULL && device->profile->protocol == SK_PROTO_MQTT;
}

bool sk_mqtt_serves(const struct sk_site *site, uint32_t link, bool events_only)
{
    if (site->links[link].protocol != SK_PROTO_MQTT)
        return false;
    for (size_t i = 0; i < site->device_count; i++) {
        if (on_link(&site->devices[i], link) && (!events_only || has_text(site->devices[i].profile->mqtt.event_topic)))
            return true;
    }
    return false;
}

/* Replaces {base}; checks what MQTT demands of a topic name. */
static enum sk_err expand(const struct sk_device *device, const char *pattern, char to[TOPIC_MAX], struct sk_fault *fault)
{
    const char *mark = strstr(pattern, "{base}");
    bool fits = mark == NULL ? sk_text_copy(to, TOPIC_MAX, pattern)
                             : sk_text_format(to, TOPIC_MAX, "%.*s%s%s", (int)(mark - pattern), pattern,
                                              device->topic == NULL ? "" : device->topic, mark + strlen("{base}"));
    if (!fits)
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "device '%s': topic '%.60s...' is longer than %d bytes; shorten it",
                            device->id, pattern, TOPIC_MAX - 1);
    if (to[0] == '\0' || to[0] == '/' || strpbrk(to, "+#{}") != NULL || !sk_text_is_clean(to, strlen(to), false))
        return sk_fault_set(fault, SK_ERR_INVALID,
                            "device '%s': topic '%s' cannot be used; expected a name without wildcards that begins with text "
                            "('topic' of the device stands for {base})",
                            device->id, to);
    return SK_OK;
}

static enum sk_err add_route(struct sk_mqtt_plan *plan, const char *topic, enum sk_mqtt_role role, uint32_t device)
{
    struct sk_mqtt_route *routes =
        sk_grow(plan->routes, plan->route_count, &plan->route_capacity, sizeof(*plan->routes), ROUTES_MAX);
    if (routes == NULL)
        return SK_ERR_NOMEM;
    plan->routes = routes;
    struct sk_mqtt_route *route = &routes[plan->route_count];
    *route = (struct sk_mqtt_route){.role = role, .device = device, .first_point = (uint32_t)plan->point_count};
    route->topic = sk_strdup(topic);
    if (route->topic == NULL)
        return SK_ERR_NOMEM;
    plan->route_count++;
    return SK_OK;
}

static enum sk_err add_pattern(struct sk_mqtt_plan *plan, const char *pattern, enum sk_mqtt_role role, uint32_t device,
                               struct sk_fault *fault)
{
    char topic[TOPIC_MAX];
    enum sk_err err = expand(&plan->site->devices[device], pattern, topic, fault);
    return err != SK_OK ? err : add_route(plan, topic, role, device);
}

static enum sk_err add_point(struct sk_mqtt_plan *plan, uint32_t point)
{
    uint32_t *points = sk_grow(plan->points, plan->point_count, &plan->point_capacity, sizeof(*plan->points), ROUTES_MAX);
    if (points == NULL)
        return SK_ERR_NOMEM;
    plan->points = points;
    points[plan->point_count++] = point;
    plan->routes[plan->route_count - 1].point_count++;
    return SK_OK;
}

static const char *topic_of(const struct sk_device *device, const struct sk_point *point)
{
    return has_text(point->profile->topic) ? point->profile->topic : device->profile->mqtt.topic;
}

/* One STATE route for all points of the device from `first` on that share the topic of `first`; nothing when an earlier point
 * opened that route already. */
static enum sk_err add_state(struct sk_mqtt_plan *plan, uint32_t index, uint32_t first, struct sk_fault *fault)
{
    const struct sk_device *device = &plan->site->devices[index];
    const struct sk_point *points = plan->site->points;
    const char *topic = topic_of(device, &points[first]);
    if (!has_text(topic))
        return SK_OK;
    for (uint32_t p = device->first_point; p < first; p++) {
        if (points[p].profile != NULL && has_text(topic_of(device, &points[p])) &&
            strcmp(topic_of(device, &points[p]), topic) == 0)
            return SK_OK;
    }
    enum sk_err err = add_pattern(plan, topic, SK_ROUTE_STATE, index, fault);
    for (uint32_t p = first; err == SK_OK && p < device->first_point + device->point_count; p++) {
        if (points[p].profile != NULL && has_text(topic_of(device, &points[p])) &&
            strcmp(topic_of(device, &points[p]), topic) == 0)
            err = add_point(plan, p);
    }
    return err;
}

static enum sk_err add_device(struct sk_mqtt_plan *plan, uint32_t index, struct sk_fault *fault)
{
    const struct sk_device *device = &plan->site->devices[index];
    const struct sk_mqtt_profile *mqtt = &device->profile->mqtt;
    enum sk_err err = SK_OK;
    bool controller = has_text(mqtt->event_topic);
    if (plan->events_only) {
        err = controller ? add_pattern(plan, mqtt->event_topic, SK_ROUTE_EVENT, index, fault) : SK_OK;
        return controller && err == SK_OK ? add_pattern(plan, "{base}/list", SK_ROUTE_LIST, index, fault) : err;
    }
    for (uint32_t p = device->first_point; err == SK_OK && p < device->first_point + device->point_count; p++) {
        if (plan->site->points[p].profile != NULL)
            err = add_state(plan, index, p, fault);
    }
    if (err == SK_OK && has_text(mqtt->birth_topic))
        err = add_pattern(plan, mqtt->birth_topic, SK_ROUTE_BIRTH, index, fault);
    if (err == SK_OK && controller)
        err = add_pattern(plan, "{base}/hb", SK_ROUTE_HEARTBEAT, index, fault);
    return err;
}

/* --- names of our own --- */

/* NULL when it does not fit or there is no memory. */
__attribute__((format(printf, 1, 2))) static char *format_new(const char *format, ...)
{
    char text[TOPIC_MAX];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    return length < 0 || (size_t)length >= sizeof(text) ? NULL : sk_strdup(text);
}

static enum sk_err add_names(struct sk_mqtt_plan *plan)
{
    const struct sk_link *link = &plan->site->links[plan->link];
    const char *site = plan->site->id;
    const char *suffix = plan->events_only ? "-ev" : "-s";
    char name[TOPIC_MAX];
    bool fits = has_text(link->client_id) ? sk_text_copy(name, sizeof(name), link->client_id)
                                          : sk_text_format(name, sizeof(name), "sekisho-%s-%s", site, link->id);
    if (!fits)
        return SK_ERR_TOO_LONG;
    plan->client_id = format_new("%s%s", name, suffix);
    plan->tick_topic = format_new("sekisho/%s/tick/%s%s", site, name, suffix);
    plan->heartbeat_topic = format_new("sekisho/%s/heartbeat", site);
    plan->ack_prefix = format_new("sekisho/%s/ack/", site);
    if (plan->client_id == NULL || plan->tick_topic == NULL || plan->heartbeat_topic == NULL || plan->ack_prefix == NULL)
        return SK_ERR_NOMEM;
    enum sk_err err = add_route(plan, plan->tick_topic, SK_ROUTE_TICK, 0);
    if (err != SK_OK || plan->events_only || !sk_mqtt_serves(plan->site, plan->link, true))
        return err;
    plan->peer_topic = format_new("sekisho/%s/tick/%s%s", site, name, "-ev");
    return plan->peer_topic == NULL ? SK_ERR_NOMEM : add_route(plan, plan->peer_topic, SK_ROUTE_PEER, 0);
}

/* --- subscriptions --- */

static int by_topic(const void *a, const void *b)
{
    const struct sk_mqtt_route *left = a, *right = b;
    return strcmp(left->topic, right->topic);
}

/* Events always at 1: an event must wait at the broker until it is committed. */
static int qos_of(const struct sk_mqtt_plan *plan, const struct sk_mqtt_route *route)
{
    if (route->role == SK_ROUTE_EVENT || route->role == SK_ROUTE_TICK)
        return 1;
    if (route->role == SK_ROUTE_PEER)
        return 0;
    return plan->site->devices[route->device].profile->mqtt.qos == 0 ? 0 : 1;
}

static enum sk_err list_topics(struct sk_mqtt_plan *plan)
{
    plan->topics = sk_calloc(plan->route_count, sizeof(*plan->topics));
    plan->qos = sk_calloc(plan->route_count, sizeof(*plan->qos));
    if (plan->topics == NULL || plan->qos == NULL)
        return SK_ERR_NOMEM;
    plan->topics[0] = plan->tick_topic;
    plan->qos[0] = 1;
    plan->topic_count = 1;
    for (size_t i = 0; i < plan->route_count; i++) {
        const struct sk_mqtt_route *route = &plan->routes[i];
        size_t newest = plan->topic_count - 1;
        if (strcmp(route->topic, plan->tick_topic) == 0)
            continue;
        if (newest == 0 || strcmp(route->topic, plan->topics[newest]) != 0)
            newest = plan->topic_count++;
        plan->topics[newest] = route->topic;
        if (qos_of(plan, route) > plan->qos[newest])
            plan->qos[newest] = qos_of(plan, route);
    }
    return SK_OK;
}

enum sk_err sk_mqtt_plan_build(const struct sk_site *site, uint32_t link, bool events_only, struct sk_mqtt_plan *ret_plan,
                               struct sk_fault *fault)
{
    *ret_plan = (struct sk_mqtt_plan){.site = site, .link = link, .events_only = events_only};
    enum sk_err err = add_names(ret_plan);
    for (uint32_t i = 0; err == SK_OK && i < site->device_count; i++) {
        if (on_link(&site->devices[i], link))
            err = add_device(ret_plan, i, fault);
    }
    if (err == SK_OK) {
        qsort(ret_plan->routes, ret_plan->route_count, sizeof(*ret_plan->routes), by_topic);
        err = list_topics(ret_plan);
    }
    if (err == SK_ERR_NOMEM)
        sk_fault_set(fault, err, "link '%s': out of memory for its subscriptions", site->links[link].id);
    return err;
}

void sk_mqtt_plan_free(struct sk_mqtt_plan *plan)
{
    for (size_t i = 0; i < plan->route_count; i++)
        sk_free(plan->routes[i].topic);
    sk_free(plan->routes);
    sk_free(plan->points);
    sk_free(plan->topics);
    sk_free(plan->qos);
    sk_free(plan->peer_topic);
    sk_free(plan->client_id);
    sk_free(plan->tick_topic);
    sk_free(plan->heartbeat_topic);
    sk_free(plan->ack_prefix);
    *plan = (struct sk_mqtt_plan){0};
}

const struct sk_mqtt_route *sk_mqtt_plan_find(const struct sk_mqtt_plan *plan, const char *topic, size_t *ret_count)
{
    size_t low = 0, high = plan->route_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(plan->routes[middle].topic, topic) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < plan->route_count && strcmp(plan->routes[end].topic, topic) == 0)
        end++;
    *ret_count = end - low;
    return end > low ? &plan->routes[low] : NULL;
}
