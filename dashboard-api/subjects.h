/* SPDX-License-Identifier: Apache-2.0 */
/* Whose entries a request asks for: parameters 'person' and 'company' turned into subject tags by the collector, which alone
 * may look into the vault. Nothing is kept here. */
#ifndef SK_DASHBOARD_SUBJECTS_H
#define SK_DASHBOARD_SUBJECTS_H

#include "dashboard-api/app.h"

struct sk_subjects_asked {
    bool given; /* a person or a company was named */
    struct sk_subject_window *windows;
    size_t count, capacity;
};
/* False: answered already. Release in any case. */
bool sk_subjects_ask(struct sk_call *call, struct sk_subjects_asked *ret_asked);
void sk_subjects_release(struct sk_subjects_asked *asked);

#endif
