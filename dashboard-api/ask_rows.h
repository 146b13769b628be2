/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of one line: each row in a file that includes this is one route that is one command of the collector. For such files
 * only; the names are short because a table of them is read, and nothing else is in sight there.
 *
 * L: a list by the query's parameters. S: a list below the path's id. G: one by the path's id. P: the body as it is. A: the
 * body, with the path's id. B: the body, with the path's two ids. */
#ifndef SK_DASHBOARD_ASK_ROWS_H
#define SK_DASHBOARD_ASK_ROWS_H

#include "dashboard-api/ask.h"

#define SK_HANDLER(handler, ask)                                                                                               \
    void sk_handle_##handler(struct sk_call *call)                                                                             \
    {                                                                                                                          \
        ask;                                                                                                                   \
    }
#define L(handler, command)                SK_HANDLER(handler, sk_ask_list(call, command, NULL))
#define S(handler, command, id)            SK_HANDLER(handler, sk_ask_list(call, command, id))
#define G(handler, command, id)            SK_HANDLER(handler, sk_ask_get(call, command, id))
#define P(handler, command)                SK_HANDLER(handler, sk_ask(call, command, call->body, false))
#define A(handler, command, id)            SK_HANDLER(handler, sk_ask_act(call, command, id, NULL))
#define B(handler, command, first, second) SK_HANDLER(handler, sk_ask_act(call, command, first, second))

#endif
