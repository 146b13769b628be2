/* SPDX-License-Identifier: Apache-2.0 */
/* Titles, places and factors: small objects that stand in several sections. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "schemas/base/json.h"
#include "schemas/config/load.h"

enum sk_err cfg_title_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const char *id, const char **ret_ja,
                           const char **ret_en)
{
    struct cfg_title raw;
    enum sk_err err = cfg_read(c, CFG_AT(at, "title"), CFG_SECTION_title, json, &raw);
    if (err != SK_OK)
        return err;
    const char *other = raw.ja[0] != '\0' ? raw.ja : raw.en[0] != '\0' ? raw.en : id;
    *ret_ja = raw.ja[0] != '\0' ? raw.ja : other;
    *ret_en = raw.en[0] != '\0' ? raw.en : other;
    return SK_OK;
}

static const char *either(const char *own, const char *outer)
{
    return own[0] != '\0' || outer == NULL ? own : outer;
}

/* One line for people: the words in order, then the figures. */
static const char *place_line(struct cfg *c, const struct sk_place *place)
{
    char line[5 * 64 + 64];
    const char *words[] = {place->building, place->floor, place->room, place->row, place->rack};
    size_t used = 0;
    line[0] = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i][0] != '\0')
            used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", used > 0 ? " " : "", words[i]);
    if (!isnan(place->height_m))
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s+%g m", used > 0 ? " " : "", place->height_m);
    if (!isnan(place->cable_metre))
        (void)snprintf(line + used, sizeof(line) - used, "%scable %g m", used > 0 ? " " : "", place->cable_metre);
    return cfg_arena_text(c->arena, line);
}

enum sk_err cfg_place_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, const struct sk_place *outer,
                           struct sk_place *to)
{
    struct cfg_place raw;
    if (json == NULL && outer != NULL) {
        *to = *outer;
        return SK_OK;
    }
    enum sk_err err = cfg_read(c, CFG_AT(at, "place"), CFG_SECTION_place, json, &raw);
    if (err != SK_OK)
        return err;
    to->building = either(raw.building, outer != NULL ? outer->building : NULL);
    to->floor = either(raw.floor, outer != NULL ? outer->floor : NULL);
    to->room = either(raw.room, outer != NULL ? outer->room : NULL);
    to->row = either(raw.row, outer != NULL ? outer->row : NULL);
    to->rack = either(raw.rack, outer != NULL ? outer->rack : NULL);
    to->height_m = isnan(raw.height_m) && outer != NULL ? outer->height_m : raw.height_m;
    to->cable_metre = isnan(raw.cable_metre) && outer != NULL ? outer->cable_metre : raw.cable_metre;
    to->text = place_line(c, to);
    return to->text != NULL ? SK_OK : cfg_nomem(c);
}

enum sk_err cfg_factors_read(struct cfg *c, const struct cfg_at *at, const cJSON *json, uint16_t *ret_mask)
{
    size_t i = 0;
    uint16_t mask = 0;
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next, i++) {
        const char *word = sk_json_text(item);
        int factor = word != NULL ? sk_factor_parse(word) : -1;
        if (factor < 0)
            return cfg_wrong(c, CFG_AT_INDEX(at, i), item, SK_ERR_PARSE,
                             "a factor such as pt:Card, PIN or Vein (schemas/vocab/factors.def)");
        mask = (uint16_t)(mask | 1u << factor);
    }
    *ret_mask = mask;
    return SK_OK;
}
