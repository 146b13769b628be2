/* SPDX-License-Identifier: Apache-2.0 */
/* Reviews of rights (棚卸し): opened over a snapshot, one decision per row and command, a second look where the zone is of
 * class 3, closed when nothing is open. Who reviews is not the holder, and who looks a second time is neither. There is no
 * command for many rows, on purpose. */
#include <string.h>

#include "collector/engine/rights.h"
#include "collector/listing.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

static const struct sk_review *find(struct request *request)
{
    const char *id = sk_request_text(request, "review", true, SK_ENTITY_MAX - 1);
    const struct sk_review *review = id != NULL ? sk_review_find(sk_engine_rights(request->floor->engine), id) : NULL;
    if (id != NULL && review == NULL)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "review: there is none of that id");
    return review;
}

static const struct sk_review *find_open(struct request *request)
{
    const struct sk_review *review = sk_roster_ready(request) == SK_OK ? find(request) : NULL;
    if (review == NULL || review->closed_us == 0)
        return review;
    sk_request_refuse(request, SK_ERR_CONFLICT, "review: it is closed");
    return NULL;
}

static const struct sk_review_row *find_row(struct request *request, const struct sk_review *review)
{
    const char *id = sk_request_text(request, "authorization", true, SK_ENTITY_MAX - 1);
    const struct sk_review_row *row = id != NULL ? sk_review_row_find(review, id) : NULL;
    if (id != NULL && row == NULL)
        sk_request_refuse(request, SK_ERR_NOT_FOUND, "authorization: is no row of this review");
    return row;
}

/* --- one review --- */

static cJSON *show_review(const struct listing *listing, const struct sk_review *review)
{
    size_t decided = 0, revoked = 0;
    const int64_t now_us = listing->request->now->utc_us;
    cJSON *item = cJSON_CreateObject();
    for (size_t i = 0; i < review->count; i++) {
        decided += review->rows[i].decision[0] != '\0';
        revoked += strcmp(review->rows[i].decision, "revoke") == 0;
    }
    cJSON_AddStringToObject(item, "review", review->id);
    cJSON_AddStringToObject(item, "opener", review->opener);
    cJSON_AddStringToObject(item, "zone", sk_listing_zone(listing->request->floor->site, review->zone));
    sk_listing_time(item, "opened", review->opened_us);
    sk_listing_time(item, "due", review->due_us);
    sk_listing_time(item, "closed", review->closed_us);
    cJSON_AddBoolToObject(item, "overdue", review->closed_us == 0 && now_us >= review->due_us);
    sk_json_add_u64(item, "roster_version", review->version);
    sk_json_add_hex(item, "digest", review->digest.bytes, SK_HASH_SIZE);
    cJSON_AddNumberToObject(item, "rows", (double)review->count);
    cJSON_AddNumberToObject(item, "decided", (double)decided);
    cJSON_AddNumberToObject(item, "revoked", (double)revoked);
    cJSON_AddNumberToObject(item, "open", (double)sk_review_open_rows(review));
    cJSON_AddNumberToObject(item, "median_row_s", (double)sk_review_median_ms(review) / 1000);
    return item;
}

enum sk_err sk_run_review_list(struct request *request)
{
    struct listing listing;
    if (!sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    const struct sk_rights *rights = sk_engine_rights(request->floor->engine);
    size_t at = (size_t)listing.cursor;
    for (; at < rights->review_count && listing.limit-- > 0; at++)
        cJSON_AddItemToArray(listing.items, show_review(&listing, &rights->reviews[at]));
    return sk_listing_finish(&listing, at < rights->review_count ? at : 0);
}

enum sk_err sk_run_review_get(struct request *request)
{
    struct listing listing;
    const struct sk_review *review = find(request);
    if (review == NULL || !sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    cJSON_Delete(listing.items);
    request->answer->result = show_review(&listing, review);
    return SK_OK;
}

/* A row with the right as it stood when the review was opened, and when it was last used. */
static cJSON *show_row(const struct listing *listing, const struct sk_review *review, const struct sk_review_row *row)
{
    const struct sk_roster_view then = {listing->view.roster, review->version, review->opened_us};
    const struct sk_roster_change *right = sk_roster_get(&then, SK_EV_AUTH_GRANTED, row->authorization);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "authorization", row->authorization);
    cJSON_AddStringToObject(item, "person", row->person);
    sk_listing_name(listing, item, row->person);
    cJSON_AddStringToObject(item, "zone", sk_listing_zone(listing->request->floor->site, row->zone));
    cJSON_AddStringToObject(item, "schedule", right->authorization.schedule);
    cJSON_AddStringToObject(item, "approver", right->authorization.approver);
    sk_listing_dates(listing, item, right->authorization.from_us, right->authorization.until_us);
    sk_listing_use(listing, item, row->person, row->zone);
    cJSON_AddStringToObject(item, "decision", row->decision);
    cJSON_AddStringToObject(item, "reviewer", row->reviewer);
    sk_listing_time(item, "decided", row->decided_us);
    cJSON_AddBoolToObject(item, "needs_second", row->needs_second);
    cJSON_AddStringToObject(item, "second", row->verdict);
    cJSON_AddStringToObject(item, "verifier", row->verifier);
    return item;
}

/* 'open' "1": only rows that are not settled. */
enum sk_err sk_run_review_rows(struct request *request)
{
    struct listing listing;
    uint64_t next = 0;
    const struct sk_review *review = find(request);
    const char *open = review != NULL ? sk_request_text(request, "open", false, 1) : NULL;
    if (open == NULL || !sk_listing_begin(request, &listing))
        return request->answer->err != SK_OK ? request->answer->err : SK_ERR_NOMEM;
    for (size_t i = (size_t)listing.cursor; i < review->count && next == 0; i++) {
        const struct sk_review_row *row = &review->rows[i];
        const bool settled = row->decision[0] != '\0' && (!row->needs_second || strcmp(row->verdict, "agree") == 0);
        if (open[0] == '1' && settled)
            continue;
        if (listing.limit-- == 0)
            next = i;
        else
            cJSON_AddItemToArray(listing.items, show_row(&listing, review, row));
    }
    return sk_listing_finish(&listing, next);
}

/* --- acts --- */

static enum sk_err answer_review(struct request *request, const char *id)
{
    request->answer->result = cJSON_CreateObject();
    cJSON_AddStringToObject(request->answer->result, "review", id);
    const struct sk_review *review = sk_review_find(sk_engine_rights(request->floor->engine), id);
    cJSON_AddNumberToObject(request->answer->result, "open", (double)(review != NULL ? sk_review_open_rows(review) : 0));
    return SK_OK;
}

enum sk_err sk_run_review_open(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_REVIEW_OPENED};
    struct sk_sha256 *sha = NULL;
    struct sk_review_row *rows = NULL;
    size_t count = 0;
    const char *zone = sk_roster_ready(request) == SK_OK ? sk_request_text(request, "zone", false, 64) : NULL;
    const char *due = zone != NULL ? sk_request_text(request, "due", true, 10) : NULL;
    if (due == NULL)
        return request->answer->err;
    if (!sk_day_end_us(request->floor->zone, due, &fact.due_us) || fact.due_us <= request->now->utc_us)
        return sk_request_refuse(request, SK_ERR_PARSE, "due: expected the last day for it, not in the past");
    fact.zone = zone[0] != '\0' ? sk_roster_zone(request->floor->site, zone) : 0;
    if (zone[0] != '\0' && fact.zone == 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "zone: the site has none of that id");
    const struct sk_rights *rights = sk_engine_rights(request->floor->engine);
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), request->now->utc_us};
    fact.version = view.version;
    enum sk_err err = sk_sha256_create(&sha);
    if (err == SK_OK)
        err = sk_review_rows(&view, sha, fact.zone, &rows, &count, &fact.digest);
    sk_sha256_free(sha);
    sk_free(rows);
    if (err != SK_OK)
        return sk_request_refuse(request, err, "the rows of the review could not be gathered");
    if (count == 0)
        return sk_request_refuse(request, SK_ERR_NOT_FOUND, "no right is in force there; there is nothing to review");
    fact.count = count;
    sk_text_format(fact.entity, sizeof fact.entity, "v-%zu", rights->review_count + 1);
    err = sk_rights_do(request, &fact);
    return err == SK_OK ? answer_review(request, fact.entity) : err;
}

static bool is_subject(const struct request *request, const struct sk_review_row *row)
{
    return sk_request_same_person(request, request->actor.id, row->person);
}

/* The right ends now, in the name of who decided; one that is over already stays so. */
static enum sk_err revoke(struct request *request, const char *authorization)
{
    const struct sk_roster *roster = sk_engine_roster(request->floor->engine);
    const struct sk_roster_view view = {roster, sk_roster_version(roster), SK_NEVER};
    const struct sk_roster_change *right = sk_roster_get(&view, SK_EV_AUTH_GRANTED, authorization);
    if (right == NULL || right->authorization.until_us <= request->now->utc_us)
        return SK_OK;
    struct sk_roster_change change = *right;
    change.ev = SK_EV_AUTH_REVOKED;
    change.effective_us = change.authorization.until_us = request->now->utc_us;
    return sk_roster_do(request, &change);
}

/* reason is required: a decision without one is a stamp. */
enum sk_err sk_run_review_decide(struct request *request)
{
    static const char *const words[] = {"keep", "revoke", "change"};
    struct sk_fact fact = {.ev = SK_EV_REVIEW_DECIDED};
    const struct sk_review *review = find_open(request);
    const struct sk_review_row *row = review != NULL ? find_row(request, review) : NULL;
    const char *word = row != NULL ? sk_request_text(request, "decision", true, SK_FACT_WORD_MAX - 1) : NULL;
    bool known = false;
    if (word == NULL || sk_request_text(request, "reason", true, 500) == NULL)
        return request->answer->err;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        known |= strcmp(words[i], word) == 0;
    if (!known)
        return sk_request_refuse(request, SK_ERR_PARSE, "decision: keep, revoke or change");
    if (is_subject(request, row))
        return sk_request_refuse(request, SK_ERR_CONFLICT, "nobody reviews a right of his own");
    sk_text_copy(fact.entity, sizeof fact.entity, review->id);
    sk_text_copy(fact.object, sizeof fact.object, row->authorization);
    sk_text_copy(fact.person, sizeof fact.person, row->person);
    sk_text_copy(fact.decision, sizeof fact.decision, word);
    fact.zone = row->zone;
    enum sk_err err = sk_rights_do(request, &fact);
    if (err == SK_OK && strcmp(word, "revoke") == 0)
        err = revoke(request, fact.object);
    return err == SK_OK ? answer_review(request, fact.entity) : err;
}

/* agree or disagree with a decision of another; disagree opens the row again for a new decision. */
enum sk_err sk_run_review_verify(struct request *request)
{
    struct sk_fact fact = {.ev = SK_EV_REVIEW_VERIFIED};
    const struct sk_review *review = find_open(request);
    const struct sk_review_row *row = review != NULL ? find_row(request, review) : NULL;
    const char *word = row != NULL ? sk_request_text(request, "decision", true, SK_FACT_WORD_MAX - 1) : NULL;
    if (word == NULL)
        return request->answer->err;
    if (strcmp(word, "agree") != 0 && strcmp(word, "disagree") != 0)
        return sk_request_refuse(request, SK_ERR_PARSE, "decision: agree or disagree");
    if (row->decision[0] == '\0')
        return sk_request_refuse(request, SK_ERR_CONFLICT, "this row has no decision yet");
    if (sk_request_same_person(request, row->reviewer, request->actor.id) || is_subject(request, row))
        return sk_request_refuse(request, SK_ERR_CONFLICT, "the second look is another person's than reviewer and holder");
    sk_text_copy(fact.entity, sizeof fact.entity, review->id);
    sk_text_copy(fact.object, sizeof fact.object, row->authorization);
    sk_text_copy(fact.person, sizeof fact.person, row->person);
    sk_text_copy(fact.decision, sizeof fact.decision, word);
    fact.zone = row->zone;
    const enum sk_err err = sk_rights_do(request, &fact);
    return err == SK_OK ? answer_review(request, fact.entity) : err;
}

enum sk_err sk_run_review_close(struct request *request)
{
    char detail[96];
    struct sk_fact fact = {.ev = SK_EV_REVIEW_CLOSED};
    const struct sk_review *review = find_open(request);
    if (review == NULL)
        return request->answer->err;
    const size_t open = sk_review_open_rows(review);
    sk_text_format(detail, sizeof detail, "%zu rows are not decided, or not looked at a second time", open);
    if (open > 0)
        return sk_request_refuse(request, SK_ERR_CONFLICT, detail);
    sk_text_copy(fact.entity, sizeof fact.entity, review->id);
    fact.count = review->count;
    fact.digest = review->digest;
    fact.median_ms = sk_review_median_ms(review);
    const enum sk_err err = sk_rights_do(request, &fact);
    return err == SK_OK ? answer_review(request, fact.entity) : err;
}
