/* SPDX-License-Identifier: Apache-2.0 */
/* See gather.h. */
#include "collector/gather.h"

#include "drivers/driver.h"

int64_t sk_gather_look_us(int64_t now_us, int64_t patience_us, bool waits)
{
    const int64_t this_us = now_us - now_us % SK_POLL_SLOT_US + SK_AFTER_SLOT_US;
    const int64_t slot_us = this_us > now_us ? this_us : this_us + SK_POLL_SLOT_US;
    const int64_t most_us = now_us + patience_us;
    if (patience_us < SK_GATHER_POLLED_US)
        return most_us;
    return waits && most_us < slot_us ? most_us : slot_us;
}
