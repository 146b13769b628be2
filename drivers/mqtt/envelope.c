/* SPDX-License-Identifier: Apache-2.0 */
/* Envelope decoding: identity first (the only thing that can be refused), then what happened, then the members one by one from
 * a table. Every reader of a member answers whether it understood; one "no" keeps the payload beside the event. */
#include "drivers/mqtt/envelope.h"

#include <string.h>

#include "drivers/mqtt/blank.h"
#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

/* One envelope on its way: what it became so far, and the texts that need the whole to be resolved. */
struct decoding {
    const struct sk_envelope_context *context;
    struct sk_access_event *event;
    const char *door, *reader; /* borrowed from the JSON; NULL not given */
    bool not_understood;
};

static enum sk_err read_identity(const cJSON *root, struct sk_access_event *event, struct sk_fault *fault)
{
    const cJSON *epoch = sk_json_get(root, "epoch");
    const cJSON *seq = sk_json_get(root, "seq");
    if (epoch == NULL && seq == NULL)
        return SK_OK;
    uint64_t number = 0;
    if (!sk_json_u64(epoch, &number) || number > UINT32_MAX)
        return sk_fault_set(fault, SK_ERR_RANGE,
                            "expected \"epoch\" as a whole number from 0 to 4294967295, together with \"seq\"");
    event->epoch = (uint32_t)number;
    if (!sk_json_u64(seq, &event->seq))
        return sk_fault_set(fault, SK_ERR_RANGE,
                            "expected \"seq\" as a whole number, or a decimal string up to 18446744073709551615, together with "
                            "\"epoch\"");
    event->has_identity = true;
    return SK_OK;
}

static enum sk_err read_version(const cJSON *root, struct sk_fault *fault)
{
    int64_t version = 0;
    if (!cJSON_IsObject(root))
        return sk_fault_set(fault, SK_ERR_PARSE,
                            "expected a JSON object with \"v\", \"epoch\", \"seq\", \"topic\" and \"data\"");
    if (!sk_json_i64(sk_json_get(root, "v"), &version) || version != 1)
        return sk_fault_set(fault, SK_ERR_UNSUPPORTED, "expected \"v\": 1, the only version of the envelope there is");
    return SK_OK;
}

/* A controller may send a name or the card number here: only what can be neither is kept. */
static bool copy_token(char *to, size_t capacity, const cJSON *item)
{
    const char *text = sk_json_text(item);
    return text != NULL && sk_blank_is_opaque(text) && sk_text_copy(to, capacity, text);
}

static bool read_bool(const cJSON *item, bool *ret_value)
{
    const char *text = sk_json_text(item);
    int64_t number = 0;
    if (cJSON_IsBool(item))
        *ret_value = cJSON_IsTrue(item) != 0;
    else if (text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        *ret_value = text[0] == 't';
    else if (text == NULL && sk_json_i64(item, &number) && (number == 0 || number == 1))
        *ret_value = number == 1;
    else
        return false;
    return true;
}

/* --- members of "data" --- */

static bool take_door(struct decoding *d, const cJSON *item)
{
    d->door = sk_json_text(item);
    return d->door != NULL;
}

static bool take_reader(struct decoding *d, const cJSON *item)
{
    d->reader = sk_json_text(item);
    return d->reader != NULL;
}

static bool take_reason(struct decoding *d, const cJSON *item)
{
    const char *text = sk_json_text(item);
    int reason = text == NULL ? -1 : sk_deny_reason_parse(text);
    if (d->event->ev != SK_EV_ACC_DENIED)
        return false; /* the reason of a fault is free text: it stays in native */
    d->event->reason = (uint16_t)(reason <= SK_DENY_NONE ? SK_DENY_OTHER : reason);
    return reason > SK_DENY_NONE;
}

static bool take_card(struct decoding *d, const cJSON *item)
{
    const char *text = sk_json_text(item);
    size_t digits = text == NULL ? 0 : strlen(text);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > SK_IDENTIFIER_MAX)
        return false;
    if (!sk_hex_read(d->event->identifier, digits / 2, text)) {
        memset(d->event->identifier, 0, sizeof(d->event->identifier));
        return false;
    }
    d->event->identifier_length = (uint8_t)(digits / 2);
    return true;
}

static bool take_credential(struct decoding *d, const cJSON *item)
{
    return copy_token(d->event->credential, sizeof(d->event->credential), item);
}

static bool take_holder(struct decoding *d, const cJSON *item)
{
    return copy_token(d->event->holder, sizeof(d->event->holder), item);
}

static bool take_factors(struct decoding *d, const cJSON *item)
{
    bool all = cJSON_IsArray(item) != 0;
    for (const cJSON *word = all ? item->child : NULL; word != NULL; word = word->next) {
        const char *text = sk_json_text(word);
        int factor = text == NULL ? -1 : sk_blank_factor(text);
        if (factor >= 0)
            d->event->factors = (uint16_t)(d->event->factors | (1u << factor));
        else
            all = false;
    }
    return all;
}

static bool take_external(struct decoding *d, const cJSON *item)
{
    return read_bool(item, &d->event->external);
}

static bool take_exempted(struct decoding *d, const cJSON *item)
{
    return read_bool(item, &d->event->exempted);
}

static bool take_extended(struct decoding *d, const cJSON *item)
{
    return read_bool(item, &d->event->extended);
}

static const struct {
    const char *name;
    bool (*take)(struct decoding *d, const cJSON *item);
} MEMBERS[] = {
    {"Door", take_door},
    {"DoorToken", take_door},
    {"Reader", take_reader},
    {"AccessPointToken", take_reader},
    {"Reason", take_reason},
    {"Card", take_card},
    {"IdentifierValue", take_card},
    {"CredentialToken", take_credential},
    {"CredentialHolder", take_holder},
    {"Factors", take_factors},
    {"External", take_external},
    {"ExemptedAccess", take_exempted},
    {"UseExtendedTime", take_extended},
};

static void read_members(struct decoding *d, const cJSON *data)
{
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++) {
        const cJSON *item = sk_json_get(data, MEMBERS[i].name);
        if (item != NULL && !cJSON_IsNull(item) && !MEMBERS[i].take(d, item))
            d->not_understood = true;
    }
}

/* --- what happened --- */

/* Events that carry a state: a word of a family, or a yes-or-no member. */
static const struct state_row {
    uint16_t ev;
    const char *family; /* NULL: yes or no */
    const char *member; /* instead of "State" */
} STATES[] = {
    {SK_EV_DOOR_MODE, "mode", "DoorMode"},          {SK_EV_DOOR_PHYS, "phys", "DoorPhysicalState"},
    {SK_EV_DOOR_LOCK, "lock", "LockPhysicalState"}, {SK_EV_DOOR_LOCK2, "lock", "DoubleLockPhysicalState"},
    {SK_EV_DOOR_ALARM, "alarm", "DoorAlarm"},       {SK_EV_DOOR_TAMPER, "tamper", "DoorTamper"},
    {SK_EV_DOOR_FAULT, "fault", "DoorFault"},       {SK_EV_AP_ENABLED, NULL, "Enabled"},
    {SK_EV_CRED_ENABLED, NULL, "Enabled"},          {SK_EV_CRED_APB, NULL, "ApbViolation"},
    {SK_EV_SCHED_ACTIVE, NULL, "Active"},
};

static bool read_state(const struct state_row *row, const cJSON *data, uint8_t *ret_state)
{
    const cJSON *item = sk_json_get(data, "State");
    bool yes = false;
    if (item == NULL)
        item = sk_json_get(data, row->member);
    if (row->family == NULL) {
        if (!read_bool(item, &yes))
            return false;
        *ret_state = yes ? 1 : 0;
        return true;
    }
    const char *word = sk_json_text(item);
    int state = word == NULL ? -1 : sk_door_parse(row->family, word);
    *ret_state = (uint8_t)(state < 0 ? 0 : state);
    return state >= 0;
}

static void take_state(struct decoding *d, const cJSON *data)
{
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
        if (STATES[i].ev != d->event->ev || read_state(&STATES[i], data, &d->event->state))
            continue;
        d->event->ev = SK_EV_NATIVE; /* a state that cannot be read must not pass for state 0 */
        d->not_understood = true;
        return;
    }
}

/* A reason that no reason is given for: ONVIF's unknown card has a topic of its own, all else is "Other". */
static uint16_t default_reason(const char *topic)
{
    static const char not_found[] = "tns1:AccessControl/Denied/CredentialNotFound";
    return strncmp(topic, not_found, sizeof(not_found) - 1) == 0 ? SK_DENY_NOT_FOUND : SK_DENY_OTHER;
}

static uint8_t decision_of(uint16_t ev)
{
    switch (ev) {
    case SK_EV_ACC_GRANTED:
    case SK_EV_ACC_TAKEN:
    case SK_EV_ACC_NOT_TAKEN:
    case SK_EV_ACC_REX:
        return SK_DECISION_GRANTED;
    case SK_EV_ACC_DENIED:
        return SK_DECISION_DENIED;
    default:
        return SK_DECISION_NONE;
    }
}

static void take_topic(struct decoding *d, const cJSON *root)
{
    struct sk_access_event *event = d->event;
    const char *topic = sk_json_text(sk_json_get(root, "topic"));
    int ev = topic == NULL ? -1 : sk_event_from_topic(topic);
    bool whole = topic != NULL && sk_blank_topic(topic, event->topic, sizeof(event->topic));
    event->ev = (uint16_t)(ev < 0 ? SK_EV_NATIVE : ev);
    event->decision = decision_of(event->ev);
    if (event->ev == SK_EV_ACC_DENIED)
        event->reason = default_reason(event->topic);
    if (ev < 0 || !whole)
        d->not_understood = true;
}

/* --- where it happened --- */

static bool door_named(const struct sk_door_info *door, const char *name, bool by_token)
{
    const char *have = by_token ? door->token : door->id;
    return have != NULL && strcmp(have, name) == 0;
}

static int32_t find_door(const struct sk_envelope_context *context, const char *name)
{
    for (int by_token = 1; by_token >= 0; by_token--) {
        for (size_t i = 0; i < context->site->door_count; i++) {
            const struct sk_door_info *door = &context->site->doors[i];
            if (door->controller == (int32_t)context->device && door_named(door, name, by_token != 0))
                return (int32_t)i;
        }
    }
    return -1;
}

static int32_t find_reader(const struct sk_door_info *door, const char *name)
{
    for (size_t i = 0; i < door->reader_count; i++) {
        if (strcmp(door->readers[i].id, name) == 0)
            return (int32_t)i;
    }
    return -1;
}

/* A reader without a door names its door when only one door of the controller has such a reader. */
static void find_door_by_reader(struct decoding *d)
{
    int32_t found = -1, reader = -1;
    for (size_t i = 0; i < d->context->site->door_count; i++) {
        const struct sk_door_info *door = &d->context->site->doors[i];
        int32_t here = door->controller == (int32_t)d->context->device ? find_reader(door, d->reader) : -1;
        if (here < 0)
            continue;
        if (found >= 0) {
            d->not_understood = true;
            return;
        }
        found = (int32_t)i;
        reader = here;
    }
    d->event->door = found;
    d->event->reader = reader;
    if (found < 0)
        d->not_understood = true;
}

static void resolve_place(struct decoding *d)
{
    if (d->door == NULL && d->reader != NULL) {
        find_door_by_reader(d);
        return;
    }
    if (d->door == NULL)
        return;
    d->event->door = find_door(d->context, d->door);
    if (d->event->door >= 0 && d->reader != NULL)
        d->event->reader = find_reader(&d->context->site->doors[d->event->door], d->reader);
    if (d->event->door < 0 || (d->reader != NULL && d->event->reader < 0))
        d->not_understood = true;
}

/* --- the whole --- */

static void take_times(struct decoding *d, const cJSON *root)
{
    const cJSON *t = sk_json_get(root, "t"), *mono = sk_json_get(root, "mono");
    const char *text = sk_json_text(t);
    if (t != NULL && (text == NULL || !sk_time_parse(text, &d->event->t_ctrl_us))) {
        d->event->t_ctrl_us = 0;
        d->not_understood = true;
    }
    if (mono != NULL && !sk_json_u64(mono, &d->event->mono_ms))
        d->not_understood = true;
}

static void event_init(const struct sk_envelope_context *context, struct sk_access_event *event)
{
    const struct sk_device *device = &context->site->devices[context->device];
    memset(event, 0, sizeof(*event));
    event->device = context->device;
    event->door = -1;
    event->reader = -1;
    event->duplicate_flag = context->repeated;
    event->simulated = device->link >= 0 && context->site->links[device->link].simulated;
    event->recv_us = context->now.utc_us;
    event->mono_us = context->now.mono_us;
}

enum sk_err sk_envelope_decode(const struct sk_envelope_context *context, const char *bytes, size_t length,
                               struct sk_access_event *ret_event, struct sk_fault *fault)
{
    struct decoding d = {.context = context, .event = ret_event};
    cJSON *root = NULL;
    event_init(context, ret_event);
    enum sk_err err = sk_json_parse(bytes, length, &SK_JSON_PAYLOAD, &root, fault);
    if (err != SK_OK) {
        sk_fault_prefix(fault, "expected a JSON object as in door-envelope.schema.json");
        return err;
    }
    err = read_version(root, fault);
    if (err == SK_OK)
        err = read_identity(root, ret_event, fault);
    if (err == SK_OK) {
        const cJSON *data = sk_json_get(root, "data");
        take_topic(&d, root);
        take_times(&d, root);
        if (data != NULL && !cJSON_IsObject(data))
            d.not_understood = true;
        read_members(&d, data);
        take_state(&d, data);
        resolve_place(&d);
        if (d.not_understood)
            ret_event->native_length =
                (uint16_t)sk_blank_json(context->site, root, (char *)ret_event->native, sizeof(ret_event->native));
    }
    cJSON_Delete(root);
    return err;
}

enum sk_err sk_envelope_heartbeat_decode(const char *bytes, size_t length, struct sk_envelope_heartbeat *ret_heartbeat,
                                         struct sk_fault *fault)
{
    cJSON *root = NULL;
    uint64_t epoch = 0;
    memset(ret_heartbeat, 0, sizeof(*ret_heartbeat));
    enum sk_err err = sk_json_parse(bytes, length, &SK_JSON_PAYLOAD, &root, fault);
    if (err != SK_OK) {
        sk_fault_prefix(fault, "expected a heartbeat object with \"epoch\", \"seq_head\" and \"t\"");
        return err;
    }
    const char *t = sk_json_text(sk_json_get(root, "t"));
    if (!sk_json_u64(sk_json_get(root, "epoch"), &epoch) || epoch > UINT32_MAX)
        err = sk_fault_set(fault, SK_ERR_RANGE, "expected \"epoch\" as a whole number from 0 to 4294967295");
    else if (!sk_json_u64(sk_json_get(root, "seq_head"), &ret_heartbeat->seq_head))
        err = sk_fault_set(fault, SK_ERR_RANGE, "expected \"seq_head\" as a whole number or a decimal string");
    else if (sk_json_get(root, "t") != NULL && (t == NULL || !sk_time_parse(t, &ret_heartbeat->t_us)))
        err = sk_fault_set(fault, SK_ERR_PARSE, "expected \"t\" as RFC 3339 time with at most 6 digits of fraction");
    ret_heartbeat->epoch = (uint32_t)epoch;
    cJSON_Delete(root);
    return err;
}

void sk_envelope_ack_write(char to[SK_ENVELOPE_ACK_MAX], const struct sk_envelope_ack *ack)
{
    char from[40] = "";
    if (ack->from != ack->seq)
        sk_text_format(from, sizeof(from), "\"from\":\"%llu\",", (unsigned long long)ack->from);
    sk_text_format(to, SK_ENVELOPE_ACK_MAX, "{\"epoch\":%u,%s\"seq\":\"%llu\"}", ack->epoch, from,
                   (unsigned long long)ack->seq);
}

bool sk_envelope_ack_extend(struct sk_envelope_ack *ack, uint32_t epoch, uint64_t seq)
{
    bool inside = epoch == ack->epoch && seq >= ack->from && seq <= ack->seq;
    bool next = epoch == ack->epoch && ack->seq < UINT64_MAX && seq == ack->seq + 1;
    if (next)
        ack->seq = seq;
    return next || inside;
}
