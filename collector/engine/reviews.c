/* SPDX-License-Identifier: Apache-2.0 */
/* Reviews of rights (棚卸し). A review is a snapshot: its rows follow from the roster's version and moment and are never
 * changed; its record holds a digest over them, and a fold that does not meet it is refused. One decision per row, each a
 * record; there is no act for many rows at once. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/internal.h"

static bool is_in_force(const struct sk_roster_view *view, const struct sk_roster_change *right, uint16_t zone)
{
    const struct sk_authorization *auth = &right->authorization;
    return (zone == 0 || auth->zone == zone) && view->at_us >= auth->from_us && view->at_us < auth->until_us;
}

static bool needs_second(const struct sk_roster_view *view, uint16_t zone)
{
    char entity[SK_ENTITY_MAX];
    sk_text_format(entity, sizeof entity, "zone:%u", zone);
    const struct sk_roster_change *rule = sk_roster_get(view, SK_EV_ZONE_RULE, entity);
    return rule != NULL && rule->zone.class_ == 3;
}

/* Over what a reviewer is shown of each row. */
static enum sk_err digest(struct sk_sha256 *sha, const struct sk_roster_view *view, const struct sk_review_row *rows,
                          size_t count, struct sk_hash *ret_digest)
{
    enum { ROW_BYTES = 3 * (SK_ENTITY_MAX + 2) + 2 + 16 };
    uint8_t *bytes = sk_calloc(count + 1, ROW_BYTES);
    struct sk_writer writer;
    if (bytes == NULL)
        return SK_ERR_NOMEM;
    sk_writer_init(&writer, bytes, (count + 1) * ROW_BYTES);
    for (size_t i = 0; i < count; i++) {
        const struct sk_roster_change *right = sk_roster_get(view, SK_EV_AUTH_GRANTED, rows[i].authorization);
        sk_write_text(&writer, rows[i].authorization);
        sk_write_text(&writer, rows[i].person);
        sk_write_text(&writer, right->authorization.schedule);
        sk_write_u16(&writer, rows[i].zone);
        sk_write_i64(&writer, right->authorization.from_us);
        sk_write_i64(&writer, right->authorization.until_us);
    }
    const struct sk_slice slice = {bytes, writer.length};
    const enum sk_err err = writer.bad ? SK_ERR_TOO_LONG : sk_sha256_run(sha, &slice, 1, ret_digest);
    sk_free(bytes);
    return err;
}

enum sk_err sk_review_rows(const struct sk_roster_view *view, struct sk_sha256 *sha, uint16_t zone,
                           struct sk_review_row **ret_rows, size_t *ret_count, struct sk_hash *ret_digest)
{
    struct sk_review_row *rows = NULL;
    size_t count = 0, capacity = 0;
    const char *id;
    for (size_t i = 0; (id = sk_roster_entity_at(view->roster, SK_EV_AUTH_GRANTED, i)) != NULL; i++) {
        const struct sk_roster_change *right = sk_roster_get(view, SK_EV_AUTH_GRANTED, id);
        if (right == NULL || !is_in_force(view, right, zone))
            continue;
        struct sk_review_row *grown = sk_grow(rows, count, &capacity, sizeof *rows, SK_REVIEW_ROWS_CEILING);
        if (grown == NULL) {
            sk_free(rows);
            return count >= SK_REVIEW_ROWS_CEILING ? SK_ERR_TOO_LONG : SK_ERR_NOMEM;
        }
        rows = grown;
        rows[count] = (struct sk_review_row){.zone = right->authorization.zone,
                                             .needs_second = needs_second(view, right->authorization.zone)};
        sk_text_copy(rows[count].authorization, SK_ENTITY_MAX, id);
        sk_text_copy(rows[count++].person, SK_ENTITY_MAX, right->authorization.person);
    }
    const enum sk_err err = digest(sha, view, rows, count, ret_digest);
    if (err != SK_OK) {
        sk_free(rows);
        return err;
    }
    *ret_rows = rows;
    *ret_count = count;
    return SK_OK;
}

const struct sk_review *sk_review_find(const struct sk_rights *rights, const char *id)
{
    for (size_t i = 0; i < rights->review_count; i++)
        if (strcmp(rights->reviews[i].id, id) == 0)
            return &rights->reviews[i];
    return NULL;
}

struct sk_review_row *sk_review_row_find(const struct sk_review *review, const char *authorization)
{
    for (size_t i = 0; i < review->count; i++)
        if (strcmp(review->rows[i].authorization, authorization) == 0)
            return &review->rows[i];
    return NULL;
}

static bool is_settled(const struct sk_review_row *row)
{
    return row->decision[0] != '\0' && (!row->needs_second || strcmp(row->verdict, "agree") == 0);
}

size_t sk_review_open_rows(const struct sk_review *review)
{
    size_t open = 0;
    for (size_t i = 0; i < review->count; i++)
        open += !is_settled(&review->rows[i]);
    return open;
}

/* --- folds --- */

static enum sk_err take_opened(struct sk_rights *rights, const struct sk_roster *roster, struct sk_sha256 *sha,
                               const struct sk_fact *fact)
{
    const struct sk_roster_view view = {roster, fact->version, fact->t_us};
    struct sk_review review = {
        .version = fact->version, .zone = fact->zone, .opened_us = fact->t_us, .due_us = fact->due_us, .digest = fact->digest};
    struct sk_hash found;
    if (sk_review_find(rights, fact->entity) != NULL)
        return SK_ERR_EXISTS;
    struct sk_review *grown =
        sk_grow(rights->reviews, rights->review_count, &rights->review_capacity, sizeof *grown, SK_LIST_ROWS_CEILING);
    if (grown == NULL)
        return SK_ERR_NOMEM;
    rights->reviews = grown;
    const enum sk_err err = sk_review_rows(&view, sha, fact->zone, &review.rows, &review.count, &found);
    if (err != SK_OK)
        return err;
    if (review.count != fact->count || memcmp(&found, &fact->digest, sizeof found) != 0) {
        sk_free(review.rows);
        return SK_ERR_CORRUPT;
    }
    sk_text_copy(review.id, sizeof review.id, fact->entity);
    sk_text_copy(review.opener, sizeof review.opener, fact->actor);
    grown[rights->review_count++] = review;
    return SK_OK;
}

/* A new decision asks for a new second look. */
static void decide(struct sk_review_row *row, const struct sk_fact *fact)
{
    sk_text_copy(row->decision, sizeof row->decision, fact->decision);
    sk_text_copy(row->reviewer, sizeof row->reviewer, fact->actor);
    row->decided_us = fact->t_us;
    row->verdict[0] = row->verifier[0] = '\0';
    row->verified_us = 0;
}

static void verify(struct sk_review_row *row, const struct sk_fact *fact)
{
    sk_text_copy(row->verdict, sizeof row->verdict, fact->decision);
    sk_text_copy(row->verifier, sizeof row->verifier, fact->actor);
    row->verified_us = fact->t_us;
}

enum sk_err sk_review_take(struct sk_rights *rights, const struct sk_roster *roster, struct sk_sha256 *sha,
                           const struct sk_fact *fact)
{
    if (fact->ev == SK_EV_REVIEW_OPENED)
        return take_opened(rights, roster, sha, fact);
    struct sk_review *review = (struct sk_review *)(uintptr_t)sk_review_find(rights, fact->entity);
    if (review == NULL)
        return SK_ERR_NOT_FOUND;
    if (review->closed_us != 0)
        return SK_ERR_CLOSED;
    if (fact->ev == SK_EV_REVIEW_CLOSED) {
        review->closed_us = fact->t_us;
        review->median_ms = fact->median_ms;
        return SK_OK;
    }
    struct sk_review_row *row = sk_review_row_find(review, fact->object);
    if (row == NULL)
        return SK_ERR_NOT_FOUND;
    if (fact->ev == SK_EV_REVIEW_DECIDED)
        decide(row, fact);
    else
        verify(row, fact);
    return SK_OK;
}

/* --- how long a look took --- */

static int order_decided(const void *a, const void *b)
{
    const struct sk_review_row *left = *(const struct sk_review_row *const *)a,
                               *right = *(const struct sk_review_row *const *)b;
    const int by_reviewer = strcmp(left->reviewer, right->reviewer);
    return by_reviewer != 0 ? by_reviewer : (left->decided_us > right->decided_us) - (left->decided_us < right->decided_us);
}

static int order_times(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

uint64_t sk_review_median_ms(const struct sk_review *review)
{
    const struct sk_review_row **rows = sk_calloc(review->count + 1, sizeof *rows);
    uint64_t *times = sk_calloc(review->count + 1, sizeof *times), median = 0;
    size_t decided = 0, count = 0;
    for (size_t i = 0; rows != NULL && times != NULL && i < review->count; i++)
        if (review->rows[i].decided_us != 0)
            rows[decided++] = &review->rows[i];
    if (decided > 1)
        qsort(rows, decided, sizeof *rows, order_decided);
    for (size_t i = 1; i < decided; i++)
        if (strcmp(rows[i - 1]->reviewer, rows[i]->reviewer) == 0)
            times[count++] = (uint64_t)(rows[i]->decided_us - rows[i - 1]->decided_us) / SK_US_PER_MS;
    if (count > 0) {
        qsort(times, count, sizeof *times, order_times);
        median = count % 2 != 0 ? times[count / 2] : (times[count / 2 - 1] + times[count / 2]) / 2;
    }
    sk_free(rows);
    sk_free(times);
    return median;
}
