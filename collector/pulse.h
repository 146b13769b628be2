/* SPDX-License-Identifier: Apache-2.0 */
/* The pulse of a poller process: a pipe beside the hand-over, one byte each quarter of a second. It tells a poller that does
 * not run (stopped, starved, swapped out) from devices that do not answer: its silence is then ours, and nobody else's. It says
 * nothing of a driver's thread; that one's devices fall silent by themselves. */
#ifndef SK_COLLECTOR_PULSE_H
#define SK_COLLECTOR_PULSE_H

#include <stdbool.h>
#include <stdint.h>

/* Late: nothing is said of its devices any more. Lost: it is told. For good: it is ended and started anew. */
enum { SK_PULSE_FD = 4, SK_PULSE_MS = 250, SK_PULSE_LATE_MS = 600, SK_PULSE_LOST_MS = 3000, SK_PULSE_FOR_GOOD_MS = 30000 };

/* In the poller: a thread beats into SK_PULSE_FD from now on until the process ends. */
void sk_pulse_start(void);

/* In the parent: a pipe, both ends close-on-exec, ours not blocking. False: no pipe, so the poller cannot be judged. */
bool sk_pulse_open(int ret_ends[2]);
/* True when it has beaten since the last call. */
bool sk_pulse_take(int fd);

#endif
