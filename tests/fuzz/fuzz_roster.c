/* SPDX-License-Identifier: Apache-2.0 */
/* Roster changes out of bodies that anybody may have written: what is read, writes and reads again as the same; what a roster
 * took it still answers for. Input: a u16 event, then the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/model/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sk_roster_act act = {"", "", "", "", 0};
    struct sk_roster_change change, again;
    struct sk_roster *roster = NULL;
    struct sk_body body, twin;
    if (size < 2)
        return 0;
    const uint16_t ev = (uint16_t)(data[0] << 8 | data[1]);
    if (sk_roster_change_read(ev, data + 2, size - 2, &change) != SK_OK)
        return 0;
    sk_body_init(&body);
    sk_roster_change_write(&change, &act, &body);
    require(sk_body_done(&body));
    require(sk_roster_change_read(ev, body.bytes, body.writer.length, &again) == SK_OK);
    sk_body_init(&twin);
    sk_roster_change_write(&again, &act, &twin);
    require(twin.writer.length == body.writer.length && memcmp(twin.bytes, body.bytes, body.writer.length) == 0);
    change.version = 1;
    require(sk_roster_create(&roster) == SK_OK);
    const struct sk_roster_view view = {roster, 1, change.effective_us};
    if (sk_roster_apply(roster, &change) == SK_OK) {
        const struct sk_roster_change *there = sk_roster_get(&view, ev, change.entity);
        require(there != NULL && there->version == 1 && sk_roster_count(roster, ev) == 1);
        (void)sk_schedule_open(&view, change.entity);
        (void)sk_roster_factors(&view, 1, true, 0);
    }
    sk_roster_free(roster);
    return 0;
}
