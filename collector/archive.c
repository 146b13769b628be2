/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of the engine's world (index into the site) become samples of the history (number given out by it). Text values stay
 * out: they change with records, not with time. */
#include "collector/archive.h"

#include "schemas/base/bytes.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"
#include "schemas/store/history.h"

enum { CHUNK = 128, WARN_PERCENT = 80, CLEAR_PERCENT = 75 };
#define REOPEN_US      (60 * SK_US_PER_S)
#define USAGE_EVERY_US (60 * SK_US_PER_S)
/* A device's own time is believed within these bounds of ours: a month of store-and-forward, five minutes of a fast clock. */
#define PAST_US   (INT64_C(31) * 86400 * SK_US_PER_S)
#define FUTURE_US (INT64_C(300) * SK_US_PER_S)

struct sk_archive {
    const char *directory;
    const struct sk_site *site;
    struct sk_archive_sink sink;
    struct sk_history *history; /* NULL: cannot be opened */
    uint32_t *numbers;          /* by index of the site's points; 0 not kept */
    int64_t flush_us, usage_us, reopen_us;
    uint64_t lost;
    bool failing, crowded;
};

static void say(struct sk_archive *archive, enum sk_err err, const char *what)
{
    const bool failing = err != SK_OK;
    if (failing == archive->failing)
        return;
    archive->failing = failing;
    if (failing)
        sk_log(SK_LOG_ERROR, "the history cannot be kept: %s", what);
    else
        sk_log(SK_LOG_NOTICE, "the history is kept again; %llu samples were given up", (unsigned long long)archive->lost);
    archive->sink.alarm(archive->sink.context, "history", failing, SK_SEV_MEDIUM, failing ? what : "");
}

static enum sk_err numbers_get(struct sk_archive *archive)
{
    const struct sk_site *site = archive->site;
    struct sk_history_name *names = sk_calloc(site->point_count + 1, sizeof *names);
    size_t count = 0;
    if (names == NULL)
        return SK_ERR_NOMEM;
    for (size_t i = 0; i < site->point_count; i++)
        if (site->points[i].kind->kind != SK_KIND_TEXT)
            names[count++] = (struct sk_history_name){site->points[i].id, site->points[i].stale_ms, 0};
    const enum sk_err err = sk_history_points(archive->history, names, count);
    for (size_t i = 0, at = 0; i < site->point_count && err == SK_OK; i++)
        if (site->points[i].kind->kind != SK_KIND_TEXT)
            archive->numbers[i] = names[at++].number;
    sk_free(names);
    return err;
}

static void try_open(struct sk_archive *archive)
{
    struct sk_fault fault = {0};
    const struct sk_site *site = archive->site;
    struct sk_history_plan plan = {.budget_bytes = site->history_budget_bytes, .flush_us = site->history_flush_s * SK_US_PER_S};
    for (size_t i = 0; i < SK_TIER_COUNT; i++)
        plan.days[i] = site->history_days[i];
    enum sk_err err = sk_history_open(archive->directory, SK_STORE_WRITER, &archive->history, &fault);
    if (err == SK_OK) {
        sk_history_set_plan(archive->history, &plan);
        err = numbers_get(archive);
        if (err != SK_OK) {
            sk_fault_set(&fault, err, "history.db does not take the site's points: %s", sk_err_text(err));
            sk_history_close(archive->history);
            archive->history = NULL;
        }
    }
    say(archive, err, fault.text);
}

enum sk_err sk_archive_create(const char *directory, const struct sk_site *site, const struct sk_archive_sink *sink,
                              struct sk_archive **ret_archive)
{
    struct sk_archive *archive = sk_calloc(1, sizeof *archive);
    *ret_archive = archive;
    if (archive == NULL)
        return SK_ERR_NOMEM;
    archive->directory = directory;
    archive->site = site;
    archive->sink = *sink;
    archive->numbers = sk_calloc(site->point_count + 1, sizeof *archive->numbers);
    if (archive->numbers == NULL) {
        sk_archive_free(archive);
        *ret_archive = NULL;
        return SK_ERR_NOMEM;
    }
    try_open(archive);
    return SK_OK;
}

void sk_archive_free(struct sk_archive *archive)
{
    if (archive == NULL)
        return;
    if (archive->history != NULL && sk_history_flush(archive->history, 0) != SK_OK)
        sk_log(SK_LOG_ERROR, "the last samples could not be written to the history");
    sk_history_close(archive->history);
    sk_free(archive->numbers);
    sk_free(archive);
}

static int64_t time_of(const struct sk_sample *sample)
{
    const bool believed = sample->source_us >= sample->recv_us - PAST_US && sample->source_us <= sample->recv_us + FUTURE_US;
    return believed ? sample->source_us : sample->recv_us;
}

uint64_t sk_archive_lost(const struct sk_archive *archive)
{
    return archive->lost;
}

void sk_archive_put(struct sk_archive *archive, const struct sk_sample *samples, size_t count)
{
    struct sk_history_sample chunk[CHUNK];
    if (archive->history == NULL) {
        archive->lost += count;
        return;
    }
    for (size_t i = 0; i < count;) {
        size_t taken = 0;
        for (; i < count && taken < CHUNK; i++)
            if (archive->numbers[samples[i].point] != 0)
                chunk[taken++] = (struct sk_history_sample){.point = archive->numbers[samples[i].point],
                                                            .quality = samples[i].quality,
                                                            .reason = samples[i].reason,
                                                            .time_us = time_of(&samples[i]),
                                                            .value = samples[i].number};
        const enum sk_err err = sk_history_put(archive->history, chunk, taken);
        if (err == SK_ERR_FULL || err == SK_ERR_NOMEM)
            say(archive, err, sk_err_text(err));
    }
}

/* The alarm has a hysteresis: purging brings the size back slowly. */
static void look_at_room(struct sk_archive *archive)
{
    struct sk_history_usage usage;
    char detail[160];
    if (sk_history_usage(archive->history, &usage) != SK_OK)
        return;
    archive->lost = usage.lost > archive->lost ? usage.lost : archive->lost;
    if (usage.budget_bytes == 0)
        return;
    const double percent = 100.0 * (double)usage.used_bytes / (double)usage.budget_bytes;
    const bool crowded = percent >= (archive->crowded ? CLEAR_PERCENT : WARN_PERCENT);
    if (crowded == archive->crowded)
        return;
    archive->crowded = crowded;
    sk_text_format(detail, sizeof detail, "the history fills %.0f %% of its %llu MiB; above 100 %% the oldest values go",
                   percent, (unsigned long long)(usage.budget_bytes >> 20));
    archive->sink.alarm(archive->sink.context, "history:room", crowded, SK_SEV_LOW, crowded ? detail : "");
}

int64_t sk_archive_tend(struct sk_archive *archive, const struct sk_now *now, bool busy)
{
    bool more = false;
    if (archive->history == NULL) {
        if (now->mono_us >= archive->reopen_us) {
            archive->reopen_us = now->mono_us + REOPEN_US;
            try_open(archive);
        }
        return archive->reopen_us;
    }
    enum sk_err err = SK_OK;
    if (now->mono_us >= archive->flush_us) {
        archive->flush_us = now->mono_us + archive->site->history_flush_s * SK_US_PER_S;
        err = sk_history_flush(archive->history, now->utc_us);
        say(archive, err, sk_err_text(err));
    } else if (!archive->failing && !busy) {
        err = sk_history_tend(archive->history, now->utc_us, &more);
        if (err != SK_OK)
            say(archive, err, sk_err_text(err));
    }
    if (now->mono_us >= archive->usage_us) {
        archive->usage_us = now->mono_us + USAGE_EVERY_US;
        look_at_room(archive);
    }
    return more ? now->mono_us : archive->flush_us;
}
