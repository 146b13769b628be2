/* SPDX-License-Identifier: Apache-2.0 */
/* What the registers hold for one person at one zone and moment: permits, visits, escorts, goods, attested measures, emergency
 * modes. Pure; read from the fold of the registers (schemas/model/register.h) and from nothing else.
 *
 * at_us: the moment asked about (does the window cover it). by_us: only what had been entered by then counts. A passage is
 * decided by the papers of its own moment; a supplement by those there were when it was made. */
#ifndef SK_ENGINE_PAPERS_H
#define SK_ENGINE_PAPERS_H

#include "collector/engine/decide.h"

struct sk_registers;
struct sk_papers_question {
    const char *person; /* roster id; NULL: not known */
    const char *zone;   /* the site's id of the zone entered; NULL: not known */
    int64_t at_us, by_us;
};
/* registers NULL: nothing is kept. */
void sk_papers_find(const struct sk_registers *registers, const struct sk_roster *roster,
                    const struct sk_papers_question *question, struct sk_papers *ret_papers);

#endif
