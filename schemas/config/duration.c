/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 8601 durations of fixed length: days, hours, minutes and seconds, the last with up to three decimals. Years, months and
 * weeks are refused: years and months have no fixed length, and nobody holds an alarm for weeks. */
#include "schemas/config/keys.h"

#include <string.h>

enum { DIGITS_MAX = 9 };

/* Reads digits (and, where allowed, a fraction) at *at as thousandths; false when there is no number. */
static bool number_read(const char **at, int64_t *ret_thousandths, bool *ret_fraction)
{
    int64_t whole = 0, fraction = 0, place = 100;
    const char *p = *at, *begin = p;
    for (; *p >= '0' && *p <= '9' && p - begin < DIGITS_MAX; p++)
        whole = whole * 10 + (*p - '0');
    if (p == begin)
        return false;
    *ret_fraction = *p == '.';
    if (*ret_fraction) {
        for (begin = ++p; *p >= '0' && *p <= '9' && place > 0; p++, place /= 10)
            fraction += (*p - '0') * place;
        if (p == begin)
            return false;
    }
    *at = p;
    *ret_thousandths = whole * 1000 + fraction;
    return true;
}

bool cfg_duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        char letter;
        bool time;
        int64_t seconds;
    } UNITS[] = {{'D', false, 86400}, {'H', true, 3600}, {'M', true, 60}, {'S', true, 1}};
    int64_t total = 0;
    size_t next = 0; /* units come in this order, each at most once */
    bool time = false, any = false;
    if (*text++ != 'P')
        return false;
    while (*text != '\0') {
        int64_t thousandths;
        bool fraction;
        if (*text == 'T') {
            if (time || text[1] == '\0')
                return false;
            time = true;
            text++;
        }
        if (!number_read(&text, &thousandths, &fraction))
            return false;
        while (next < sizeof(UNITS) / sizeof(UNITS[0]) && (UNITS[next].letter != *text || UNITS[next].time != time))
            next++;
        if (next == sizeof(UNITS) / sizeof(UNITS[0]) || (fraction && *text != 'S'))
            return false;
        total += thousandths * UNITS[next++].seconds;
        text++;
        any = true;
    }
    *ret_ms = total;
    return any;
}
