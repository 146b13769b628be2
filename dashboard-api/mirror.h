/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror: what the collector's feed last said: points, open alarms, the site, the newest record, and whether it speaks.
 *
 * It holds texts, not values: each point and alarm as the one JSON text that lists, single reads and the stream all send.
 * The feed thread writes; any thread reads under a shared lock. While the collector is gone the last picture stays (with
 * connected false, which every reader is told); a new snapshot is built aside and takes its place whole. */
#ifndef SK_DASHBOARD_MIRROR_H
#define SK_DASHBOARD_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/base/err.h"

struct sk_mirror;

struct sk_mirror_point {
    char *id;       /* "ups1/battery.charge" */
    char *text;     /* JSON object */
    int quality;    /* enum sk_quality */
    uint32_t order; /* the mirror's own: in which they came while a snapshot is under construction */
};
struct sk_mirror_alarm {
    uint64_t occurrence;
    int severity; /* enum sk_severity */
    bool open;    /* false: this text closes it; never listed */
    bool acknowledged;
    char *text;
};

enum sk_err sk_mirror_create(struct sk_mirror **ret_mirror);
void sk_mirror_free(struct sk_mirror *mirror);

/* --- feed thread --- */
enum sk_err sk_mirror_begin(struct sk_mirror *mirror, const char *site_text, const char *site_class);
/* An entry of the site's directory, in the order they come; between begin and end only. */
enum sk_mirror_kind { SK_MIRROR_ZONE, SK_MIRROR_DOOR, SK_MIRROR_DEVICE, SK_MIRROR_KINDS };
enum sk_err sk_mirror_put_entry(struct sk_mirror *mirror, enum sk_mirror_kind kind, const char *text);
void sk_mirror_end(struct sk_mirror *mirror); /* the snapshot is complete: show it */
/* Between begin and end they fill the new snapshot, else the one that is shown. Texts are copied. */
enum sk_err sk_mirror_put_point(struct sk_mirror *mirror, const struct sk_mirror_point *point);
enum sk_err sk_mirror_put_alarm(struct sk_mirror *mirror, const struct sk_mirror_alarm *alarm);
void sk_mirror_set_record(struct sk_mirror *mirror, uint64_t seq);
void sk_mirror_set_writable(struct sk_mirror *mirror, bool writable);
void sk_mirror_disconnect(struct sk_mirror *mirror);

/* --- readers --- */
struct sk_mirror_state {
    bool connected; /* a complete snapshot stands and the feed speaks */
    bool writable;  /* the collector can write its log */
    bool has_record;
    uint64_t record; /* newest committed */
    size_t points, alarms;
    char site_class[16];
};
void sk_mirror_state(struct sk_mirror *mirror, struct sk_mirror_state *ret_state);
/* In order of id, behind `after` ("" from the first). Callbacks return false to stop; they must not call the mirror. */
void sk_mirror_points(struct sk_mirror *mirror, const char *after,
                      bool (*visit)(void *context, const struct sk_mirror_point *point), void *context);
bool sk_mirror_point(struct sk_mirror *mirror, const char *id,
                     bool (*visit)(void *context, const struct sk_mirror_point *point), void *context);
/* Open alarms, newest first, with occurrence below `below`. */
void sk_mirror_alarms(struct sk_mirror *mirror, uint64_t below,
                      bool (*visit)(void *context, const struct sk_mirror_alarm *alarm), void *context);
/* The site with its directory (zones, doors, devices) as JSON text; false while none was ever received. */
bool sk_mirror_site(struct sk_mirror *mirror, void (*visit)(void *context, const char *text), void *context);
/* A number that rises with every change of what is listed: points, alarms, or (with a new snapshot) the site. Read before the
 * list itself: it is then never newer than what was listed. */
enum sk_mirror_list { SK_MIRROR_POINTS, SK_MIRROR_ALARMS, SK_MIRROR_SITE, SK_MIRROR_LISTS };
uint64_t sk_mirror_generation(struct sk_mirror *mirror, enum sk_mirror_list list);
/* Waits until the mirror shows that alarm acknowledged or no longer open, at most wait_ms: so that who has just acknowledged
 * reads his own act. */
void sk_mirror_await_acknowledged(struct sk_mirror *mirror, uint64_t occurrence, int64_t wait_ms);

#endif
