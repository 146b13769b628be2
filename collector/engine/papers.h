/* SPDX-License-Identifier: Apache-2.0 */
/* What the registers hold for one person at one zone and moment: permits, visits, escorts, goods, attested measures, emergency
 * modes. Pure; read from the fold of the registers (schemas/model/register.h) alone.
 *
 * A paper covers a moment when it was approved and not ended then, or was approved later and tells of it (late paper): a permit
 * that is approved after the passage, a measure attested afterwards, a mode declared with an earlier beginning. by_us draws the
 * line: only what had been entered by then counts. A passage is decided by the papers of its own moment; a supplement by those
 * there were when it was made. What ended more than SK_REGISTERS_KEEP_DAYS before as_of_us is let go by the collector and so
 * counts nowhere; moments that long ago are not judged by papers at all. */
#ifndef SK_ENGINE_PAPERS_H
#define SK_ENGINE_PAPERS_H

#include "collector/engine/decide.h"

struct sk_registers;
struct sk_papers_question {
    const char *person; /* roster id; NULL: not known */
    uint8_t kind;       /* enum sk_person_kind */
    const char *zone;   /* the site's id of the zone entered; NULL: not known */
    int64_t at_us, by_us, as_of_us;
};
/* registers NULL: nothing is kept. site_zone: for dates; NULL: papers with dates do not count. */
void sk_papers_find(const struct sk_registers *registers, const struct sk_roster *roster, const struct sk_zone *site_zone,
                    const struct sk_papers_question *question, struct sk_papers *ret_papers);

/* May anything make this person want an escort? False for nearly everybody, at the cost of three look-ups. */
bool sk_papers_may_escort(const struct sk_registers *registers, const char *person, uint8_t kind);

/* An act of this register may change what was decided of earlier passages. */
bool sk_papers_matter(uint8_t register_);

/* Let go by the collector long ago, or soon: counts nowhere. */
struct sk_entry;
bool sk_paper_is_gone(const struct sk_entry *entry, int64_t as_of_us);

#endif
