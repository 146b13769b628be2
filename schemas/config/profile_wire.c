/* SPDX-License-Identifier: Apache-2.0 */
/* How a device wants to be asked: Modbus manners and their ranges, the event ring, MQTT topics. */
#include <string.h>

#include "schemas/config/load.h"

enum sk_err cfg_wire_address(struct cfg *c, const struct cfg_at *at, const struct cfg_modbus *raw, int64_t address,
                             int64_t count, uint16_t *ret_address)
{
    int64_t wire = address - raw->address_base;
    if (wire < 0 || wire + count > 65536)
        return cfg_fail(c, at, SK_ERR_RANGE,
                        "address %lld less address_base %lld is %lld to %lld; expected 0 to 65535; correct one of them",
                        (long long)address, (long long)raw->address_base, (long long)wire, (long long)(wire + count - 1));
    *ret_address = (uint16_t)wire;
    return SK_OK;
}

static enum sk_err ranges_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_modbus *raw,
                               const struct sk_register_range **ret_ranges, size_t *ret_count)
{
    size_t i = 0;
    struct sk_register_range *ranges =
        cfg_arena_take(c->arena, json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, sizeof(*ranges));
    if (ranges == NULL)
        return cfg_nomem(c);
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++) {
        const struct cfg_at *here = CFG_AT_INDEX(at, i);
        struct cfg_range one;
        enum sk_err err = cfg_read(c, here, CFG_SECTION_range, item, &one);
        if (err == SK_OK)
            err = cfg_wire_address(c, here, raw, one.from, one.count, &ranges[i].from);
        if (err == SK_OK && one.count > 65535)
            err = cfg_fail(c, here, SK_ERR_RANGE, "found a count of 65536; expected at most 65535; split the range");
        if (err != SK_OK)
            return err;
        ranges[i].function = (uint8_t)(one.function != CFG_UNSET ? one.function : raw->function);
        ranges[i].count = (uint16_t)one.count;
    }
    *ret_ranges = ranges;
    *ret_count = i;
    return SK_OK;
}

static bool overlap(const struct sk_register_range *a, const struct sk_register_range *b)
{
    return a->function == b->function && (uint32_t)a->from < (uint32_t)b->from + b->count &&
           (uint32_t)b->from < (uint32_t)a->from + a->count;
}

/* An atomic range is one request: it must fit one, must be allowed, and must not cut another. */
static enum sk_err ranges_check(struct cfg *c, const struct cfg_at *at, const struct sk_modbus_profile *modbus)
{
    const struct cfg_at *list = CFG_AT(at, "atomic");
    for (size_t i = 0; i < modbus->atomic_count; i++) {
        const struct sk_register_range *atomic = &modbus->atomic[i];
        unsigned most = atomic->function <= 2 ? modbus->max_bits : modbus->max_registers;
        if (atomic->count > most)
            return cfg_fail(c, CFG_AT_INDEX(list, i), SK_ERR_RANGE,
                            "found an atomic range of %u; expected at most %u, one request; shorten it or raise the maximum",
                            atomic->count, most);
        for (size_t j = 0; j < modbus->forbidden_count; j++)
            if (overlap(atomic, &modbus->forbidden[j]))
                return cfg_fail(c, CFG_AT_INDEX(list, i), SK_ERR_CONFLICT,
                                "found an atomic range that holds forbidden[%zu]; expected them apart; correct one", j);
        for (size_t j = 0; j < i; j++)
            if (overlap(atomic, &modbus->atomic[j]))
                return cfg_fail(c, CFG_AT_INDEX(list, i), SK_ERR_CONFLICT,
                                "found an atomic range that overlaps atomic[%zu]; expected them apart; join or cut them", j);
    }
    return SK_OK;
}

enum sk_err cfg_profile_modbus(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct cfg_modbus *raw,
                               struct sk_modbus_profile *to)
{
    enum sk_err err = cfg_read(c, at, CFG_SECTION_modbus, json, raw);
    if (err == SK_OK)
        err = ranges_read(c, CFG_AT(at, "atomic"), raw->atomic, raw, &to->atomic, &to->atomic_count);
    if (err == SK_OK)
        err = ranges_read(c, CFG_AT(at, "forbidden"), raw->forbidden, raw, &to->forbidden, &to->forbidden_count);
    if (err == SK_OK)
        err = ranges_read(c, CFG_AT(at, "confirm_zero"), raw->confirm_zero, raw, &to->confirm_zero, &to->confirm_zero_count);
    if (err != SK_OK)
        return err;
    to->max_registers = (uint16_t)raw->max_registers;
    to->max_bits = (uint16_t)raw->max_bits;
    to->max_gap = (uint16_t)raw->max_gap;
    to->after_connect_ms = (uint32_t)raw->after_connect_ms;
    to->between_requests_ms = (uint32_t)raw->between_requests_ms;
    to->timeout_ms = (uint32_t)raw->timeout_ms;
    to->late_reply_ms = (uint32_t)raw->late_reply_ms;
    to->retries = (uint8_t)raw->retries;
    to->unit_stride = (uint32_t)raw->unit_stride;
    return ranges_check(c, at, to);
}

enum sk_err cfg_profile_ring(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_modbus *raw,
                             struct sk_ring_profile *to)
{
    struct cfg_ring ring;
    if (json == NULL)
        return SK_OK;
    enum sk_err err = cfg_read(c, at, CFG_SECTION_ring, json, &ring);
    if (err == SK_OK)
        err = cfg_wire_address(c, CFG_AT(at, "epoch"), raw, ring.epoch, 2, &to->epoch);
    if (err == SK_OK)
        err = cfg_wire_address(c, CFG_AT(at, "head"), raw, ring.head, 2, &to->head);
    if (err == SK_OK)
        err = cfg_wire_address(c, CFG_AT(at, "tail"), raw, ring.tail, 2, &to->tail);
    if (err == SK_OK)
        err = cfg_wire_address(c, CFG_AT(at, "ring"), raw, ring.ring, ring.entries * ring.entry_words, &to->ring);
    if (err != SK_OK)
        return err;
    to->function = (uint8_t)(ring.function != CFG_UNSET ? ring.function : raw->function);
    if (to->function < 3)
        return cfg_fail(c, CFG_AT(at, "function"), SK_ERR_PARSE, "a ring is registers; expected function 3 or 4; add it");
    to->entries = (uint16_t)ring.entries;
    to->entry_words = (uint16_t)ring.entry_words;
    to->present = true;
    return SK_OK;
}

enum sk_err cfg_topic_check(struct cfg *c, const struct cfg_at *at, const char *topic)
{
    size_t length = strlen(topic);
    if (strpbrk(topic, "+#") != NULL)
        return cfg_fail(c, at, SK_ERR_PARSE, "found '%.60s'; expected a topic without the wildcards + and #; name one topic",
                        topic);
    if (length > 0 && (topic[0] == '/' || topic[length - 1] == '/' || strstr(topic, "//") != NULL))
        return cfg_fail(c, at, SK_ERR_PARSE, "found '%.60s'; expected a topic without empty steps; remove the extra /", topic);
    return SK_OK;
}

enum sk_err cfg_profile_mqtt(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_mqtt_profile *to)
{
    struct cfg_mqtt raw;
    struct cfg_birth birth = {"", "", ""};
    const struct cfg_at *birth_at = CFG_AT(at, "birth");
    enum sk_err err = cfg_read(c, at, CFG_SECTION_mqtt, json, &raw);
    if (err == SK_OK && raw.birth != NULL)
        err = cfg_read(c, birth_at, CFG_SECTION_birth, raw.birth, &birth);
    if (err == SK_OK)
        err = cfg_topic_check(c, CFG_AT(at, "topic"), raw.topic);
    if (err == SK_OK)
        err = cfg_topic_check(c, CFG_AT(at, "event_topic"), raw.event_topic);
    if (err == SK_OK)
        err = cfg_topic_check(c, CFG_AT(birth_at, "topic"), birth.topic);
    if (err != SK_OK)
        return err;
    if (birth.topic[0] != '\0' && strcmp(birth.online, birth.offline) == 0)
        return cfg_fail(c, birth_at, SK_ERR_CONFLICT,
                        "found the same payload for online and offline; expected two; change one");
    to->topic = raw.topic;
    to->event_topic = raw.event_topic;
    to->birth_topic = birth.topic;
    to->birth_online = birth.online;
    to->birth_offline = birth.offline;
    to->qos = (uint8_t)raw.qos;
    to->seq_bits = (uint8_t)raw.seq_bits;
    to->expire_after_ms = raw.expire_after_ms != CFG_UNSET ? (uint32_t)raw.expire_after_ms : 0;
    return SK_OK;
}
