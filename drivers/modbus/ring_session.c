/* SPDX-License-Identifier: Apache-2.0 */
/* The events_only session of a link: reads the rings of its door controllers by cursor, one event at a time, and goes on only
 * when the host says that the record is committed. Nothing is written to the controller; after a restart reading begins at the
 * tail, and the engine knows by epoch and number what it has. An entry overtaken while it was read shows a foreign number: the
 * state is read anew, and the engine sees the jump. */
#include <string.h>

#include "drivers/modbus/health.h"
#include "drivers/modbus/ring.h"
#include "drivers/modbus/talk.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

#define PERIOD_MAX_US INT64_C(1000000) /* a door event waits for no longer */

struct controller {
    uint32_t device;
    const struct sk_device *info;
    struct sk_ring_cursor cursor;
    struct sk_health health;
    int64_t due_us, period_us;
    bool first_pass; /* after a start: what lies in the ring may be known already */
    bool told_insane;
};

struct sk_modbus_ring_session {
    const struct sk_site *site;
    uint32_t link;
    const struct sk_driver_host *host;
    struct sk_modbus_talk talk;
    struct controller *controllers;
    size_t count;
    struct sk_wire_reply reply;
};

static enum sk_err check_ring(const struct sk_device *device, struct sk_fault *fault)
{
    const struct sk_ring_profile *ring = &device->profile->ring;
    bool registers = ring->function == SK_MODBUS_HOLDING || ring->function == SK_MODBUS_INPUT_REGISTERS;
    uint32_t end = ring->ring + (uint32_t)ring->entries * ring->entry_words;
    if (registers && ring->entries > 0 && ring->entry_words >= SK_RING_ENTRY_WORDS &&
        ring->entry_words <= SK_MODBUS_MAX_REGISTERS && end <= 65536)
        return SK_OK;
    return sk_fault_set(fault, SK_ERR_RANGE,
                        "device '%s': its ring needs function 3 or 4, entries of 24 to 125 registers and an end below 65536",
                        device->id);
}

enum sk_err sk_modbus_ring_create(const struct sk_site *site, uint32_t link, const struct sk_driver_host *host,
                                  struct sk_modbus_ring_session **ret_session, struct sk_fault *fault)
{
    struct sk_modbus_ring_session *session = sk_calloc(1, sizeof(*session));
    struct controller *controllers = sk_calloc(site->device_count + 1, sizeof(*controllers));
    enum sk_err err = SK_OK;
    if (session == NULL || controllers == NULL) {
        sk_free(session);
        sk_free(controllers);
        return sk_fault_set(fault, SK_ERR_NOMEM, "link '%s': out of memory", site->links[link].id);
    }
    *session = (struct sk_modbus_ring_session){.site = site, .link = link, .host = host, .controllers = controllers};
    for (uint32_t i = 0; i < site->device_count && err == SK_OK; i++) {
        const struct sk_device *device = &site->devices[i];
        if (device->link != (int32_t)link || device->profile == NULL || !device->profile->ring.present)
            continue;
        err = check_ring(device, fault);
        int64_t period_us = device->period_ms == 0 ? PERIOD_MAX_US : device->period_ms * SK_US_PER_MS;
        controllers[session->count++] = (struct controller){.device = i,
                                                            .info = device,
                                                            .period_us = period_us < PERIOD_MAX_US ? period_us : PERIOD_MAX_US,
                                                            .first_pass = true};
    }
    if (err == SK_OK)
        err = sk_modbus_talk_init(&session->talk, site, link, host, fault);
    if (err != SK_OK) {
        sk_modbus_ring_free(session);
        return err;
    }
    *ret_session = session;
    return SK_OK;
}

void sk_modbus_ring_free(struct sk_modbus_ring_session *session)
{
    if (session == NULL)
        return;
    sk_modbus_talk_release(&session->talk);
    sk_free(session->controllers);
    sk_free(session);
}

static bool stopping(const struct sk_modbus_ring_session *session)
{
    return session->host->stopping(session->host->context);
}

/* True when the words are there. Every other outcome waits for the next turn. */
static bool ask(struct sk_modbus_ring_session *session, struct controller *controller, uint16_t address, uint32_t count)
{
    struct sk_modbus_request span = {.function = (enum sk_modbus_function)controller->info->profile->ring.function,
                                     .address = address,
                                     .count = (uint16_t)count};
    sk_modbus_talk_ask(&session->talk, controller->info, &span, UINT8_MAX, &session->reply);
    bool life =
        session->reply.outcome == SK_WIRE_ANSWER || session->reply.outcome == SK_WIRE_EXCEPTION || session->reply.late_reply;
    if (life)
        sk_health_answered(&controller->health);
    else if (session->reply.outcome != SK_WIRE_STOPPED)
        sk_health_missed(&controller->health, session->reply.after_us);
    return session->reply.outcome == SK_WIRE_ANSWER;
}

static bool read_u32(struct sk_modbus_ring_session *session, struct controller *controller, uint16_t address,
                     uint32_t *ret_value)
{
    if (!ask(session, controller, address, 2))
        return false;
    *ret_value = (uint32_t)session->reply.words[0] << 16 | session->reply.words[1];
    return true;
}

/* epoch, head and tail in one read when they lie together, so that they belong to one moment. */
static bool read_state(struct sk_modbus_ring_session *session, struct controller *controller, struct sk_ring_state *ret_state)
{
    const struct sk_ring_profile *ring = &controller->info->profile->ring;
    const uint16_t *words = session->reply.words;
    bool together = ring->head == ring->epoch + 2 && ring->tail == ring->epoch + 4;
    if (!together)
        return read_u32(session, controller, ring->epoch, &ret_state->epoch) &&
               read_u32(session, controller, ring->tail, &ret_state->tail) &&
               read_u32(session, controller, ring->head, &ret_state->head);
    if (!ask(session, controller, ring->epoch, 6))
        return false;
    ret_state->epoch = (uint32_t)words[0] << 16 | words[1];
    ret_state->head = (uint32_t)words[2] << 16 | words[3];
    ret_state->tail = (uint32_t)words[4] << 16 | words[5];
    return true;
}

static enum sk_err tell_malformed(struct sk_modbus_ring_session *session, const struct controller *controller,
                                  const char *where, const char *expected, const uint16_t *words, size_t count)
{
    struct sk_malformed what = {.device = (int32_t)controller->device,
                                .link = session->link,
                                .where = where,
                                .expected = expected,
                                .bytes = words,
                                .length = count * sizeof(*words)};
    return session->host->malformed(session->host->context, &what);
}

/* Hands one entry over. OK: committed, the cursor may pass it. AGAIN: it is not the entry that was asked for. */
static enum sk_err hand_over(struct sk_modbus_ring_session *session, struct controller *controller, const uint16_t *words)
{
    struct sk_access_event event;
    const char *expected;
    if (sk_ring_entry_seq(words) != controller->cursor.next)
        return SK_ERR_AGAIN;
    if (sk_ring_entry_decode(session->site, controller->device, controller->cursor.epoch, words, &event, &expected) != SK_OK) {
        char where[64];
        uint16_t kept[SK_RING_ENTRY_WORDS];
        memcpy(kept, words, sizeof(kept));
        sk_ring_blank(kept);
        sk_text_format(where, sizeof(where), "ring entry %lu", (unsigned long)controller->cursor.next);
        return tell_malformed(session, controller, where, expected, kept, SK_RING_ENTRY_WORDS);
    }
    struct sk_now now = session->host->now(session->host->context);
    event.recv_us = now.utc_us;
    event.mono_us = now.mono_us;
    event.simulated = session->talk.link->simulated;
    event.duplicate_flag = controller->first_pass;
    enum sk_err err = session->host->event(session->host->context, &event);
    memset(event.identifier, 0, sizeof(event.identifier));
    return err;
}

/* Reads and hands over one run of entries. OK: there may be more. */
static enum sk_err read_run(struct sk_modbus_ring_session *session, struct controller *controller, uint32_t head)
{
    const struct sk_profile *profile = controller->info->profile;
    const struct sk_ring_profile *ring = &profile->ring;
    uint32_t run = sk_ring_run(ring, profile->modbus.max_registers, controller->cursor.next, head);
    uint32_t slot = controller->cursor.next % ring->entries;
    if (run == 0)
        return SK_ERR_NOT_FOUND;
    if (!ask(session, controller, (uint16_t)(ring->ring + slot * ring->entry_words), run * ring->entry_words))
        return SK_ERR_TIMEOUT;
    for (uint32_t i = 0; i < run; i++) {
        enum sk_err err = hand_over(session, controller, &session->reply.words[(size_t)i * ring->entry_words]);
        if (err != SK_OK)
            return err;
        controller->cursor.next++;
    }
    return SK_OK;
}

static enum sk_err poll_ring(struct sk_modbus_ring_session *session, struct controller *controller)
{
    struct sk_ring_state state;
    if (!read_state(session, controller, &state))
        return SK_OK;
    if (!sk_ring_state_is_sane(&controller->info->profile->ring, &state)) {
        bool told = controller->told_insane;
        controller->told_insane = true;
        return told ? SK_OK
                    : tell_malformed(session, controller, "ring state", "head at most `entries` above tail",
                                     session->reply.words, 2);
    }
    controller->told_insane = false;
    sk_ring_follow(&controller->cursor, &state);
    enum sk_err err = SK_OK;
    while (err == SK_OK && controller->cursor.next < state.head && !stopping(session))
        err = read_run(session, controller, state.head);
    if (err == SK_OK && controller->cursor.next == state.head)
        controller->first_pass = false;
    return err == SK_ERR_CLOSED ? err : SK_OK;
}

static int64_t next_due_us(const struct sk_modbus_ring_session *session)
{
    int64_t next_us = SK_NEVER;
    for (size_t i = 0; i < session->count; i++)
        if (session->controllers[i].due_us < next_us)
            next_us = session->controllers[i].due_us;
    return next_us;
}

enum sk_err sk_modbus_ring_run(struct sk_modbus_ring_session *session, int stop_fd)
{
    session->talk.stop_fd = stop_fd;
    for (size_t i = 0; i < session->count; i++)
        session->controllers[i].due_us = sk_clock_mono_us();
    while (!stopping(session)) {
        for (size_t i = 0; i < session->count && !stopping(session); i++) {
            struct controller *controller = &session->controllers[i];
            int64_t now_us = sk_clock_mono_us();
            if (controller->due_us > now_us)
                continue;
            if (poll_ring(session, controller) == SK_ERR_CLOSED)
                return SK_OK; /* the host ends us without an answer: nothing more may be handed over */
            now_us = sk_clock_mono_us();
            bool dead = controller->health.state == SK_HEALTH_DEAD;
            controller->due_us += controller->period_us;
            if (controller->due_us <= now_us)
                controller->due_us = now_us + controller->period_us;
            if (dead && controller->health.probe_us > controller->due_us)
                controller->due_us = controller->health.probe_us;
        }
        sk_modbus_talk_sleep(&session->talk, next_due_us(session));
    }
    return SK_OK;
}
