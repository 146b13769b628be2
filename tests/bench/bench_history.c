/* SPDX-License-Identifier: Apache-2.0 */
/* The history on a made-up facility: bytes and CPU per sample of a day of 40 signals at 1 s, and the time of long queries.
 *
 * Twice 20 signals, each twenty one clock: 8 temperatures (0.1 C; a day's swing, a slow walk, sensor noise of 0.02 C), 2
 * humidities (0.1 %; noise 0.05), 4 loads (0.01 kW; steps now and then, noise 0.03), 2 meters (0.01 kWh, the sum of a load), 3
 * status bits (a change about every three hours), 1 mains voltage (0.1 V; noise 0.15). Deterministic. usage: bench_history
 * EMPTY-DIRECTORY [--dump FILE] [--day-only]     One JSON line per figure. --dump writes the same day as JSON lines that
 * VictoriaMetrics imports. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "schemas/model/vocab.h"
#include "schemas/store/history.h"

enum { SIGNALS = 40, PER_CLOCK = 20, DAY_S = 86400, FLUSH_S = 10, IMPORT_FLUSH_S = 60, STEPS_PER_FLUSH = 24, ROUNDS = 9 };
#define BEGIN_S INT64_C(1763596800) /* 2025-11-20T00:00:00Z */

/* --- signals --- */
static uint64_t random_state;
static double uniform(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(random_state >> 11) / 9007199254740992.0;
}
static double noise(double sigma)
{
    return sigma * sqrt(-2 * log(uniform() + 1e-300)) * cos(6.283185307179586 * uniform());
}

struct signal {
    double walk, level, sum;
};
static struct signal signals[SIGNALS];

static double rounded(double value, double power)
{
    return round(value * power) / power;
}

static double signal_next(size_t which, int64_t t_s, double step_s)
{
    struct signal *s = &signals[which];
    const size_t kind = which % PER_CLOCK;
    const double swing = sin(6.283185307179586 * (double)(t_s % DAY_S) / DAY_S + (double)which);
    if (kind < 8) {
        s->walk = s->walk * (1 - 0.0001 * step_s) + noise(0.002 * sqrt(step_s));
        return rounded(24 + (double)kind * 0.3 + 1.5 * swing + s->walk + noise(0.02), 10);
    }
    if (kind < 10) {
        s->walk = s->walk * (1 - 0.0001 * step_s) + noise(0.004 * sqrt(step_s));
        return rounded(45 + 5 * swing + s->walk + noise(0.05), 10);
    }
    if (kind < 16) { /* the meters follow loads of their own */
        if (s->level <= 0 || uniform() < step_s / 600)
            s->level = 8 + 8 * uniform();
        const double load = s->level + 0.5 * swing + noise(0.03);
        s->sum += load * step_s / 3600;
        return kind < 14 ? rounded(load, 100) : rounded(120000 + s->sum, 100);
    }
    if (kind < 19) {
        if (uniform() < step_s / 10800)
            s->level = s->level > 0 ? 0 : 1;
        return s->level;
    }
    return rounded(230 + 1.5 * swing + noise(0.15), 10);
}

static void signals_begin(void)
{
    random_state = 42;
    memset(signals, 0, sizeof signals);
}

/* --- figures --- */
static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double thread_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(enum sk_err err, const char *what)
{
    if (err == SK_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, sk_err_text(err));
    exit(1);
}

static struct sk_history *open_new(const char *directory, const char *name, uint32_t *points, size_t count, int64_t hold_ms)
{
    char path[512], id[64];
    struct sk_fault fault = {0};
    struct sk_history *history;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (sk_history_open(path, SK_STORE_WRITER, &history, &fault) != SK_OK) {
        fprintf(stderr, "%s\n", fault.text);
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof id, "bench%zu/signal%zu", i / PER_CLOCK, i);
        must(sk_history_point(history, id, hold_ms, &points[i]), "point");
    }
    return history;
}

/* `values`: row by row, made before anything is measured. */
static void store(struct sk_history *history, const uint32_t *points, const double *values, size_t count, int64_t steps,
                  int64_t step_s, int64_t from_s, int64_t flush_s)
{
    struct sk_history_sample samples[SIGNALS];
    bool more = true;
    for (int64_t t = 0; t < steps; t++) {
        const int64_t now_us = (from_s + t * step_s) * 1000000;
        for (size_t i = 0; i < count; i++)
            samples[i] = (struct sk_history_sample){points[i], SK_Q_GOOD, 0, now_us, values[(size_t)t * count + i]};
        for (size_t i = 0; i < count; i += PER_CLOCK)
            must(sk_history_put(history, samples + i, PER_CLOCK), "put");
        if (t % (step_s < flush_s ? flush_s / step_s : STEPS_PER_FLUSH) == 0) {
            must(sk_history_flush(history, now_us), "flush");
            do
                must(sk_history_tend(history, now_us, &more), "tend");
            while (more);
        }
    }
    must(sk_history_seal(history, (from_s + steps * step_s) * 1000000), "seal");
}

static void report_size(const char *directory, const char *name, double samples)
{
    char path[560];
    sqlite3 *db;
    sqlite3_stmt *statement;
    struct stat status;
    double raw = 0, tiers = 0;
    snprintf(path, sizeof path, "%s/%s/history.db", directory, name);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        exit(1);
    sqlite3_exec(db, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "SELECT tier, sum(length(bytes)) FROM segment GROUP BY tier", -1, &statement, NULL);
    while (sqlite3_step(statement) == SQLITE_ROW)
        *(sqlite3_column_int(statement, 0) == 0 ? &raw : &tiers) += sqlite3_column_double(statement, 1);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    stat(path, &status);
    const double file = (double)status.st_size;
    printf("{\"bench\":\"history.bytes_per_sample\",\"samples\":%.0f,\"raw\":%.4f,\"tiers\":%.4f,\"file\":%.4f,"
           "\"file_without_tiers\":%.4f}\n",
           samples, raw / samples, tiers / samples, file / samples, (file - tiers) / samples);
}

static void bench_day(const char *directory, const char *dump)
{
    uint32_t points[SIGNALS];
    const size_t all = (size_t)DAY_S * SIGNALS;
    double *values = malloc(all * sizeof *values);
    if (values == NULL)
        exit(1);
    signals_begin();
    for (int64_t t = 0; t < DAY_S; t++)
        for (size_t i = 0; i < SIGNALS; i++)
            values[(size_t)t * SIGNALS + i] = signal_next(i, BEGIN_S + t, 1);
    FILE *file = dump != NULL ? fopen(dump, "w") : NULL;
    for (size_t i = 0; file != NULL && i < SIGNALS; i++)
        for (int64_t hour = 0; hour < 24; hour++) {
            fprintf(file, "{\"metric\":{\"__name__\":\"bench\",\"point\":\"%zu\"},\"values\":[", i);
            for (int64_t t = hour * 3600; t < (hour + 1) * 3600; t++)
                fprintf(file, "%s%.10g", t % 3600 == 0 ? "" : ",", values[(size_t)t * SIGNALS + i]);
            fputs("],\"timestamps\":[", file);
            for (int64_t t = hour * 3600; t < (hour + 1) * 3600; t++)
                fprintf(file, "%s%lld", t % 3600 == 0 ? "" : ",", (long long)(BEGIN_S + t) * 1000);
            fputs("]}\n", file);
        }
    if (file != NULL)
        fclose(file);
    /* as a running site does (a synced row every ten seconds of data), and as an import does (one every minute) */
    for (int live = 0; live < 2; live++) {
        struct sk_history *history = open_new(directory, live != 0 ? "live" : "import", points, SIGNALS, 5000);
        const double cpu = cpu_s(), wall = wall_s();
        store(history, points, values, SIGNALS, DAY_S, 1, BEGIN_S, live != 0 ? FLUSH_S : IMPORT_FLUSH_S);
        printf("{\"bench\":\"history.store.%s\",\"samples\":%zu,\"cpu_us_per_sample\":%.4f,\"wall_us_per_sample\":%.4f}\n",
               live != 0 ? "live" : "import", all, (cpu_s() - cpu) * 1e6 / (double)all, (wall_s() - wall) * 1e6 / (double)all);
        sk_history_close(history);
    }
    report_size(directory, "live", (double)all);
    free(values);
}

static int by_size(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

static void bench_query(const char *directory, const char *name, const char *what, int64_t days, int64_t step_s, int tier)
{
    uint32_t points[PER_CLOCK];
    char path[512];
    double times[ROUNDS], cpu[ROUNDS];
    struct sk_fault fault = {0};
    struct sk_history_answer answer;
    const int64_t steps = days * DAY_S / step_s;
    double *values = malloc((size_t)steps * PER_CLOCK * sizeof *values);
    if (values == NULL)
        exit(1);
    signals_begin();
    for (int64_t t = 0; t < steps; t++)
        for (size_t i = 0; i < PER_CLOCK; i++)
            values[(size_t)t * PER_CLOCK + i] = signal_next(i, BEGIN_S + t * step_s, (double)step_s);
    struct sk_history *history = open_new(directory, name, points, PER_CLOCK, step_s * 5000);
    store(history, points, values, PER_CLOCK, steps, step_s, BEGIN_S, IMPORT_FLUSH_S);
    sk_history_close(history);
    free(values);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (sk_history_open(path, SK_STORE_READER, &history, &fault) != SK_OK)
        exit(1);
    const struct sk_history_query query = {"bench0/signal3", BEGIN_S * 1000000, (BEGIN_S + days * DAY_S) * 1000000, tier,
                                           UINT32_MAX};
    size_t items = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const double begin = wall_s(), begin_cpu = thread_cpu_s();
        must(sk_history_read(history, &query, &answer), "read");
        times[i] = (wall_s() - begin) * 1e3;
        cpu[i] = (thread_cpu_s() - begin_cpu) * 1e3;
        items = answer.count;
        sk_history_answer_free(&answer);
    }
    sk_history_close(history);
    qsort(times, ROUNDS, sizeof *times, by_size);
    qsort(cpu, ROUNDS, sizeof *cpu, by_size);
    printf("{\"bench\":\"history.query\",\"what\":\"%s\",\"items\":%zu,\"median_ms\":%.3f,\"worst_ms\":%.3f,\"cpu_ms\":%.3f}\n",
           what, items, times[ROUNDS / 2], times[ROUNDS - 1], cpu[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    const char *dump = NULL;
    bool day_only = false;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--dump") == 0 && i + 1 < argc)
            dump = argv[++i];
        else if (strcmp(argv[i], "--day-only") == 0)
            day_only = true;
    }
    if (argc < 2) {
        fputs("usage: bench_history EMPTY-DIRECTORY [--dump FILE] [--day-only]\n", stderr);
        return 2;
    }
    bench_day(argv[1], dump);
    if (day_only)
        return 0;
    bench_query(argv[1], "week", "a week of one point at 1 min, stored at 1 s", 7, 1, SK_TIER_MINUTE);
    bench_query(argv[1], "year", "a year of one point at 15 min, stored at 5 min", 365, 300, SK_TIER_QUARTER);
    return 0;
}
