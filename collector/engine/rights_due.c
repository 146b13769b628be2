/* SPDX-License-Identifier: Apache-2.0 */
/* What falls due by the calendar: lists that grow old or still permit, lost cards, overdue reviews, temporary cards. Looked at
 * each minute; every alarm is told from what stands in the folds, so a restart or a new log changes nothing. */
#include <string.h>

#include "collector/engine/internal.h"

static const int64_t LOOK_US = 60 * SK_US_PER_S, MINUTE_US = 60 * SK_US_PER_S, DAY_US = INT64_C(86400) * SK_US_PER_S,
                     COMPARE_US = INT64_C(3600) * SK_US_PER_S;
enum { LIST_NAME_MAX = 40 }; /* of a controller's id in the name of an alarm */

static bool tell(struct sk_engine *engine, const char *name, bool active, enum sk_severity severity, const char *detail,
                 const struct sk_now *now, struct sk_effects *effects)
{
    return sk_engine_system(engine, name, active, severity, detail, now, effects) != SK_ERR_NOMEM;
}

/* Cards that are no longer permitted for longer than the limit and still stand on the list; lost ones have alarms of their
 * own. Names the first. */
static size_t overdue(const struct sk_engine *engine, const struct sk_list *list, int64_t at_us, char first[SK_ENTITY_MAX])
{
    const struct sk_roster_limits limits = sk_rights_limits(engine->site);
    const struct sk_roster_view view = {engine->roster, sk_roster_version(engine->roster), at_us};
    size_t count = 0;
    for (size_t i = 0; i < list->difference_count; i++) {
        struct sk_expected expected;
        const struct sk_roster_change *card = sk_roster_by_identifier(&view, &list->differences[i].identifier);
        if (list->differences[i].kind != SK_DIFF_PERMITTED || card == NULL)
            continue;
        sk_list_expect(&view, engine->site, list->device, card, &expected);
        if (!expected.permitted && !expected.lost && at_us - expected.ended_us > limits.revoked_gone_us && count++ == 0)
            sk_text_copy(first, SK_ENTITY_MAX, card->entity);
    }
    return count;
}

static void tell_list(struct sk_engine *engine, const struct sk_list *list, const struct sk_now *now,
                      struct sk_effects *effects)
{
    char name[SK_SYSTEM_NAME_MAX], detail[SK_ALARM_TEXT_MAX] = "", first[SK_ENTITY_MAX] = "", when[SK_TIME_TEXT];
    const char *device = engine->site->devices[list->device].id;
    size_t unknown = 0;
    sk_time_format(when, list->taken_us);
    sk_text_format(name, sizeof name, "list:%.*s/stale", LIST_NAME_MAX, device);
    sk_text_format(detail, sizeof detail, "drawn up %s", when);
    tell(engine, name, now->utc_us - list->taken_us > sk_rights_limits(engine->site).list_stale_us, SK_SEV_MEDIUM, detail, now,
         effects);
    const size_t late = overdue(engine, list, now->utc_us, first);
    sk_text_format(name, sizeof name, "list:%.*s/permitted", LIST_NAME_MAX, device);
    sk_text_format(detail, sizeof detail, "%zu no longer permitted, first %s", late, first);
    tell(engine, name, late > 0, SK_SEV_HIGH, detail, now, effects);
    for (size_t i = 0; i < list->difference_count; i++)
        unknown += list->differences[i].kind == SK_DIFF_UNKNOWN;
    sk_text_format(name, sizeof name, "list:%.*s/unknown", LIST_NAME_MAX, device);
    sk_text_format(detail, sizeof detail, "%zu cards not on the roster", unknown);
    tell(engine, name, unknown > 0, SK_SEV_HIGH, detail, now, effects);
}

static void tell_losses(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    for (size_t i = 0; i < engine->rights.loss_count; i++) {
        char name[SK_SYSTEM_NAME_MAX];
        const struct sk_loss *loss = &engine->rights.losses[i];
        const char *late = sk_loss_late(engine, loss, now->utc_us);
        if (sk_loss_of(&engine->rights, loss->credential) != loss)
            continue; /* an earlier loss of the same card */
        sk_text_format(name, sizeof name, "card:%s/late", loss->credential);
        tell(engine, name, late[0] != '\0' && loss->over_us == 0, SK_SEV_HIGH, late, now, effects);
    }
}

static void tell_reviews(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    for (size_t i = 0; i < engine->rights.review_count; i++) {
        char name[SK_SYSTEM_NAME_MAX], detail[SK_ALARM_TEXT_MAX];
        const struct sk_review *review = &engine->rights.reviews[i];
        const int64_t over_us = now->utc_us - review->due_us;
        sk_text_format(name, sizeof name, "review:%s/overdue", review->id);
        sk_text_format(detail, sizeof detail, "%zu rows are open", review->closed_us == 0 ? sk_review_open_rows(review) : 0);
        tell(engine, name, review->closed_us == 0 && over_us >= 0,
             over_us >= sk_rights_limits(engine->site).review_escalate_us ? SK_SEV_HIGH : SK_SEV_MEDIUM, detail, now, effects);
    }
}

static void tell_temporary(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    char detail[SK_ALARM_TEXT_MAX], first[SK_ENTITY_MAX] = "";
    const size_t count = sk_temporary_overdue(engine->roster, now->utc_us, first);
    sk_text_format(detail, sizeof detail, "%zu temporary cards not returned, first %s", count, first);
    tell(engine, "card:temporary/overdue", count > 0, SK_SEV_MEDIUM, detail, now, effects);
}

/* The newest moment of the day's comparison that is not in the future. */
static int64_t daily_moment(const struct sk_engine *engine, int64_t at_us)
{
    const struct sk_local local = sk_local_at(engine->zone, at_us);
    const int past = local.minute - sk_rights_limits(engine->site).compare_minute;
    const int64_t minute_us = at_us - at_us % MINUTE_US;
    return minute_us - (int64_t)past * MINUTE_US - (past < 0 ? DAY_US : 0);
}

enum sk_err sk_rights_tend(struct sk_engine *engine, const struct sk_now *now, struct sk_effects *effects)
{
    struct sk_rights *rights = &engine->rights;
    const bool again = rights->dirty || now->utc_us - rights->looked_us >= COMPARE_US || now->utc_us < rights->looked_us;
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < rights->list_count; i++) {
        struct sk_list *list = &rights->lists[i];
        const bool daily = engine->zone != NULL && list->compared_us < daily_moment(engine, now->utc_us);
        if (list->number > 0 && (again || daily))
            err = sk_rights_compare(engine, list, daily, now, effects);
        if (err == SK_OK && list->number > 0)
            tell_list(engine, list, now, effects);
    }
    if (err == SK_OK) {
        tell_losses(engine, now, effects);
        tell_reviews(engine, now, effects);
        tell_temporary(engine, now, effects);
        rights->dirty = false;
        rights->looked_us = again ? now->utc_us : rights->looked_us;
    }
    rights->due_mono = now->mono_us + LOOK_US;
    return err;
}

/* --- the start --- */

/* What an alarm's name is about: "card:c-1/late" is c-1. */
static void subject_of(const char *name, char to[SK_SYSTEM_NAME_MAX])
{
    const char *colon = strchr(name, ':'), *slash = strrchr(name, '/');
    to[0] = '\0';
    if (colon != NULL && slash != NULL && slash > colon)
        sk_text_format(to, SK_SYSTEM_NAME_MAX, "%.*s", (int)(slash - colon - 1), colon + 1);
}

/* Will what stands ever say again that it is over? */
static bool is_told_of(const struct sk_engine *engine, const char *name)
{
    char subject[SK_SYSTEM_NAME_MAX];
    subject_of(name, subject);
    if (strncmp(name, "review:", 7) == 0)
        return sk_review_find(&engine->rights, subject) != NULL;
    if (strncmp(name, "card:", 5) == 0)
        return strcmp(subject, "temporary") == 0 || sk_loss_of(&engine->rights, subject) != NULL;
    if (strncmp(name, "list:", 5) != 0)
        return true;
    for (size_t i = 0; i < engine->rights.list_count; i++)
        if (engine->rights.lists[i].number > 0 &&
            strcmp(engine->site->devices[engine->rights.lists[i].device].id, subject) == 0)
            return true;
    return false;
}

void sk_rights_start(struct sk_engine *engine)
{
    for (uint32_t i = 0; i < SK_SYSTEM_SLOTS; i++) {
        struct sk_cond *cond = &engine->conds[engine->system_cond + i];
        if (cond->alarm == NULL || is_told_of(engine, engine->system_names[i]))
            continue;
        cond->alarm->cond = SK_NO_COND;
        cond->alarm = NULL;
        sk_cond_moves(engine, cond, SK_CS_IDLE);
    }
}
