/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that are one command of the collector: arguments in, its result out. Nothing of it is kept here; the collector checks
 * the role again and says what is wrong with an argument. Each call answers exactly once. */
#ifndef SK_DASHBOARD_ASK_H
#define SK_DASHBOARD_ASK_H

#include <cjson/cJSON.h>

#include "dashboard-api/handlers.h"

/* repeatable: changes nothing, so it may be asked again when the connection was lost. */
void sk_ask(struct sk_call *call, const char *command, const cJSON *args, bool repeatable);
/* The query's parameters as text arguments (limit as a number); what stands for {…} in the path goes in as `argument` (NULL:
 * nothing does). */
void sk_ask_list(struct sk_call *call, const char *command, const char *argument);
/* The path's id as the one argument. */
void sk_ask_get(struct sk_call *call, const char *command, const char *argument);
/* The body, with the path's ids as arguments (second NULL: one id). A body that names the id itself must not say another. */
void sk_ask_act(struct sk_call *call, const char *command, const char *first, const char *second);

#endif
