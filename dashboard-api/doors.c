/* SPDX-License-Identifier: Apache-2.0 */
/* Doors: what each stands at, and the act that resolves what its counter saw too many. One command of the collector each. */
#include "dashboard-api/ask.h"

void sk_handle_get_doors(struct sk_call *call)
{
    sk_ask_list(call, "door.list", NULL);
}
void sk_handle_get_door(struct sk_call *call)
{
    sk_ask_get(call, "door.get", "door");
}
void sk_handle_post_door_resolve(struct sk_call *call)
{
    sk_ask_act(call, "door.resolve", "door", NULL);
}
