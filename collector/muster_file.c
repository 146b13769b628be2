/* SPDX-License-Identifier: Apache-2.0 */
/* Zones in the order of the site, people in the order of enrolment; written beside, then renamed over. */
#include "collector/muster_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/engine/guests.h"
#include "collector/presence.h"
#include "schemas/base/log.h"

static const int64_t PERIOD_US = INT64_C(5) * 60 * SK_US_PER_S;

struct sheet {
    FILE *to;
    const struct sk_command_floor *floor;
    const struct sk_now *now;
};

void sk_muster_file_init(struct sk_muster_file *file, const char *state_directory)
{
    *file = (struct sk_muster_file){0};
    if (!sk_text_format(file->path, sizeof file->path, "%s/muster.txt", state_directory) ||
        !sk_text_format(file->temporary, sizeof file->temporary, "%s/muster.txt.new", state_directory))
        file->path[0] = '\0';
}

static void print_time(const struct sheet *sheet, int64_t utc_us)
{
    const struct sk_local local = sk_local_at(sheet->floor->zone, utc_us);
    fprintf(sheet->to, "%04d-%02d-%02d %02d:%02d", local.year, local.month_day / 100, local.month_day % 100, local.minute / 60,
            local.minute % 60);
}

static void print_head(const struct sheet *sheet)
{
    const struct sk_muster *muster = sk_engine_muster(sheet->floor->engine);
    fprintf(sheet->to, "点呼票  Muster list  %s\n", sheet->floor->site->id);
    print_time(sheet, sheet->now->utc_us);
    fprintf(sheet->to, " %s\n", sheet->floor->site->zone_name);
    if (muster->running) {
        fprintf(sheet->to, "点呼 Muster %llu%s, ", (unsigned long long)muster->id, muster->drill ? " (訓練 drill)" : "");
        print_time(sheet, muster->started_us);
        fputc('\n', sheet->to);
    }
    fputs("氏名は載せない。番号は名簿で照合する。 No names here: the roster tells whose number it is.\n", sheet->to);
}

/* A person of this zone who is not accounted for; true when there was one. */
static bool print_person(const struct sheet *sheet, size_t person, size_t zone)
{
    const struct sk_engine *engine = sheet->floor->engine;
    const struct sk_muster *muster = sk_engine_muster(engine);
    const struct sk_roster *roster = sk_engine_roster(engine);
    const struct sk_trail *trail = sk_engine_trail(engine, person);
    uint16_t number;
    int64_t since_us;
    const enum sk_whereabouts where = sk_occupancy_where(trail, roster, &number, &since_us);
    if (where < SK_WHERE_INSIDE || number != sheet->floor->site->zones[zone].number ||
        (muster->running && sk_muster_state_of(muster, trail, roster, person) == SK_MUSTER_SEEN))
        return false;
    const uint16_t doubts = sk_engine_doubts(engine, person, (uint32_t)zone, sheet->now->utc_us);
    fprintf(sheet->to, "[ ] %-12s ", sk_roster_entity_at(roster, SK_EV_PERSON_CREATED, person));
    print_time(sheet, since_us);
    fprintf(sheet->to, "  %7.1f h  %s%s\n", (double)(sheet->now->utc_us - since_us) / 3600e6, sk_confidence_word(doubts),
            where == SK_WHERE_PERHAPS ? "  おそらく perhaps" : "");
    return true;
}

/* Guests by visit, in this zone or, for -1, in no zone that is known. */
static size_t print_guests(const struct sheet *sheet, int32_t zone)
{
    const struct sk_engine *engine = sheet->floor->engine;
    const struct sk_roster *roster = sk_engine_roster(engine);
    const int64_t now_us = sheet->now->utc_us;
    const struct sk_roster_view view = {roster, sk_roster_version(roster), now_us};
    const struct sk_guests guests = sk_engine_guests(engine, now_us);
    const struct sk_trails trails = sk_engine_trails(engine);
    const uint16_t number = zone < 0 ? 0 : sheet->floor->site->zones[zone].number;
    struct sk_guest guest;
    size_t cursor = 0, people = 0;
    while (sk_guest_each(&guests, &view, &trails, &cursor, &guest)) {
        if (guest.zone != number)
            continue;
        fprintf(sheet->to, "[ ] %-12s ", guest.visit);
        print_time(sheet, guest.since_us);
        fprintf(sheet->to, "  %7.1f h  %s  来訪者 guests %u\n", (double)(now_us - guest.since_us) / 3600e6,
                sk_confidence_word(sk_engine_guest_doubts(engine, &guest, now_us)), guest.people);
        people += guest.people;
    }
    return people;
}

static void print_zone(const struct sheet *sheet, size_t zone)
{
    const struct sk_site *site = sheet->floor->site;
    const size_t people = sk_roster_count(sk_engine_roster(sheet->floor->engine), SK_EV_PERSON_CREATED);
    const struct sk_strangers *strangers = sk_engine_strangers(sheet->floor->engine, site->zones[zone].number);
    size_t count = 0;
    fprintf(sheet->to, "\n%s  %s\n", site->zones[zone].id,
            sk_engine_zone_complete(sheet->floor->engine, (uint32_t)zone) ? "" : "(記録に欠落 events missing: unknown)");
    for (size_t i = 0; i < people; i++)
        count += print_person(sheet, i, zone);
    count += print_guests(sheet, (int32_t)zone);
    fprintf(sheet->to, "計 total %zu", count);
    if (strangers != NULL && strangers->entered + strangers->left > 0)
        fprintf(sheet->to, ", 未登録カード unknown cards in %llu out %llu", (unsigned long long)strangers->entered,
                (unsigned long long)strangers->left);
    fputc('\n', sheet->to);
}

static bool print_all(const struct sheet *sheet)
{
    print_head(sheet);
    for (size_t i = 0; i < sheet->floor->site->zone_count; i++)
        if (sheet->floor->site->zones[i].class_ > 0)
            print_zone(sheet, i);
    fputs("\n場所不明の来訪者 guests, not known where\n", sheet->to);
    fprintf(sheet->to, "計 total %zu\n", print_guests(sheet, -1));
    return fflush(sheet->to) == 0 && ferror(sheet->to) == 0;
}

static bool replace(const struct sk_muster_file *file, const struct sk_command_floor *floor, const struct sk_now *now)
{
    const int fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (to == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    const struct sheet sheet = {to, floor, now};
    const bool written = print_all(&sheet);
    const bool closed = fclose(to) == 0;
    if (written && closed && rename(file->temporary, file->path) == 0)
        return true;
    unlink(file->temporary);
    return false;
}

bool sk_muster_file_tend(struct sk_muster_file *file, const struct sk_command_floor *floor, const struct sk_now *now)
{
    const struct sk_muster *muster = sk_engine_muster(floor->engine);
    const bool begins = muster->running && muster->id != file->muster;
    if (file->path[0] == '\0' || (!begins && now->mono_us < file->next_mono_us) ||
        sk_roster_count(sk_engine_roster(floor->engine), SK_EV_PERSON_CREATED) == 0)
        return false;
    file->next_mono_us = now->mono_us + PERIOD_US;
    file->muster = muster->id;
    const bool good = replace(file, floor, now);
    if (!good && !file->failed)
        sk_log(SK_LOG_WARNING, "'%s' could not be written; the one before stays", file->path);
    file->failed = !good;
    return good;
}
