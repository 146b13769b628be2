/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a load, one file each; private to schemas/config.
 *
 * Order for a site: links, zones, then devices (which pull their profiles in), then doors, then the monitor's own devices and
 * the points. Every step gets the struct cfg of its file and writes only what it owns. */
#ifndef SK_CONFIG_LOAD_H
#define SK_CONFIG_LOAD_H

#include "schemas/base/crypto.h"
#include "schemas/config/keys.h"
#include "schemas/model/site.h"

/* --- file.c --- */
/* Reads and parses a file; *digest becomes SHA-256(*digest, file) (NULL: not wanted). NOT_FOUND when there is no such file. */
enum sk_err cfg_file_parse(struct cfg *c, const char *path, struct sk_hash *digest, cJSON **ret_json);
/* Text of a file into JSON; a UTF-8 byte order mark is passed over. */
enum sk_err cfg_text_parse(struct cfg *c, const char *text, size_t length, cJSON **ret_json);
enum sk_err cfg_digest_add(struct cfg *c, struct sk_hash *digest, const char *text, size_t length);
/* `name` beside the file `beside`, unless it is absolute; in the arena. */
const char *cfg_path_beside(struct cfg *c, const char *beside, const char *name);

/* --- names.c: twins and references --- */
/* Twin ids among count elements whose first member is the id (as in the model's structs). */
enum sk_err cfg_twins(struct cfg *c, const struct cfg_at *at, const void *items, size_t count, size_t size);

/* --- parts.c: what several objects share --- */
enum sk_err cfg_title_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const char *id, const char **ret_ja,
                           const char **ret_en);
/* What json does not give is taken from `outer` (NULL: nothing). */
enum sk_err cfg_place_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_place *outer,
                           struct sk_place *to);
enum sk_err cfg_factors_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, uint16_t *ret_mask);

/* --- limits.c --- */
/* Conditions of a point of that kind: those of `inherited` that json neither replaces nor removes, then json's. */
enum sk_err cfg_limits_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_point_kind *kind,
                            const struct sk_limit *inherited, size_t inherited_count, const struct sk_limit **ret_limits,
                            size_t *ret_count);

/* --- profile*.c --- */
enum sk_err cfg_profile_read(struct cfg *c, const cJSON *json, struct sk_profile *to);
enum sk_err cfg_profile_modbus(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct cfg_modbus *raw,
                               struct sk_modbus_profile *to);
enum sk_err cfg_profile_ring(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_modbus *raw,
                             struct sk_ring_profile *to);
enum sk_err cfg_profile_mqtt(struct cfg *c, const struct cfg_at *at, const cJSON *json, struct sk_mqtt_profile *to);
/* A topic of a profile or device: no wildcards, no empty steps. */
enum sk_err cfg_topic_check(struct cfg *c, const struct cfg_at *at, const char *topic);
enum sk_err cfg_profile_points(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_modbus *raw,
                               struct sk_profile *profile);
/* Address of the document -> address on the wire. */
enum sk_err cfg_wire_address(struct cfg *c, const struct cfg_at *at, const struct cfg_modbus *raw, int64_t address,
                             int64_t count, uint16_t *ret_address);

/* --- codes.c: raw values to meanings --- */
/* Raw values that a point of the wire can have. */
struct cfg_raw_range {
    int64_t low, high; /* as integers */
    int bits;          /* width on the wire; 0: not an integer (float, text) */
};
enum sk_err cfg_states_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                            bool texts, struct sk_profile_point *point);
enum sk_err cfg_flags_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                           struct sk_profile_point *point);
enum sk_err cfg_sentinels_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                               struct sk_profile_point *point);
enum sk_err cfg_scale_map_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct cfg_raw_range *raw,
                               struct sk_profile_point *point);

/* Fewest edits between two words; 99 for words of 40 bytes and more. */
int cfg_distance(const char *a, const char *b);
/* The name that was perhaps meant, at most two edits away; NULL none. name_at: NULL past the end. */
const char *cfg_nearest(const char *word, const char *(*name_at)(size_t index));

/* --- the site --- */
/* Where profiles are looked for: the site file's own directories, then the given or built-in ones. */
struct cfg_search {
    const char *const *directories;
    size_t count;
};
struct cfg_load {
    struct cfg c;
    struct sk_site *site;
    struct sk_hash digest;
    struct cfg_search search;
    struct cfg_device *raw_devices; /* scratch, one per device of the file */
    size_t raw_device_count;
    bool refers; /* links and zones stand: what names one of them can be judged */
};
enum sk_err cfg_links_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json);
enum sk_err cfg_zones_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json);
enum sk_err cfg_dues_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json);
enum sk_err cfg_signals_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json);
enum sk_err cfg_devices_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json);
enum sk_err cfg_doors_read(struct cfg_load *load, const struct cfg_at *at, const cJSON *json);
/* Loads every profile that raw_devices name, once each, and adds the monitor's own. */
enum sk_err cfg_profiles_load(struct cfg_load *load, const struct cfg_at *at);
/* After the devices: their points, the devices of links and of the monitor, the hash. */
enum sk_err cfg_points_build(struct cfg_load *load, const struct cfg_at *devices_at);

#endif
