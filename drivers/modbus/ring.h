/* SPDX-License-Identifier: Apache-2.0 */
/* The event ring of a door controller on Modbus: an entry's words -> an access event. Pure. Layout: README.md beside this file.
 *
 * Hostile like everything from outside: an entry that breaks the layout is an error with a sentence, an event code that is not
 * one of ours becomes SK_EV_NATIVE with the words kept, a door that the site does not know becomes door -1. */
#ifndef SK_MODBUS_RING_H
#define SK_MODBUS_RING_H

#include "drivers/driver.h"
#include "drivers/modbus/plan.h"

enum { SK_RING_ENTRY_WORDS = 24, SK_RING_CREDENTIAL_MAX = 16, SK_RING_NONE = 0xFFFF };

/* epoch, head (next number to be written) and tail (oldest kept): u32 each, two registers, high word first. */
struct sk_ring_state {
    uint32_t epoch, head, tail;
};

/* Where the cursor goes on, given what the ring says now: not known yet or another epoch -> tail; passed by tail -> tail;
 * beyond head (the controller went back without a new epoch) -> tail. */
struct sk_ring_cursor {
    bool known;
    uint32_t epoch, next;
};
void sk_ring_follow(struct sk_ring_cursor *cursor, const struct sk_ring_state *state);
/* The state is possible: head - tail is at most the ring's size. */
bool sk_ring_state_is_sane(const struct sk_ring_profile *ring, const struct sk_ring_state *state);

uint64_t sk_ring_entry_seq(const uint16_t *words);
/* How many entries from `next` on one read may fetch: not past head, not round the ring's end, not beyond the profile. */
uint32_t sk_ring_run(const struct sk_ring_profile *ring, uint16_t max_registers, uint32_t next, uint32_t head);

/* Entry of SK_RING_ENTRY_WORDS words at least. PARSE: *ret_expected is what a valid one has; the event is then incomplete. */
enum sk_err sk_ring_entry_decode(const struct sk_site *site, uint32_t device, uint32_t epoch, const uint16_t *words,
                                 struct sk_access_event *ret_event, const char **ret_expected);

/* Takes out of an entry what must not be kept: the credential, and the spare words, which may hold anything. */
void sk_ring_blank(uint16_t words[SK_RING_ENTRY_WORDS]);

/* The session (ring_session.c). */
struct sk_modbus_ring_session;
enum sk_err sk_modbus_ring_create(const struct sk_site *site, uint32_t link, const struct sk_driver_host *host,
                                  struct sk_modbus_ring_session **ret_session, struct sk_fault *fault);
enum sk_err sk_modbus_ring_run(struct sk_modbus_ring_session *session, int stop_fd);
void sk_modbus_ring_free(struct sk_modbus_ring_session *session); /* NULL is fine */

#endif
