/* SPDX-License-Identifier: Apache-2.0 */
/* GET /points, /points/{device}/{point}, /site: straight from the mirror. */
#include <string.h>

#include "dashboard-api/handlers.h"
#include "dashboard-api/kept.h"
#include "dashboard-api/reply.h"
#include "schemas/base/bytes.h"
#include "schemas/model/vocab.h"

enum { POINT_ID_MAX = 256 };

struct point_list {
    struct sk_out out;
    const char *device;
    int quality; /* exact word; -1 any */
    int band;    /* 'g', 'u', 'b' by the two upper bits; 0 any */
    uint32_t left;
    bool more;
    char last[POINT_ID_MAX];
};

static int band_of(int quality)
{
    return sk_quality_is_good((uint8_t)quality) ? 'g' : sk_quality_is_bad((uint8_t)quality) ? 'b' : 'u';
}

static bool is_wanted(const struct point_list *list, const struct sk_mirror_point *point)
{
    size_t length = list->device ? strlen(list->device) : 0;
    if (list->device && (strncmp(point->id, list->device, length) != 0 || point->id[length] != '/'))
        return false;
    if (list->band && band_of(point->quality) != list->band)
        return false;
    return list->quality < 0 || point->quality == list->quality;
}

static bool add_point(void *context, const struct sk_mirror_point *point)
{
    struct point_list *list = context;
    if (!is_wanted(list, point))
        return true;
    if (list->left == 0) {
        list->more = true;
        return false;
    }
    list->left--;
    if (!sk_text_copy(list->last, sizeof list->last, point->id))
        list->out.bad = true;
    sk_out_put(&list->out, list->out.text[list->out.length - 1] == '[' ? "" : ",");
    sk_out_put(&list->out, point->text);
    return !list->out.bad;
}

/* "good", "uncertain" and "bad" mean the whole band; every other word of the list means itself. */
static bool read_quality(struct sk_call *call, struct point_list *list)
{
    const char *word = sk_target_param(call->target, "quality");
    list->quality = -1;
    if (!word)
        return true;
    list->quality = sk_quality_parse(word);
    if (list->quality < 0) {
        sk_reply_problem(call, 400, "parse", "quality: expected good, uncertain, bad or a word of the quality list");
        return false;
    }
    if (list->quality == SK_Q_GOOD || list->quality == SK_Q_UNCERTAIN || list->quality == SK_Q_BAD) {
        list->band = band_of(list->quality);
        list->quality = -1;
    }
    return true;
}

/* The cursor is the last id, in hex so that nobody builds on it. */
static bool read_cursor(struct sk_call *call, char to[POINT_ID_MAX])
{
    const char *text = sk_target_param(call->target, "cursor");
    size_t length = text ? strlen(text) : 0;
    to[0] = '\0';
    if (!text)
        return true;
    if (length % 2 == 1 && length / 2 < POINT_ID_MAX && text[0] == 'p' && sk_hex_read((uint8_t *)to, length / 2, text + 1)) {
        to[length / 2] = '\0';
        return true;
    }
    sk_reply_problem(call, 400, "parse", "cursor: expected the text given as next");
    return false;
}

void sk_handle_get_points(struct sk_call *call)
{
    struct point_list list = {.device = sk_target_param(call->target, "device")};
    char after[POINT_ID_MAX], what[SK_KEPT_KEY];
    if (!read_quality(call, &list) || !sk_param_limit(call, &list.left) || !read_cursor(call, after))
        return;
    const uint64_t generation = sk_mirror_generation(call->app->mirror, SK_MIRROR_POINTS);
    /* the parts cannot run into each other: nothing before the last may hold a space */
    const char *device = list.device ? list.device : "";
    const bool fits = !strchr(device, ' ') && sk_text_format(what, sizeof what, "points %s %d %d %u %s", device, list.quality,
                                                             list.band, (unsigned)list.left, after);
    if (sk_reply_known(call, fits ? what : NULL, generation))
        return;
    sk_out_put(&list.out, "{\"items\":[");
    if (!list.out.bad)
        sk_mirror_points(call->app->mirror, after, add_point, &list);
    sk_out_put(&list.out, "],\"next\":");
    if (list.more) {
        char hex[2 * POINT_ID_MAX + 1];
        sk_hex_write(hex, (const uint8_t *)list.last, strlen(list.last));
        sk_out_put(&list.out, "\"p");
        sk_out_put(&list.out, hex);
        sk_out_put(&list.out, "\"}");
    } else {
        sk_out_put(&list.out, "null}");
    }
    sk_reply_open(call, &list.out, fits ? what : NULL, generation);
}

static bool put_point(void *context, const struct sk_mirror_point *point)
{
    sk_out_put(context, point->text);
    return false;
}

void sk_handle_get_point(struct sk_call *call)
{
    char id[POINT_ID_MAX];
    struct sk_out out = {0};
    if (sk_text_format(id, sizeof id, "%s/%s", call->args[0], call->args[1]) &&
        sk_mirror_point(call->app->mirror, id, put_point, &out))
        sk_reply_out(call, &out);
    else
        sk_reply_problem(call, 404, "not_found", "there is no such point");
}

static void put_site(void *context, const char *text)
{
    sk_out_put(context, text);
}

void sk_handle_get_site(struct sk_call *call)
{
    struct sk_out out = {0};
    const uint64_t generation = sk_mirror_generation(call->app->mirror, SK_MIRROR_SITE);
    if (sk_reply_known(call, "site", generation))
        return;
    if (sk_mirror_site(call->app->mirror, put_site, &out))
        sk_reply_open(call, &out, "site", generation);
    else
        sk_reply_problem(call, 503, "again", "the collector has not told of its site yet");
}
