/* SPDX-License-Identifier: Apache-2.0 */
/* A site file, whole: the order of the steps, who owns what, and where profiles are looked for. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/config/config.h"
#include "schemas/config/load.h"
#include "schemas/config/parse.h"

/* --- where profiles are --- */
/* "../share/sekisho/profiles" beside the running binary; "" when it cannot be told. */
static const char *beside_binary(struct cfg *c)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return "";
    self[n] = '\0';
    return cfg_path_beside(c, self, "../share/sekisho/profiles");
}

static enum sk_err search_make(struct cfg_load *load, const cJSON *json, const char *directory)
{
    struct cfg *c = &load->c;
    const char *const *own = NULL;
    size_t count = 0;
    enum sk_err err = cfg_read_texts(c, CFG_AT(NULL, "profile_path"), json, &own, &count);
    if (err != SK_OK)
        return err;
    const char **all = cfg_arena_take(c->scratch, count + 2, sizeof(*all));
    if (all == NULL)
        return cfg_nomem(c);
    for (size_t i = 0; i < count; i++)
        all[i] = cfg_path_beside(c, c->file, own[i]);
    all[count] = directory != NULL ? directory : SK_PROFILE_DIR;
    all[count + 1] = directory != NULL ? NULL : beside_binary(c);
    load->search = (struct cfg_search){.directories = all, .count = count + (directory != NULL ? 1 : 2)};
    for (size_t i = 0; i < load->search.count; i++)
        if (all[i] == NULL)
            return cfg_nomem(c);
    return SK_OK;
}

/* --- the site itself --- */
static enum sk_err zone_check(struct cfg *c, const char *name)
{
    struct sk_zone *zone = NULL;
    struct sk_fault inner = {SK_OK, ""};
    enum sk_err err = sk_zone_load(name, &zone, &inner);
    sk_zone_free(zone);
    if (err == SK_ERR_NOMEM)
        return cfg_nomem(c);
    if (err != SK_OK)
        return cfg_fail(c, CFG_AT(CFG_AT(NULL, "site"), "zone"), SK_ERR_NOT_FOUND,
                        "found '%s'; expected an IANA time zone such as Asia/Tokyo; correct it or install tzdata", name);
    return SK_OK;
}

static enum sk_err history_read(struct cfg *c, const cJSON *json, struct sk_site *site)
{
    enum { MIB = 1 << 20 };
    struct cfg_history history;
    enum sk_err err = cfg_read(c, CFG_AT(NULL, "history"), CFG_SECTION_history, json, &history);
    if (err != SK_OK)
        return err;
    site->history_flush_s = (uint32_t)history.flush_s;
    site->history_days[0] = (uint32_t)history.raw_days;
    site->history_days[1] = (uint32_t)history.minute_days;
    site->history_days[2] = (uint32_t)history.quarter_days;
    site->history_days[3] = (uint32_t)history.day_days;
    site->history_budget_bytes = (uint64_t)history.disk_budget_mb * MIB;
    return SK_OK;
}

static enum sk_err roster_read(struct cfg *c, const cJSON *json, struct sk_site *site)
{
    static const int64_t minute_us = 60 * SK_US_PER_S;
    struct cfg_roster roster;
    const enum sk_err err = cfg_read(c, CFG_AT(NULL, "roster"), CFG_SECTION_roster, json, &roster);
    if (err != SK_OK)
        return err;
    site->roster = (struct sk_roster_limits){.list_stale_us = roster.list_stale_h * 60 * minute_us,
                                             .revoked_gone_us = roster.revoked_gone_min * minute_us,
                                             .lost_gone_us = roster.lost_gone_min * minute_us,
                                             .lost_suspend_us = roster.lost_suspend_min * minute_us,
                                             .review_escalate_us = roster.review_escalate_d * 24 * 60 * minute_us,
                                             .compare_minute = (int)roster.compare_minute};
    return SK_OK;
}

static enum sk_err head_read(struct cfg_load *load, const struct cfg_site_file *raw)
{
    struct cfg *c = &load->c;
    struct sk_site *site = load->site;
    const struct cfg_at *at = CFG_AT(NULL, "site");
    struct cfg_site head;
    struct cfg_log log;
    enum sk_err first = cfg_read(c, at, CFG_SECTION_site, raw->site, &head);
    if (first == SK_OK)
        first = cfg_title_read(c, at, head.title, head.id, &site->title_ja, &site->title_en);
    if (head.zone[0] != '\0')
        cfg_goes_on(&first, zone_check(c, head.zone));
    cfg_goes_on(&first, cfg_read(c, CFG_AT(NULL, "log"), CFG_SECTION_log, raw->log, &log));
    cfg_goes_on(&first, history_read(c, raw->history, site));
    cfg_goes_on(&first, roster_read(c, raw->roster, site));
    /* a class that was refused refuses no link */
    site->class_ = head.class_ >= 0 && head.class_ != CFG_UNSET ? (enum sk_site_class)head.class_ : SK_SITE_TEST;
    if (first != SK_OK)
        return first;
    site->id = head.id;
    site->zone_name = head.zone;
    site->checkpoint_s = (uint32_t)log.checkpoint_s;
    site->checkpoint_records = (uint32_t)log.checkpoint_records;
    site->file = cfg_arena_text(c->arena, c->file);
    return site->file != NULL ? SK_OK : cfg_nomem(c);
}

/* Each part is read whatever the others said, unless it refers to one that was refused: that would only repeat it. */
static enum sk_err body_read(struct cfg_load *load, const cJSON *json, const char *directory)
{
    const struct cfg_at top = {NULL, NULL, 0};
    const struct cfg_at *devices_at = CFG_AT(NULL, "devices");
    struct cfg_site_file raw;
    enum sk_err first = SK_OK, parts = SK_OK;
    if (!cfg_goes_on(&first, cfg_read(&load->c, &top, CFG_SECTION_site_file, json, &raw)) ||
        !cfg_goes_on(&first, head_read(load, &raw)) ||
        !cfg_goes_on(&first, cfg_dues_read(load, CFG_AT(NULL, "dues"), raw.dues)) ||
        !cfg_goes_on(&first, cfg_signals_read(load, CFG_AT(NULL, "signals"), raw.signals)))
        return first;
    if (!cfg_goes_on(&parts, search_make(load, raw.profile_path, directory)) ||
        !cfg_goes_on(&parts, cfg_zones_read(load, CFG_AT(NULL, "zones"), raw.zones)) ||
        !cfg_goes_on(&parts, cfg_links_read(load, CFG_AT(NULL, "links"), raw.links)))
        return parts;
    load->refers = parts == SK_OK;
    if (cfg_goes_on(&parts, cfg_devices_read(load, devices_at, raw.devices)) && parts == SK_OK)
        cfg_goes_on(&parts, cfg_doors_read(load, CFG_AT(NULL, "doors"), raw.doors));
    if (parts == SK_OK)
        parts = cfg_points_build(load, devices_at);
    cfg_goes_on(&first, parts);
    if (first == SK_OK)
        memcpy(load->site->digest, load->digest.bytes, sizeof(load->site->digest));
    return first;
}

/* --- ownership --- */
static enum sk_err load_begin(struct cfg_load *load, const char *name, struct sk_config_faults *all, struct sk_fault *fault)
{
    *load = (struct cfg_load){
        .c = {.arena = cfg_arena_create(), .scratch = cfg_arena_create(), .file = name, .fault = cfg_fresh(fault), .all = all}};
    if (all != NULL)
        all->count = all->more = 0;
    if (load->c.arena != NULL && load->c.scratch != NULL)
        load->site = cfg_arena_take(load->c.arena, 1, sizeof(*load->site));
    if (load->site == NULL)
        return cfg_nomem(&load->c);
    load->site->arena = load->c.arena;
    return SK_OK;
}

static enum sk_err load_end(struct cfg_load *load, enum sk_err err, struct sk_site **ret_site)
{
    cfg_arena_free(load->c.scratch);
    if (err == SK_OK)
        *ret_site = load->site;
    else
        cfg_arena_free(load->c.arena);
    return err;
}

enum sk_err sk_site_load_all(const char *path, const char *profile_directory, struct sk_site **ret_site,
                             struct sk_config_faults *all, struct sk_fault *fault)
{
    struct cfg_load load;
    cJSON *json = NULL;
    enum sk_err err = load_begin(&load, path, all, fault);
    if (err == SK_OK)
        err = cfg_file_parse(&load.c, path, &load.digest, &json);
    if (err == SK_OK)
        err = body_read(&load, json, profile_directory);
    cJSON_Delete(json);
    return load_end(&load, err, ret_site);
}

enum sk_err sk_site_load(const char *path, const char *profile_directory, struct sk_site **ret_site, struct sk_fault *fault)
{
    return sk_site_load_all(path, profile_directory, ret_site, NULL, fault);
}

enum sk_err sk_site_parse_all(const char *name, const char *text, size_t length, const char *profile_directory,
                              struct sk_site **ret_site, struct sk_config_faults *all, struct sk_fault *fault)
{
    struct cfg_load load;
    cJSON *json = NULL;
    enum sk_err err = load_begin(&load, name, all, fault);
    if (err == SK_OK)
        err = cfg_digest_add(&load.c, &load.digest, text, length);
    if (err == SK_OK)
        err = cfg_text_parse(&load.c, text, length, &json);
    if (err == SK_OK)
        err = body_read(&load, json, profile_directory);
    cJSON_Delete(json);
    return load_end(&load, err, ret_site);
}

enum sk_err sk_site_parse(const char *name, const char *text, size_t length, const char *profile_directory,
                          struct sk_site **ret_site, struct sk_fault *fault)
{
    return sk_site_parse_all(name, text, length, profile_directory, ret_site, NULL, fault);
}

void sk_site_free(struct sk_site *site)
{
    if (site != NULL)
        cfg_arena_free(site->arena);
}
