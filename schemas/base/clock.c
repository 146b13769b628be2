/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clocks and RFC 3339, without the C library's time zone machinery (no environment, no hidden state). */
#include "schemas/base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/model/vocab.h"

static const int64_t US_PER_DAY = INT64_C(86400000000);
static const int64_t YEAR_10000_US = INT64_C(253402300800000000); /* 10000-01-01T00:00:00Z */

static int64_t read_clock(clockid_t id)
{
    struct timespec time = {0};
    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * SK_US_PER_S + time.tv_nsec / 1000;
}

int64_t sk_clock_mono_us(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

struct sk_now sk_clock_times(void)
{
    return (struct sk_now){
        .utc_us = read_clock(CLOCK_REALTIME), .mono_us = read_clock(CLOCK_BOOTTIME), .clock_quality = SK_CLOCK_UNKNOWN};
}

struct sk_now sk_clock_read(void)
{
    struct timex state = {0};
    const int status = adjtimex(&state);
    struct sk_now now = sk_clock_times();
    now.clock_quality = status < 0 ? SK_CLOCK_UNKNOWN : status == TIME_ERROR ? SK_CLOCK_UNSYNCED : SK_CLOCK_SYNCED;
    return now;
}

int64_t sk_clock_step(const struct sk_now *before, const struct sk_now *now)
{
    const int64_t beyond = (now->utc_us - before->utc_us) - (now->mono_us - before->mono_us);
    return beyond > SK_CLOCK_STEP_US || beyond < -SK_CLOCK_STEP_US ? beyond : 0;
}

void sk_clock_boot_id(char to[40])
{
    char text[37] = {0};
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, 36) : -1;
    if (fd >= 0)
        close(fd);
    sk_text_copy(to, 40, got == 36 ? text : "unknown");
}

/* Days since 1970-01-01 to civil date and back (proleptic Gregorian; eras of 400 years, years beginning in March). */
static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * month_index + 2) / 5 + 1);
    *month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static char *put_digits(char *to, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + width;
}

void sk_time_format(char to[SK_TIME_TEXT], int64_t utc_us)
{
    if (utc_us < 0)
        utc_us = 0;
    if (utc_us >= YEAR_10000_US)
        utc_us = YEAR_10000_US - 1;
    int year, month, day;
    civil_from_days(utc_us / US_PER_DAY, &year, &month, &day);
    int64_t of_day = utc_us % US_PER_DAY, seconds = of_day / SK_US_PER_S;
    char *p = put_digits(to, year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, seconds / 3600, 2);
    *p++ = ':';
    p = put_digits(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, seconds % 60, 2);
    *p++ = '.';
    p = put_digits(p, of_day % SK_US_PER_S, 6);
    *p++ = 'Z';
    *p = '\0';
}

/* Exactly `width` digits; moves on; -1 when they are not there. */
static int take_digits(const char **p, int width)
{
    int value = 0;
    for (int i = 0; i < width; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool take(const char **p, char wanted)
{
    if (**p != wanted)
        return false;
    (*p)++;
    return true;
}

/* ".123" to microseconds; no fraction is 0; more than six digits are refused. */
static int take_fraction(const char **p)
{
    if (!take(p, '.'))
        return 0;
    int value = 0, digits = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++, digits++) {
        if (digits == 6)
            return -1;
        value = value * 10 + (**p - '0');
    }
    if (digits == 0)
        return -1;
    for (; digits < 6; digits++)
        value *= 10;
    return value;
}

/* "Z" or "+09:00" in seconds. */
static bool take_offset(const char **p, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if (take(p, 'Z'))
        return true;
    int sign = **p == '-' ? -1 : 1;
    if (!take(p, '+') && !take(p, '-'))
        return false;
    int hours = take_digits(p, 2);
    if (hours < 0 || hours > 23 || !take(p, ':'))
        return false;
    int minutes = take_digits(p, 2);
    if (minutes < 0 || minutes > 59)
        return false;
    *ret_seconds = sign * (int64_t)(hours * 3600 + minutes * 60);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool sk_time_parse(const char *text, int64_t *ret_utc_us)
{
    const char *p = text;
    int year = take_digits(&p, 4);
    if (year < 1970 || !take(&p, '-'))
        return false;
    int month = take_digits(&p, 2);
    if (month < 1 || month > 12 || !take(&p, '-'))
        return false;
    int day = take_digits(&p, 2);
    if (day < 1 || day > days_in_month(year, month) || !take(&p, 'T'))
        return false;
    int hour = take_digits(&p, 2);
    if (hour < 0 || hour > 23 || !take(&p, ':'))
        return false;
    int minute = take_digits(&p, 2);
    if (minute < 0 || minute > 59 || !take(&p, ':'))
        return false;
    int second = take_digits(&p, 2);
    if (second < 0 || second > 59)
        return false;
    int fraction = take_fraction(&p);
    int64_t offset = 0;
    if (fraction < 0 || !take_offset(&p, &offset) || *p != '\0')
        return false;
    int64_t seconds = days_from_civil(year, month, day) * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second - offset;
    if (seconds < 0)
        return false;
    *ret_utc_us = seconds * SK_US_PER_S + fraction;
    return true;
}
