/* SPDX-License-Identifier: Apache-2.0 */
/* Exception 2 of one register: for good, or for the moment? Pure: time comes in.
 *
 * The protocol does not tell a register that does not exist from a device that is starting and refuses everything. So the next
 * question comes about as long after a refusal as the trouble has lasted already: 1, 2, 4 ... s. The ceiling is a minute, and
 * an hour only for a register that never answered while others of its device did since its first refusal. A block whose
 * registers have all answered before is taken for passing twice (3 s) before it is cut. */
#ifndef SK_MODBUS_REFUSAL_H
#define SK_MODBUS_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#define SK_REFUSAL_FIRST_US  INT64_C(1000000)
#define SK_REFUSAL_LAST_US   INT64_C(60000000)
#define SK_REFUSAL_ABSENT_US INT64_C(3600000000)
enum { SK_REFUSAL_PASSING = 2 }; /* refusals in a row before a block that was read before is cut */

struct sk_refusal {     /* all zeroes: never asked */
    int64_t since_us;   /* mono of the first refusal in a row */
    int64_t recheck_us; /* mono: not before */
    uint8_t count;      /* in a row, held at 255 */
    bool answered;      /* ever */
};

void sk_refusal_answered(struct sk_refusal *refusal);
/* neighbour_us: mono of the newest answer of the same device to anything; 0 never. */
void sk_refusal_refused(struct sk_refusal *refusal, int64_t mono_us, int64_t neighbour_us);
/* The link was lost or the unit was dead: counted anew. That it has answered is not forgotten. */
void sk_refusal_forget(struct sk_refusal *refusal);
bool sk_refusal_may_pass(const struct sk_refusal *refusal);

#endif
