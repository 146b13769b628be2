/* SPDX-License-Identifier: Apache-2.0 */
/* What the pollers hand over, and what is said of the pollers themselves. Shape: one thin handler per message; each gives the
 * engine its input with `now` beside it and leaves the rest to the commit. */
#include <string.h>
#include <unistd.h>

#include "collector/internal.h"
#include "collector/poller.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

/* The members of a block that did not change go into the history as what they are: read again, the same value. */
static void keep_block(struct sk_collector *c, const struct sk_block_read *read)
{
    uint32_t members[SK_BATCH_MAX];
    struct sk_sample samples[SK_BATCH_MAX];
    const size_t count = sk_engine_block_members(c->engine, read->block, members, SK_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        samples[i] = sk_engine_point(c->engine, members[i])->sample;
        samples[i].source_us = read->source_us;
        samples[i].recv_us = read->recv_us;
    }
    sk_archive_put(c->archive, samples, count);
}

static bool on_batch(void *context, const struct sk_batch *batch)
{
    struct sk_collector *c = context;
    enum sk_err err = sk_engine_block(c->engine, batch->has_block ? &batch->block : NULL, batch->samples, batch->count,
                                      batch->text, batch->text_length, &c->now, sk_collector_effects(c));
    if (err == SK_ERR_INVALID)
        return false;
    if (err != SK_OK)
        sk_log(SK_LOG_ERROR, "%zu samples of link '%s' were lost: %s", batch->count, c->site->links[batch->link].id,
               sk_err_text(err));
    sk_archive_put(c->archive, batch->samples, batch->count);
    if (err == SK_OK && batch->has_block && batch->block.unchanged > 0)
        keep_block(c, &batch->block);
    return true;
}

static void on_given_up(void *context, uint64_t samples)
{
    struct sk_collector *c = context;
    c->dropped += samples;
    c->own.due_us = 0; /* to be seen at once */
}

/* The raw card number lives until here: everything after sees only its HMAC under the site key. */
static enum sk_err hide_identifier(struct sk_collector *c, struct sk_access_event *event)
{
    enum sk_err err = SK_OK;
    if (event->identifier_length > 0) {
        err = sk_hmac_sha256(c->site_key, sizeof c->site_key, event->identifier, event->identifier_length,
                             &event->identifier_hmac);
        event->has_identifier_hmac = err == SK_OK;
    }
    explicit_bzero(event->identifier, sizeof event->identifier);
    event->identifier_length = 0;
    return err;
}

static void on_event(void *context, struct sk_access_event *event)
{
    struct sk_collector *c = context;
    bool duplicate = false;
    enum sk_err err = hide_identifier(c, event);
    if (err == SK_OK)
        err = sk_engine_event(c->engine, event, &c->now, sk_collector_effects(c), &duplicate);
    sk_log(SK_LOG_DEBUG, "%s event 0x%04x of '%s': epoch %u, seq %llu, door %d", duplicate ? "known" : "new", event->ev,
           c->site->devices[event->device].id, event->epoch, (unsigned long long)event->seq, event->door);
    if (err == SK_OK)
        return;
    /* Not recorded, so it must not be acknowledged: ending is the one answer that makes the broker send it again. */
    sk_log(SK_LOG_ERROR, "a door event of '%s' could not be taken: %s; ending so that it is delivered again",
           c->site->devices[event->device].id, sk_err_text(err));
    _exit(1);
}

static void on_malformed(void *context, const struct sk_malformed *what)
{
    struct sk_collector *c = context;
    enum sk_err err = sk_engine_malformed(c->engine, what->device, what->where, what->expected, what->bytes, what->length,
                                          &c->now, sk_collector_effects(c));
    if (err != SK_OK) {
        sk_log(SK_LOG_ERROR, "a malformed message could not be recorded: %s; ending so that it is delivered again",
               sk_err_text(err));
        _exit(1);
    }
}

static void on_link_ended(void *context, uint32_t link, const char *text)
{
    struct sk_collector *c = context;
    char name[128];
    sk_log(SK_LOG_ERROR, "link '%s' ended: %s", c->site->links[link].id, text);
    sk_text_format(name, sizeof name, "link:%s", c->site->links[link].id);
    sk_collector_raise(c, name, true, SK_SEV_HIGH, text);
}

static void on_poller_changed(void *context, size_t poller, bool running)
{
    struct sk_collector *c = context;
    struct sk_draft draft;
    char name[32];
    sk_text_format(name, sizeof name, "poller:%zu", poller);
    sk_draft_init(&draft, SK_EV_SYS_POLLER, &c->now);
    sk_body_put_text(&draft.body, SK_TAG_RESULT, running ? "started" : "ended");
    sk_body_put_text(&draft.body, SK_TAG_OBJECT, name);
    sk_recorder_add(c->recorder, &draft);
    sk_collector_raise(c, name, !running, SK_SEV_HIGH, running ? "" : "the poller process ended");
}

/* Its links are nobody's while it does not run: their devices' silence would be ours. */
static void set_blind(struct sk_collector *c, size_t poller, bool is_blind)
{
    uint32_t *links = sk_calloc(c->site->link_count, sizeof *links);
    const size_t count = links != NULL ? sk_poller_links(c->site, poller, links) : 0;
    for (size_t i = 0; i < count; i++)
        if (sk_engine_blind(c->engine, links[i], is_blind, &c->now, sk_collector_effects(c)) != SK_OK)
            sk_log(SK_LOG_ERROR, "link '%s' could not be marked as %s", c->site->links[links[i]].id,
                   is_blind ? "unwatched" : "watched again");
    if (links == NULL)
        sk_log(SK_LOG_ERROR, "out of memory for the links of poller %zu", poller);
    sk_free(links);
}

static void on_poller_watches(void *context, size_t poller, bool watches)
{
    set_blind(context, poller, !watches);
}

static void on_poller_stalled(void *context, size_t poller, bool stalled)
{
    struct sk_collector *c = context;
    struct sk_draft draft;
    char name[32];
    sk_text_format(name, sizeof name, "poller.stalled:%zu", poller);
    if (stalled)
        sk_log(SK_LOG_ERROR, "poller %zu does not run: stopped or starved; its links are not watched", poller);
    sk_draft_init(&draft, SK_EV_SYS_POLLER, &c->now);
    sk_body_put_text(&draft.body, SK_TAG_RESULT, stalled ? "stalled" : "runs again or ended");
    sk_body_put_text(&draft.body, SK_TAG_OBJECT, name);
    sk_recorder_add(c->recorder, &draft);
    sk_collector_raise(c, name, stalled, SK_SEV_HIGH,
                       stalled ? "the poller process does not run; its devices are not watched" : "");
}

enum sk_err sk_collector_listen(struct sk_collector *c, const char *binary, struct sk_fault *fault)
{
    struct sk_poller_options options = {.binary = binary, .site_file = c->options->site, .profiles = c->options->profiles};
    struct sk_poller_events events = {.context = c,
                                      .batch = on_batch,
                                      .given_up = on_given_up,
                                      .event = on_event,
                                      .malformed = on_malformed,
                                      .link_ended = on_link_ended,
                                      .poller_changed = on_poller_changed,
                                      .poller_watches = on_poller_watches,
                                      .poller_stalled = on_poller_stalled};
    enum sk_err err = sk_pollers_create(c->loop, c->site, &options, &events, &c->pollers);
    for (size_t i = 0; err == SK_OK && i < sk_pollers_count(c->pollers); i++)
        set_blind(c, i, true); /* until it beats */
    return err == SK_OK ? SK_OK : sk_fault_set(fault, err, "cannot plan the poller processes: %s", sk_err_text(err));
}
