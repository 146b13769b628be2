/* SPDX-License-Identifier: Apache-2.0 */
/* A section of a site file or profile as read, before its references are resolved: one struct per section of keys.def, one
 * member per row. The C type of a member follows from the row's TYPE (checked at compile time in keys.c); what was not given
 * and has no default is "" (texts), CFG_UNSET (integers, words, durations), NaN (numbers) or NULL (objects, lists). */
#ifndef SK_CONFIG_RAW_H
#define SK_CONFIG_RAW_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define CFG_UNSET INT64_MIN

struct cfg_title {
    const char *ja, *en;
};
struct cfg_site_file {
    const cJSON *site, *profile_path, *log, *roster, *dues, *signals, *history, *zones, *links, *devices, *doors;
};
struct cfg_site {
    const char *id, *zone;
    int64_t class_;
    const cJSON *title;
};
struct cfg_log {
    int64_t checkpoint_s, checkpoint_records;
};
struct cfg_roster {
    int64_t list_stale_h, revoked_gone_min, lost_gone_min, lost_suspend_min, review_escalate_d, compare_minute;
};
struct cfg_dues { /* milliseconds */
    int64_t permit_overdue, permit_overrun, emergency_not_ratified, visit_overdue, visit_badge_missing, visit_not_observed,
        goods_overdue, goods_not_received, goods_unpermitted, declaration_expired, stocktake_overdue, item_not_erased,
        erasure_not_witnessed, media_overdue, media_lost, key_overdue, key_lost, patrol_overdue, watch_not_begun,
        watch_not_handed_over, handover_not_taken, mode_active, mode_overdue, rack_request_overdue, personnel_not_applied,
        list_request_overdue, attestation_expired;
};
struct cfg_stand_in {
    const char *register_;
    const cJSON *attestation;
};
struct cfg_attested {
    const char *who, *until, *document;
};
struct cfg_history {
    int64_t flush_s, raw_days, minute_days, quarter_days, day_days, disk_budget_mb;
};
struct cfg_zone {
    const char *id;
    int64_t class_;
    const cJSON *title;
};
struct cfg_link {
    const char *id, *host, *serial, *user, *password_file, *client_id;
    int64_t protocol, port, timeout_ms, baud, parity, data_bits, stop_bits, version, keepalive_s, session_expiry_s;
    bool simulated;
    const cJSON *tls;
};
struct cfg_tls {
    const char *ca, *cert, *key;
};
struct cfg_device {
    const char *id, *profile, *link, *topic, *asset, *tag;
    int64_t unit, unit_index, period_ms, stale_ms;
    const cJSON *comm_lost, *title, *place, *service, *spots, *points;
};
struct cfg_comm_lost {
    int64_t after_ms, severity;
};
struct cfg_place {
    const char *building, *floor, *room, *row, *rack;
    double height_m, cable_metre;
};
struct cfg_service {
    const char *company, *phone, *contract;
};
struct cfg_spot {
    double from_m, to_m;
    const char *name;
};
struct cfg_point {
    const char *tag, *asset;
    int64_t period_ms, stale_ms;
    const cJSON *place, *limits;
};
struct cfg_limit {
    double reading, hysteresis;
    int64_t dwell, hysteresis_time, window, severity;
    const cJSON *states;
};
struct cfg_door {
    const char *id, *from, *to, *controller, *token, *counter;
    int64_t address, release_time, open_time, extended_open_time, prealarm_time, passage_time, resolve_time;
    bool rex, busy_alarm;
    const cJSON *readers, *cameras, *title, *place;
};
struct cfg_reader {
    const char *id, *biometric;
    int64_t direction, address;
    const cJSON *factors;
};
struct cfg_profile_file {
    const char *id;
    int64_t kind, protocol;
    const cJSON *title, *provenance, *modbus, *mqtt, *points, *ring;
};
struct cfg_provenance {
    const char *document, *pages, *note;
    int64_t status;
};
struct cfg_modbus {
    int64_t address_base, function, max_registers, max_bits, max_gap, word_order, byte_order;
    int64_t after_connect_ms, between_requests_ms, timeout_ms, retries, late_reply_ms, unit_stride;
    const cJSON *atomic, *forbidden, *confirm_zero;
};
struct cfg_range {
    int64_t function, from, count;
};
struct cfg_profile_point {
    const char *name, *topic, *path, *time_path, *scale_from;
    int64_t function, address, type, count, order, bit, shift, width, pow2, pow10, period_ms, stale_ms;
    double scale, offset;
    bool strided, hidden, heartbeat;
    const cJSON *scale_map, *states, *flags, *sentinels, *range, *limits;
};
struct cfg_map_entry {
    double scale, offset;
};
struct cfg_sentinel {
    const cJSON *raw;
    int64_t quality, reason;
};
struct cfg_ring {
    int64_t function, epoch, head, tail, ring, entries, entry_words;
};
struct cfg_mqtt {
    const char *topic, *event_topic;
    int64_t qos, expire_after_ms, seq_bits;
    const cJSON *birth;
};
struct cfg_birth {
    const char *topic, *online, *offline;
};

#endif
