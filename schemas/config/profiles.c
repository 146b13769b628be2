/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and loading the profiles that a site's devices name, each once, in the order in which they are first named.
 *
 * The monitor's own devices get a profile without points, so that every device of a site has one. */
#include <stdio.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/config/load.h"

static const struct sk_profile MONITOR = {
    .id = "monitor",
    .title_ja = "監視装置自身",
    .title_en = "The monitor itself",
    .kind = SK_DEV_MONITOR,
    .document = "",
    .pages = "",
    .status = "G",
    .note = "",
    .mqtt = {.topic = "", .birth_topic = "", .birth_online = "", .birth_offline = "", .event_topic = ""},
};

static enum sk_err file_load(struct cfg_load *load, const char *path, const char *id, struct sk_profile *to)
{
    struct cfg c = load->c;
    cJSON *json = NULL;
    c.file = path;
    enum sk_err err = cfg_file_parse(&c, path, &load->digest, &json);
    if (err == SK_OK)
        err = cfg_profile_read(&c, json, to);
    cJSON_Delete(json);
    if (err == SK_OK && strcmp(to->id, id) != 0)
        err = cfg_fail(&c, CFG_AT(NULL, "profile"), SK_ERR_CONFLICT, "found '%s'; expected '%s', the file's name; rename one",
                       to->id, id);
    return err;
}

static enum sk_err profile_load(struct cfg_load *load, const struct cfg_at *at, const char *id, struct sk_profile *to)
{
    char path[4096];
    char looked[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < load->search.count; i++) {
        if (!sk_text_format(path, sizeof(path), "%s/%s.json", load->search.directories[i], id))
            continue;
        FILE *probe = fopen(path, "re");
        if (probe != NULL) {
            (void)fclose(probe);
            const char *kept = cfg_arena_text(load->c.scratch, path);
            return kept != NULL ? file_load(load, kept, id, to) : cfg_nomem(&load->c);
        }
        if (used < sizeof(looked)) {
            int n = snprintf(looked + used, sizeof(looked) - used, "%s%s", used > 0 ? ", " : "", load->search.directories[i]);
            used += n > 0 ? (size_t)n : 0;
        }
    }
    return cfg_fail(&load->c, at, SK_ERR_NOT_FOUND,
                    "found '%s'; expected a profile %s.json in %s; correct the name or add the file", id, id, looked);
}

/* First device that names the same profile as device i. */
static size_t first_use(const struct cfg_load *load, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(load->raw_devices[j].profile, load->raw_devices[i].profile) == 0)
            return j;
    return i;
}

enum sk_err cfg_profiles_load(struct cfg_load *load, const struct cfg_at *at)
{
    size_t distinct = 0, count = 0;
    enum sk_err first = SK_OK;
    for (size_t i = 0; i < load->raw_device_count; i++)
        distinct += first_use(load, i) == i;
    struct sk_profile *profiles = cfg_arena_take(load->c.arena, distinct + 1, sizeof(*profiles));
    if (profiles == NULL)
        return cfg_nomem(&load->c);
    for (size_t i = 0; i < load->raw_device_count; i++) {
        if (first_use(load, i) != i || load->raw_devices[i].profile[0] == '\0') /* none: refused already */
            continue;
        if (!cfg_goes_on(&first, profile_load(load, CFG_AT(CFG_AT_INDEX(at, i), "profile"), load->raw_devices[i].profile,
                                              &profiles[count++])))
            return first;
    }
    if (first != SK_OK)
        return first;
    memcpy(&profiles[count++], &MONITOR, sizeof(MONITOR));
    load->site->profiles = profiles;
    load->site->profile_count = count;
    return SK_OK;
}
