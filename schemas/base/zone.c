/* SPDX-License-Identifier: Apache-2.0 */
/* A time zone read once from the system's TZif file (RFC 8536, version 2 or later) into a table of transitions, then asked
 * without any hidden state. After the last transition the zone's last offset is kept when the footer names no daylight rule; a
 * footer with a rule is unrolled to transitions up to the year 2100, so that the answer needs no rule engine at query time. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/mem.h"

enum { FILE_MAX = 65536, TRANSITIONS_MAX = 4096, UNROLL_LAST_YEAR = 2100 };

struct transition {
    int64_t at_s;
    int32_t offset_s;
};

struct sk_zone {
    int32_t first_offset_s;
    size_t count, capacity;
    struct transition *transitions;
};

static bool add_transition(struct sk_zone *zone, int64_t at_s, int32_t offset_s)
{
    struct transition *grown = sk_grow(zone->transitions, zone->count, &zone->capacity, sizeof *grown, TRANSITIONS_MAX);
    if (grown == NULL)
        return false;
    zone->transitions = grown;
    zone->transitions[zone->count++] = (struct transition){.at_s = at_s, .offset_s = offset_s};
    return true;
}

struct counts {
    uint32_t isut, isstd, leap, time, type, character;
};

static bool read_header(struct sk_reader *reader, struct counts *counts, uint8_t *ret_version)
{
    const uint8_t *magic = sk_read_bytes(reader, 4);
    if (magic == NULL || memcmp(magic, "TZif", 4) != 0)
        return false;
    *ret_version = sk_read_u8(reader);
    sk_read_bytes(reader, 15);
    counts->isut = sk_read_u32(reader);
    counts->isstd = sk_read_u32(reader);
    counts->leap = sk_read_u32(reader);
    counts->time = sk_read_u32(reader);
    counts->type = sk_read_u32(reader);
    counts->character = sk_read_u32(reader);
    return !reader->bad && counts->time <= TRANSITIONS_MAX / 2 && counts->type >= 1 && counts->type <= 256 &&
           counts->character <= 1024 && counts->leap <= 1024 && counts->isut <= 256 && counts->isstd <= 256;
}

static void skip_block(struct sk_reader *reader, const struct counts *counts, size_t time_size)
{
    sk_read_bytes(reader, counts->time * (time_size + 1) + (size_t)counts->type * 6 + counts->character +
                              counts->leap * (time_size + 4) + counts->isstd + counts->isut);
}

static enum sk_err read_block(struct sk_reader *reader, const struct counts *counts, struct sk_zone *zone)
{
    const uint8_t *times = sk_read_bytes(reader, (size_t)counts->time * 8);
    const uint8_t *kinds = sk_read_bytes(reader, counts->time);
    const uint8_t *types = sk_read_bytes(reader, (size_t)counts->type * 6);
    sk_read_bytes(reader, counts->character + counts->leap * 12 + counts->isstd + counts->isut);
    if (reader->bad)
        return SK_ERR_PARSE;
    for (uint32_t i = 0; i < counts->time; i++) {
        struct sk_reader at, type;
        sk_reader_init(&at, times + (size_t)i * 8, 8);
        if (kinds[i] >= counts->type)
            return SK_ERR_PARSE;
        sk_reader_init(&type, types + (size_t)kinds[i] * 6, 6);
        if (!add_transition(zone, sk_read_i64(&at), (int32_t)sk_read_u32(&type)))
            return SK_ERR_NOMEM;
    }
    struct sk_reader first;
    sk_reader_init(&first, types, 6);
    zone->first_offset_s = (int32_t)sk_read_u32(&first);
    return SK_OK;
}

/* --- the footer: a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3" --- */
struct rule {
    int month, week, weekday; /* Mm.w.d only: every zone in use writes it so */
    int32_t at_s;
};

static const char *skip_name(const char *p)
{
    if (*p == '<') {
        while (*p != '\0' && *p != '>')
            p++;
        return *p == '>' ? p + 1 : p;
    }
    while ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
        p++;
    return p;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_hms(const char **p, int32_t *ret_seconds)
{
    int32_t sign = **p == '-' ? -1 : 1, parts[3] = {0, 0, 0};
    if (**p == '-' || **p == '+')
        (*p)++;
    for (int i = 0; i < 3; i++) {
        if (**p < '0' || **p > '9')
            return false;
        while (**p >= '0' && **p <= '9' && parts[i] < 1000)
            parts[i] = parts[i] * 10 + (*(*p)++ - '0');
        if (**p != ':')
            break;
        (*p)++;
    }
    *ret_seconds = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

static bool take_rule(const char **p, struct rule *ret_rule)
{
    char *end;
    if (strncmp(*p, ",M", 2) != 0)
        return false;
    ret_rule->month = (int)strtol(*p + 2, &end, 10);
    if (*end != '.')
        return false;
    ret_rule->week = (int)strtol(end + 1, &end, 10);
    if (*end != '.')
        return false;
    ret_rule->weekday = (int)strtol(end + 1, &end, 10);
    *p = end;
    ret_rule->at_s = 7200;
    if (**p == '/') {
        (*p)++;
        if (!take_hms(p, &ret_rule->at_s))
            return false;
    }
    return ret_rule->month >= 1 && ret_rule->month <= 12 && ret_rule->week >= 1 && ret_rule->week <= 5 &&
           ret_rule->weekday >= 0 && ret_rule->weekday <= 6;
}

static int64_t month_start_s(int year, int month)
{
    char text[SK_TIME_TEXT];
    int64_t us = 0;
    sk_text_format(text, sizeof text, "%04d-%02d-01T00:00:00Z", year, month);
    sk_time_parse(text, &us);
    return us / SK_US_PER_S;
}

/* UTC second at which a rule fires in a year, given the offset in force before it. */
static int64_t rule_moment(const struct rule *rule, int year, int32_t offset_before_s)
{
    int64_t start = month_start_s(year, rule->month);
    int64_t next = rule->month == 12 ? month_start_s(year + 1, 1) : month_start_s(year, rule->month + 1);
    int64_t first_weekday = (start / 86400 + 4) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = (rule->weekday - first_weekday + 7) % 7 + ((int64_t)rule->week - 1) * 7;
    while (start + day * 86400 >= next)
        day -= 7;
    return start + day * 86400 + rule->at_s - offset_before_s;
}

static bool unroll_footer(const char *footer, struct sk_zone *zone)
{
    int32_t standard = 0, daylight = 0;
    struct rule on, off;
    const char *p = skip_name(footer);
    if (!take_hms(&p, &standard))
        return true; /* nothing that we could use: the last transition stands */
    standard = -standard;
    if (zone->count == 0)
        zone->first_offset_s = standard;
    if (*p == '\0')
        return true;
    p = skip_name(p);
    daylight = standard + 3600;
    if (*p != ',' && *p != '\0') {
        if (!take_hms(&p, &daylight))
            return true;
        daylight = -daylight;
    }
    if (!take_rule(&p, &on) || !take_rule(&p, &off))
        return true;
    int64_t after = zone->count > 0 ? zone->transitions[zone->count - 1].at_s : 0;
    for (int year = 1970; year <= UNROLL_LAST_YEAR; year++) {
        struct transition a = {rule_moment(&on, year, standard), daylight}, b = {rule_moment(&off, year, daylight), standard};
        bool on_first = a.at_s < b.at_s;
        struct transition pair[2] = {on_first ? a : b, on_first ? b : a};
        for (int i = 0; i < 2; i++)
            if (pair[i].at_s > after && !add_transition(zone, pair[i].at_s, pair[i].offset_s))
                return false;
    }
    return true;
}

static enum sk_err decode(const uint8_t *bytes, size_t length, struct sk_zone *zone)
{
    struct sk_reader reader;
    struct counts counts;
    uint8_t version = 0;
    sk_reader_init(&reader, bytes, length);
    if (!read_header(&reader, &counts, &version) || version < '2')
        return SK_ERR_PARSE;
    skip_block(&reader, &counts, 4);
    if (!read_header(&reader, &counts, &version))
        return SK_ERR_PARSE;
    enum sk_err err = read_block(&reader, &counts, zone);
    if (err != SK_OK)
        return err;
    char footer[128] = {0};
    if (reader.left < 2 || reader.left - 2 >= sizeof footer || reader.at[0] != '\n')
        return SK_ERR_PARSE;
    memcpy(footer, reader.at + 1, reader.left - 2);
    return unroll_footer(footer, zone) ? SK_OK : SK_ERR_NOMEM;
}

static bool name_is_plain(const char *name)
{
    if (*name == '\0' || *name == '/' || strlen(name) > 64 || strstr(name, "..") != NULL)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == strlen(name);
}

enum sk_err sk_zone_load(const char *iana_name, struct sk_zone **ret_zone, struct sk_fault *fault)
{
    char path[128];
    if (!name_is_plain(iana_name))
        return sk_fault_set(fault, SK_ERR_PARSE, "'%s' is no IANA zone name; expected one such as Asia/Tokyo", iana_name);
    sk_text_format(path, sizeof path, "/usr/share/zoneinfo/%s", iana_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "unknown time zone '%s': no file '%s'; is tzdata installed?", iana_name,
                            path);
    uint8_t *bytes = sk_calloc(FILE_MAX, 1);
    struct sk_zone *zone = sk_calloc(1, sizeof *zone);
    enum sk_err err = bytes == NULL || zone == NULL ? SK_ERR_NOMEM : SK_OK;
    ssize_t length = err == SK_OK ? read(fd, bytes, FILE_MAX) : -1;
    close(fd);
    if (err == SK_OK)
        err = length > 0 ? decode(bytes, (size_t)length, zone) : SK_ERR_IO;
    sk_free(bytes);
    if (err != SK_OK) {
        sk_zone_free(zone);
        return sk_fault_set(fault, err, "cannot use time zone file '%s': %s", path, sk_err_text(err));
    }
    *ret_zone = zone;
    return SK_OK;
}

void sk_zone_free(struct sk_zone *zone)
{
    if (zone == NULL)
        return;
    sk_free(zone->transitions);
    sk_free(zone);
}

int32_t sk_zone_offset_s(const struct sk_zone *zone, int64_t utc_us)
{
    int64_t at_s = utc_us / SK_US_PER_S;
    size_t low = 0, high = zone->count; /* number of transitions at or before at_s */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->transitions[middle].at_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? zone->first_offset_s : zone->transitions[low - 1].offset_s;
}
