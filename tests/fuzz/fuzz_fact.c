/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about rights out of bodies that anybody may have written: what is read, writes and reads again as the same, and folded
 * twice into a controller's list it is refused or leaves one that still answers. Input: a u16 event, then the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/engine/lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static void fold(const struct sk_fact *fact)
{
    struct sk_list list = {0};
    struct sk_sha256 *sha = NULL;
    require(sk_sha256_create(&sha) == SK_OK);
    for (int i = 0; i < 2; i++) {
        (void)sk_list_take_rows(&list, fact);
        if (i == 0)
            (void)sk_list_take_compared(&list, fact);
        (void)sk_list_take_received(&list, sha, fact);
        require(list.live <= list.spell_count && list.waiting_length == 0);
    }
    (void)sk_list_at(&list, &fact->identifier, fact->taken_us);
    sk_sha256_free(sha);
    sk_list_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sk_roster_act nobody = {"", "", "", "", 0};
    struct sk_fact fact, again;
    struct sk_body body, twin;
    if (size < 2)
        return 0;
    const uint16_t ev = (uint16_t)(data[0] << 8 | data[1]);
    if (sk_fact_read(ev, data + 2, size - 2, &fact) != SK_OK)
        return 0;
    sk_body_init(&body);
    sk_fact_write(&fact, &nobody, &body);
    require(sk_body_done(&body));
    require(sk_fact_read(ev, body.bytes, body.writer.length, &again) == SK_OK);
    sk_body_init(&twin);
    sk_fact_write(&again, &nobody, &twin);
    require(twin.writer.length == body.writer.length && memcmp(twin.bytes, body.bytes, body.writer.length) == 0);
    fold(&fact);
    return 0;
}
