/* SPDX-License-Identifier: Apache-2.0 */
/* The site as configured: what a site file and its profiles say, checked and resolved to indices. Read-only once built.
 *
 * Everything refers by index into the arrays of struct sk_site, which never move after sk_site_load(). Texts are owned by the
 * site's arena. Indices are the order in the site file; they mean nothing outside one loaded configuration (on the wire and in
 * records stand ids and numbers). Threads: any number of readers. Keys and defaults: schemas/config/keys.def. */
#ifndef SK_MODEL_SITE_H
#define SK_MODEL_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/model/vocab.h"

enum sk_site_class { SK_SITE_PRODUCTION, SK_SITE_DEMO, SK_SITE_TEST };

/* Where a thing is. Empty text or NaN: not given. */
struct sk_place {
    const char *building, *floor, *room, *row, *rack;
    double height_m;    /* above the floor; NaN */
    double cable_metre; /* along a leak cable; NaN */
    const char *text;   /* all of it as one line for people, built at load */
};
/* A named spot along a leak cable. */
struct sk_spot {
    double from_m, to_m;
    const char *name;
};

struct sk_service {
    const char *company, *phone, *contract;
};

struct sk_zone_info {
    const char *id, *title_ja, *title_en;
    int class_;      /* 0..3 */
    uint16_t number; /* given out by the store; 0 until then */
};

struct sk_reader_info {
    const char *id;
    bool entry;                /* true: passes from `from` to `to`; false: the other way */
    int64_t address;           /* the controller's own number of the reader; -1 none */
    uint16_t factors_required; /* mask of 1 << enum sk_factor; 0 not set */
    int32_t biometric;         /* 1 + index of its biometric reader device; 0 none */
};

struct sk_door_info {
    const char *id, *title_ja, *title_en;
    int32_t zone_from, zone_to; /* indices */
    int32_t controller;         /* device index; -1 none */
    int64_t address;            /* the controller's own number of the door; -1 none */
    const char *token;          /* the controller's own DoorToken; the id when not given */
    const struct sk_reader_info *readers;
    size_t reader_count;
    const char *const *cameras; /* device ids */
    size_t camera_count;
    bool rex;                                       /* has an exit button */
    uint32_t release_ms, open_ms, extended_open_ms; /* ONVIF timings */
    uint32_t prealarm_ms;                           /* before open_ms is over; 0 none */
    uint32_t passage_ms;                            /* longest opening of one passage; 0 not judged */
    uint32_t resolve_ms;                            /* for a person to resolve a counter surplus */
    int32_t counter;                                /* 1 + index of its people counter; 0 none */
    bool busy_alarm;                                /* silence at a busy time alarms */
    struct sk_place place;
    uint16_t number;
};

enum sk_protocol { SK_PROTO_MODBUS_TCP, SK_PROTO_MODBUS_RTU, SK_PROTO_MQTT };

struct sk_link {
    const char *id;
    enum sk_protocol protocol;
    bool simulated;
    /* TCP and MQTT */
    const char *host;
    uint16_t port;
    /* RTU */
    const char *serial_device;
    uint32_t baud;
    char parity; /* N E O */
    uint8_t data_bits, stop_bits;
    /* Modbus on this link; 0 = as the profile says */
    uint32_t timeout_ms;
    /* MQTT */
    const char *ca_file, *cert_file, *key_file;
    bool tls;
    const char *user, *password_file, *client_id; /* client_id "": sekisho-<site>-<link> */
    uint8_t mqtt_version;                         /* 0 auto (5, then 3.1.1), 4 = 3.1.1, 5 */
    uint32_t keepalive_s;
    uint32_t session_expiry_s;
};

/* --- conditions on a point or device --- */
struct sk_limit {
    uint16_t condition;     /* enum sk_condition */
    uint8_t severity;       /* enum sk_severity */
    double reading;         /* threshold, or for RateOfChange the change allowed per window */
    uint64_t states;        /* State: mask of 1 << state index (STATE) or of flags (FLAGS) that alarm */
    uint32_t dwell_ms;      /* DwellTime: must hold so long before it alarms */
    double hysteresis;      /* HysteresisReading: must come back by so much */
    uint32_t hysteresis_ms; /* HysteresisDuration: must be back for so long before it returns */
    uint32_t window_ms;     /* RateOfChange */
};

/* --- how a point is read: from the profile --- */
enum sk_register_type {
    SK_REG_BIT, /* one coil or input (FC 1, 2) */
    SK_REG_U16,
    SK_REG_S16,
    SK_REG_U32,
    SK_REG_S32,
    SK_REG_U64,
    SK_REG_S64,
    SK_REG_F32,
    SK_REG_F64,
    SK_REG_BITS16,
    SK_REG_BITS32,  /* flags, or one bit of it with `bit` */
    SK_REG_FIELD,   /* packed field: (word >> shift) & mask of width */
    SK_REG_STRING,  /* ASCII, two characters a register */
    SK_REG_HI_LO,   /* hi x 10000 + lo, two registers */
    SK_REG_DAYS2000 /* days since 2000-01-01, as text YYYY-MM-DD */
};
enum { SK_ORDER_WORDS_SWAPPED = 1, SK_ORDER_BYTES_SWAPPED = 2 }; /* 0 = ABCD, all big-endian */

struct sk_sentinel {
    uint64_t raw;
    uint8_t quality, reason;
};
struct sk_map_entry { /* raw code -> state index, or raw code -> (scale, offset) */
    int64_t raw;
    uint32_t state;
    double scale, offset;
    const char *text; /* MQTT: the payload's string that this entry means; NULL: raw decides (true is 1, false is 0) */
};
struct sk_flag_bit {
    uint8_t bit;  /* of the raw word(s) */
    uint8_t flag; /* index in the kind's list of words */
    bool inverted;
};

struct sk_profile_point {
    const char *name;
    const struct sk_point_kind *kind;
    /* Modbus */
    uint8_t function;     /* 1..4 */
    uint16_t address;     /* wire address, base already taken off, stride not yet added */
    uint16_t count;       /* registers or bits */
    uint8_t type;         /* enum sk_register_type */
    uint8_t order;        /* SK_ORDER_* */
    uint8_t shift, width; /* FIELD; and single bit of BITS (width 1) */
    bool strided;         /* address += stride x (unit index) */
    /* MQTT */
    const char *topic; /* "" = the profile's topic */
    const char *path;  /* dotted path in the payload; "" = the whole payload is the value */
    const char *time_path;
    /* both */
    double scale, offset; /* value = raw * scale + offset, scale already holding 2^-n or 10^-n */
    int32_t scale_from;   /* index of another point of this profile whose raw value chooses scale and offset; -1 none */
    const struct sk_map_entry *scale_map;
    size_t scale_map_count;
    const struct sk_map_entry *states; /* raw -> state index */
    size_t state_count;
    const struct sk_flag_bit *flags;
    size_t flag_count;
    const struct sk_sentinel *sentinels;
    size_t sentinel_count;
    double range_low, range_high;  /* engineering range; -inf, +inf */
    bool hidden;                   /* helper register (scale_from target): no point of the site */
    bool heartbeat;                /* must move within stale_ms, else frozen */
    uint32_t period_ms;            /* 0 = the device's */
    uint32_t stale_ms;             /* 0 = the device's */
    const struct sk_limit *limits; /* default conditions */
    size_t limit_count;
};

struct sk_register_range {
    uint8_t function;
    uint16_t from, count;
};

struct sk_modbus_profile {
    uint16_t max_registers, max_bits, max_gap;
    uint32_t after_connect_ms, between_requests_ms, timeout_ms, late_reply_ms;
    uint8_t retries;
    uint32_t unit_stride; /* added to strided addresses once per unit index */
    const struct sk_register_range *atomic, *forbidden, *confirm_zero;
    size_t atomic_count, forbidden_count, confirm_zero_count;
};
/* Event ring in registers (door controller on Modbus). All addresses on the wire, FC `function`. */
struct sk_ring_profile {
    bool present;
    uint8_t function;
    uint16_t epoch, head, tail; /* u32 big-endian each: epoch, next sequence number to be written, oldest kept */
    uint16_t ring;              /* first entry */
    uint16_t entries;           /* how many; entry of seq is ring + (seq % entries) * entry_words */
    uint16_t entry_words;       /* layout of an entry: drivers/modbus/README.md */
};
struct sk_mqtt_profile {
    const char *topic;       /* "{base}/state" */
    const char *birth_topic; /* "" none */
    const char *birth_online, *birth_offline;
    const char *event_topic; /* "" none: door envelopes, schemas/json/door-envelope.schema.json */
    uint8_t qos;
    uint32_t expire_after_ms; /* 0 = the device's stale_ms */
    uint8_t seq_bits;         /* width of its event counter; 0 and 64: it never wraps */
};

struct sk_profile {
    const char *id, *title_ja, *title_en;
    enum sk_device_kind kind;
    enum sk_protocol protocol;                    /* MODBUS_TCP stands for both Modbus wires */
    const char *document, *pages, *status, *note; /* provenance; status V S U or G (ours, generic) */
    struct sk_modbus_profile modbus;
    struct sk_ring_profile ring;
    struct sk_mqtt_profile mqtt;
    const struct sk_profile_point *points;
    size_t point_count;
};

struct sk_device {
    const char *id, *title_ja, *title_en;
    const struct sk_profile *profile;
    int32_t link;        /* index; -1 for the monitor's own devices */
    uint8_t unit;        /* Modbus unit id */
    uint16_t unit_index; /* for strides: 0 = none */
    const char *topic;   /* MQTT {base} */
    uint32_t period_ms, stale_ms;
    uint32_t comm_lost_ms; /* CommLost condition: so long without any good answer */
    uint8_t comm_severity;
    struct sk_place place;
    const struct sk_spot *spots;
    size_t spot_count;
    const char *asset, *tag; /* asset number; local tag (e.g. 52G) */
    struct sk_service service;
    uint32_t first_point, point_count; /* a run in site->points */
    uint16_t number;                   /* door controllers: given out by the store */
};

struct sk_point {
    uint32_t device;
    uint32_t period_ms, stale_ms;
    uint32_t limit_count;
    const struct sk_profile_point *profile; /* NULL for the monitor's own points (link health) */
    const struct sk_point_kind *kind;
    const char *name; /* "battery.charge" */
    const char *id;   /* "ups1/battery.charge" */
    const char *tag, *asset;
    const struct sk_place *place; /* the device's where not given; NULL: nowhere */
    const struct sk_limit *limits;
};

/* Limits of the roster and of the controllers' own lists; list_stale_us 0: the section is not set (defaults hold). */
struct sk_roster_limits {
    int64_t list_stale_us;      /* a controller's list older than that is no proof any more */
    int64_t revoked_gone_us;    /* from the end of a permission to its end at the controllers */
    int64_t lost_gone_us;       /* the same for a lost card, from when it was told */
    int64_t lost_suspend_us;    /* from being told of a loss to our suspending the card */
    int64_t review_escalate_us; /* from a review's due date to the higher alarm */
    int compare_minute;         /* of the local day: when lists and roster are compared */
};

/* What the site file names in place of a signal that nothing at the site tells (signal.h). */
struct sk_stand_in {
    uint16_t signal;                    /* index of the signals' list */
    const char *keeper;                 /* a register, or a keeper of ours; "": attested */
    const char *who, *until, *document; /* the attestation: who answers for it, its last day, where it is written */
};

struct sk_site {
    const char *id, *title_ja, *title_en;
    enum sk_site_class class_;
    const char *zone_name; /* IANA */
    const char *file;      /* as it was named */
    uint8_t digest[32];    /* SHA-256 over site file and profiles in load order */
    uint32_t checkpoint_s, checkpoint_records;
    struct sk_roster_limits roster;
    const uint32_t *due_after_s; /* by row of register_dues.def; NULL: as the rows say */
    const struct sk_stand_in *stand_ins;
    size_t stand_in_count;
    uint32_t history_flush_s;
    uint32_t history_days[4];      /* kept: raw, minute, quarter of an hour, day; 0 for ever */
    uint64_t history_budget_bytes; /* 0: no limit */
    struct sk_zone_info *zones;
    size_t zone_count;
    struct sk_door_info *doors;
    size_t door_count;
    struct sk_link *links;
    size_t link_count;
    struct sk_device *devices;
    size_t device_count;
    struct sk_point *points;
    size_t point_count;
    struct sk_profile *profiles;
    size_t profile_count;
    const uint32_t *point_hash; /* open addressing: point index + 1, 0 empty; NULL: sk_site_point() scans */
    size_t point_hash_size;     /* a power of two */
    void *arena;                /* owner of all the texts; private to schemas/config */
};

/* The line for people; "" nowhere. */
static inline const char *sk_place_line(const struct sk_place *place)
{
    return place == NULL || place->text == NULL ? "" : place->text;
}

int32_t sk_site_device(const struct sk_site *site, const char *id);                /* index or -1 */
int32_t sk_site_point(const struct sk_site *site, const char *device_slash_point); /* index or -1; hashed */
/* Slots of the table for so many points, and filling it (table: that many zeroes, which must live as long as the site). */
size_t sk_site_hash_size(size_t point_count);
void sk_site_hash_build(struct sk_site *site, uint32_t *table, size_t size);
int32_t sk_site_door(const struct sk_site *site, const char *id);
int32_t sk_site_zone(const struct sk_site *site, const char *id);
int32_t sk_site_link(const struct sk_site *site, const char *id);
/* Point of a device by name, or -1: for drivers that write health points of a link's own device. */
int32_t sk_site_device_point(const struct sk_site *site, uint32_t device, const char *name);

#endif
