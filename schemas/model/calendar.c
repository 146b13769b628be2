/* SPDX-License-Identifier: Apache-2.0 */
/* Days of a site: local date and minute of a moment, the midnights of a date, and the closed days that ship with the product.
 * Dates are reckoned with the proleptic Gregorian day count; nothing here knows daylight rules, the zone's table does. */
#include <stdio.h>

#include "schemas/model/roster.h"

static const int64_t DAY_US = INT64_C(86400) * SK_US_PER_S;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Days since 1970-01-01; years begin in March so that the leap day is the last of one. */
static int64_t day_of(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year, era = floor_div(y, 400);
    const int64_t of_era = y - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t day, int *ret_year, int *ret_month, int *ret_day)
{
    const int64_t z = day + 719468, era = floor_div(z, 146097), of_era = z - era * 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year + era * 400 + (*ret_month <= 2));
}

struct sk_local sk_local_at(const struct sk_zone *zone, int64_t utc_us)
{
    int year, month, day;
    const int64_t local_us = utc_us + (int64_t)sk_zone_offset_s(zone, utc_us) * SK_US_PER_S;
    const int64_t days = floor_div(local_us, DAY_US);
    date_of(days, &year, &month, &day);
    return (struct sk_local){.year = year,
                             .month_day = month * 100 + day,
                             .weekday = (int)((days % 7 + 7 + 3) % 7), /* 1970-01-01 was a Thursday */
                             .minute = (int)((local_us - days * DAY_US) / (60 * SK_US_PER_S))};
}

/* The moment a local day begins. Asked twice, because the offset that counts is the one at the answer. */
static int64_t midnight_us(const struct sk_zone *zone, int64_t day)
{
    int64_t at_us = day * DAY_US;
    for (int i = 0; i < 2; i++)
        at_us = day * DAY_US - (int64_t)sk_zone_offset_s(zone, at_us) * SK_US_PER_S;
    return at_us;
}

/* Exactly `count` digits; -1 when they are not there (a text that ends early has its NUL in the way). */
static int read_digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static bool read_date(const char *date, int64_t *ret_day)
{
    int back[3];
    const int year = read_digits(date, 4), month = year >= 0 && date[4] == '-' ? read_digits(date + 5, 2) : -1,
              day = month >= 0 && date[7] == '-' ? read_digits(date + 8, 2) : -1;
    if (day < 1 || date[10] != '\0' || year < 1970 || month < 1 || month > 12)
        return false;
    *ret_day = day_of(year, month, day);
    date_of(*ret_day, &back[0], &back[1], &back[2]);
    return back[0] == year && back[1] == month && back[2] == day; /* no 30 February */
}

bool sk_day_is_day(const char *date)
{
    int64_t day;
    return read_date(date, &day);
}

bool sk_day_begin_us(const struct sk_zone *zone, const char *date, int64_t *ret_us)
{
    int64_t day;
    if (!read_date(date, &day))
        return false;
    *ret_us = midnight_us(zone, day);
    return true;
}

bool sk_day_end_us(const struct sk_zone *zone, const char *date, int64_t *ret_us)
{
    int64_t day;
    if (!read_date(date, &day))
        return false;
    *ret_us = midnight_us(zone, day + 1);
    return true;
}

void sk_day_from_text(const struct sk_zone *zone, int64_t from_us, char to[16])
{
    to[0] = '\0';
    if (from_us == 0 || from_us == SK_NEVER)
        return;
    const struct sk_local local = sk_local_at(zone, from_us);
    sk_text_format(to, 16, "%04d-%02d-%02d", local.year, local.month_day / 100, local.month_day % 100);
}

void sk_day_until_text(const struct sk_zone *zone, int64_t until_us, char to[16])
{
    sk_day_from_text(zone, until_us == SK_NEVER || until_us == 0 ? 0 : until_us - 1, to);
}

#define H(year, month, day, name) {year, (month)*100 + (day)},
static const struct {
    uint16_t year, month_day;
} closed_days[] = {
#include "schemas/data/holidays_jp.def"
};
#undef H

bool sk_calendar_jp(int year, struct sk_calendar *ret_calendar)
{
    *ret_calendar = (struct sk_calendar){.year = (uint16_t)year};
    for (size_t i = 0; i < sizeof closed_days / sizeof *closed_days; i++)
        if (closed_days[i].year == year && ret_calendar->count < SK_CLOSED_DAYS_MAX)
            ret_calendar->days[ret_calendar->count++] = closed_days[i].month_day;
    return ret_calendar->count > 0;
}
