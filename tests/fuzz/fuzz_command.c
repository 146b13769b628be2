/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines on a real floor: store, vault and engine in a directory of this process. The first byte chooses who speaks. An
 * answer is always one line of JSON, and what was asked never keeps the log from being written. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/commands.h"
#include "schemas/base/log.h"
#include "tests/fuzz/engine_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sk_command_floor ground;
static struct sk_site site;
static char directory[64];
static int64_t clock_us = INT64_C(1763640000000000);

static void no_record(void *context, const struct sk_record *record)
{
    (void)context;
    (void)record;
}
static void no_alarm(void *context, const struct sk_alarm *alarm, bool recorded)
{
    (void)context;
    (void)alarm;
    (void)recorded;
}
static void no_point(void *context, uint32_t point)
{
    (void)context;
    (void)point;
}

static void must(bool good)
{
    if (!good)
        abort();
}

static struct sk_now now_next(void)
{
    clock_us += SK_US_PER_S;
    return (struct sk_now){.utc_us = clock_us, .mono_us = clock_us};
}

static void clean_up(void)
{
    static const char *const names[] = {"log.db",       "log.db-wal",      "log.db-shm",     "vault.db",       "vault.db-wal",
                                        "vault.db-shm", "history.db",      "history.db-wal", "history.db-shm", "store.lock",
                                        "vault.lock",   "log-signing.pem", "reserve",        "log.db-journal"};
    char path[128];
    sk_vault_close(ground.vault);
    sk_engine_free(ground.engine);
    sk_recorder_close(ground.recorder);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void open_ground(void)
{
    const struct sk_recorder_sink sink = {.record = no_record, .alarm = no_alarm, .point = no_point};
    const struct sk_now now = now_next();
    struct sk_fault fault;
    site = *fuzz_site();
    site.checkpoint_records = 100;
    site.checkpoint_s = 60;
    strcpy(directory, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sk-fuzz-XXXXXX" : "/tmp/sk-fuzz-XXXXXX");
    must(mkdtemp(directory) != NULL);
    must(sk_recorder_open(directory, NULL, &site, &sink, &ground.recorder, &fault) == SK_OK);
    must(sk_vault_open(directory, &ground.vault, &fault) == SK_OK);
    must(sk_engine_create(&site, "boot", &ground.engine) == SK_OK);
    must(sk_engine_start(ground.engine, &now, sk_recorder_effects(ground.recorder)) == SK_OK);
    must(sk_engine_system(ground.engine, "x", true, SK_SEV_LOW, "open", &now, sk_recorder_effects(ground.recorder)) == SK_OK);
    ground.site = &site;
    ground.console_uid = 1000;
    atexit(clean_up);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uid_t speakers[] = {0, 1000, 1001};
    struct sk_answer answer;
    char *text = NULL;
    size_t length = 0;
    if (size == 0 || size > 65536)
        return 0;
    if (ground.recorder == NULL)
        open_ground();
    char *line = malloc(size); /* as a connection hands it over: NUL behind the line */
    must(line != NULL);
    memcpy(line, data + 1, size - 1);
    line[size - 1] = '\0';
    const struct sk_now now = now_next();
    sk_command_run(&ground, line, size - 1, speakers[data[0] % 3], &now, &answer);
    const enum sk_err committed = sk_recorder_commit(ground.recorder, &now);
    must(committed == SK_OK && sk_recorder_given_up(ground.recorder) == 0);
    must(sk_answer_to_line(&ground, &answer, committed, &text, &length) == SK_OK);
    must(length > 2 && text[length - 1] == '\n' && memchr(text, '\n', length - 1) == NULL);
    cJSON *json = cJSON_ParseWithLength(text, length);
    must(cJSON_IsBool(cJSON_GetObjectItem(json, "ok")));
    cJSON_Delete(json);
    cJSON_free(text);
    free(line);
    return 0;
}
