/* SPDX-License-Identifier: Apache-2.0 */
/* Links and zones: the wires and the places of a site. */
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

/* Which protocols know a key (1 << enum sk_protocol); what is not listed belongs to all. */
enum { TCP = 1 << SK_PROTO_MODBUS_TCP, RTU = 1 << SK_PROTO_MODBUS_RTU, MQTT = 1 << SK_PROTO_MQTT };
static const struct {
    const char *key;
    unsigned protocols;
} KNOWN_TO[] = {{"host", TCP | MQTT}, {"port", TCP | MQTT},  {"timeout_ms", TCP | RTU},
                {"serial", RTU},      {"baud", RTU},         {"parity", RTU},
                {"data_bits", RTU},   {"stop_bits", RTU},    {"version", MQTT},
                {"tls", MQTT},        {"user", MQTT},        {"password_file", MQTT},
                {"client_id", MQTT},  {"keepalive_s", MQTT}, {"session_expiry_s", MQTT}};
static const char PARITY[] = "NEO";
static const uint8_t MQTT_VERSION[] = {0, 4, 5}; /* in the order of W(mqtt_version) */
static const int64_t BAUD[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

static enum sk_err keys_fit(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_link *raw)
{
    for (size_t i = 0; i < sizeof(KNOWN_TO) / sizeof(KNOWN_TO[0]); i++)
        if ((KNOWN_TO[i].protocols & 1u << raw->protocol) == 0 && sk_json_get(json, KNOWN_TO[i].key) != NULL)
            return cfg_fail(c, at, SK_ERR_PARSE, "found key '%s', which this protocol does not know; remove it",
                            KNOWN_TO[i].key);
    const char *needed = raw->protocol == SK_PROTO_MODBUS_RTU ? "serial" : "host";
    if (sk_json_get(json, needed) == NULL)
        return cfg_fail(c, at, SK_ERR_PARSE, "found no key '%s'; expected one with this protocol; add it", needed);
    return SK_OK;
}

static enum sk_err serial_fit(struct cfg *c, const struct cfg_at *at, const struct cfg_link *raw)
{
    bool listed = false;
    for (size_t i = 0; i < sizeof(BAUD) / sizeof(BAUD[0]); i++)
        listed = listed || BAUD[i] == raw->baud;
    if (!listed)
        return cfg_fail(c, CFG_AT(at, "baud"), SK_ERR_RANGE,
                        "found %d; expected 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200", (int)raw->baud);
    if (raw->data_bits != 8)
        return cfg_fail(c, CFG_AT(at, "data_bits"), SK_ERR_RANGE,
                        "found %d; expected 8, which Modbus RTU needs; set it on the device too", (int)raw->data_bits);
    return SK_OK;
}

static enum sk_err tls_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_link *to)
{
    struct cfg_tls raw = {"", "", ""};
    enum sk_err err = json != NULL ? cfg_read(c, at, CFG_SECTION_tls, json, &raw) : SK_OK;
    if (err != SK_OK)
        return err;
    if ((raw.cert[0] != '\0') != (raw.key[0] != '\0'))
        return cfg_fail(c, at, SK_ERR_PARSE, "found %s alone; expected cert and key together; add the other",
                        raw.cert[0] != '\0' ? "cert" : "key");
    to->tls = json != NULL;
    to->ca_file = cfg_path_beside(c, c->file, raw.ca);
    to->cert_file = cfg_path_beside(c, c->file, raw.cert);
    to->key_file = cfg_path_beside(c, c->file, raw.key);
    return to->ca_file != NULL && to->cert_file != NULL && to->key_file != NULL ? SK_OK : cfg_nomem(c);
}

static uint16_t port_of(const struct cfg_link *raw)
{
    if (raw->port != CFG_UNSET)
        return (uint16_t)raw->port;
    if (raw->protocol == SK_PROTO_MODBUS_RTU)
        return 0;
    return raw->protocol == SK_PROTO_MODBUS_TCP ? 502 : raw->tls != NULL ? 8883 : 1883; /* IANA */
}

static enum sk_err link_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, enum sk_site_class class_,
                             struct sk_link *to)
{
    struct cfg_link raw;
    enum sk_err err = cfg_read(c, at, CFG_SECTION_link, json, &raw);
    if (err == SK_OK)
        err = keys_fit(c, at, json, &raw);
    if (err == SK_OK && raw.protocol == SK_PROTO_MODBUS_RTU)
        err = serial_fit(c, at, &raw);
    if (err == SK_OK)
        err = tls_read(c, CFG_AT(at, "tls"), raw.tls, to);
    if (err == SK_OK && raw.simulated && class_ == SK_SITE_PRODUCTION)
        err = cfg_fail(
            c, CFG_AT(at, "simulated"), SK_ERR_CONFLICT,
            "found a simulated link in a site of class production; expected real devices; remove the link, or change the "
            "site's class to test or demo");
    if (err != SK_OK)
        return err;
    to->id = raw.id;
    to->protocol = (enum sk_protocol)raw.protocol;
    to->simulated = raw.simulated;
    to->host = raw.host;
    to->port = port_of(&raw);
    to->serial_device = raw.serial;
    to->baud = (uint32_t)raw.baud;
    to->parity = PARITY[raw.parity];
    to->data_bits = (uint8_t)raw.data_bits;
    to->stop_bits = (uint8_t)raw.stop_bits;
    to->timeout_ms = raw.timeout_ms != CFG_UNSET ? (uint32_t)raw.timeout_ms : 0;
    to->user = raw.user;
    to->password_file = cfg_path_beside(c, c->file, raw.password_file);
    to->client_id = raw.client_id;
    to->mqtt_version = MQTT_VERSION[raw.version];
    to->keepalive_s = (uint32_t)raw.keepalive_s;
    to->session_expiry_s = (uint32_t)raw.session_expiry_s;
    return to->password_file != NULL ? SK_OK : cfg_nomem(c);
}

/* Two sessions on one bus would talk over each other. */
static enum sk_err serial_twins(struct cfg *c, const struct cfg_at *at, const struct sk_link *links, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (links[i].serial_device[0] != '\0' && strcmp(links[i].serial_device, links[j].serial_device) == 0)
                return cfg_fail(
                    c, CFG_AT(CFG_AT_INDEX(at, i), "serial"), SK_ERR_EXISTS,
                    "found '%s' again, as in link '%s'; expected one link per serial line; put the devices on one link",
                    links[i].serial_device, links[j].id);
    return SK_OK;
}

enum sk_err cfg_links_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    struct cfg *c = &load->c;
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    struct sk_link *links = cfg_arena_take(c->arena, count, sizeof(*links));
    if (links == NULL)
        return cfg_nomem(c);
    enum sk_err err = SK_OK;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++)
        if (!cfg_goes_on(&err, link_read(c, CFG_AT_INDEX(at, i), item, load->site->class_, &links[i])))
            break;
    if (err != SK_OK)
        return err;
    load->site->links = links;
    load->site->link_count = count;
    err = cfg_twins(c, at, links, count, sizeof(*links));
    return err == SK_OK ? serial_twins(c, at, links, count) : err;
}

enum sk_err cfg_zones_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json)
{
    struct cfg *c = &load->c;
    size_t count = json != NULL ? (size_t)cJSON_GetArraySize(json) : 0, i = 0;
    struct sk_zone_info *zones = cfg_arena_take(c->arena, count, sizeof(*zones));
    if (zones == NULL)
        return cfg_nomem(c);
    enum sk_err first = SK_OK;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++) {
        const struct cfg_at *here = CFG_AT_INDEX(at, i);
        struct cfg_zone raw;
        enum sk_err err = cfg_read(c, here, CFG_SECTION_zone, item, &raw);
        if (err == SK_OK)
            err = cfg_title_read(c, here, raw.title, raw.id, &zones[i].title_ja, &zones[i].title_en);
        if (!cfg_goes_on(&first, err))
            return err;
        zones[i].id = raw.id;
        zones[i].class_ = (int)raw.class_;
    }
    if (first != SK_OK)
        return first;
    load->site->zones = zones;
    load->site->zone_count = count;
    return cfg_twins(c, at, zones, count, sizeof(*zones));
}
