/* SPDX-License-Identifier: Apache-2.0 */
/* Joint entries (同伴入室) by visit, read once: what they say never changes, they are only voided, and every passage asks which
 * guests are inside. Private to this folder but for what register.h shows. An entry without visit, door or direction led nobody
 * anywhere and is not here. Entries are borrowed from the fold. Memory in sk_joints_add() only. Threads: one. */
#ifndef SK_MODEL_REGISTER_JOINTS_H
#define SK_MODEL_REGISTER_JOINTS_H

#include "schemas/model/register.h"

struct sk_joints {
    struct sk_joint_visit *visits;
    size_t count, capacity;
};
void sk_joints_release(struct sk_joints *joints);
/* The act that records or voids one. NOMEM: as before, but perhaps for a visit without joint entries. */
enum sk_err sk_joints_add(struct sk_joints *joints, const struct sk_entry *entry, const struct sk_register_act *act);
void sk_joints_drop(struct sk_joints *joints, bool (*goes)(const void *context, const struct sk_entry *entry),
                    const void *context);

#endif
