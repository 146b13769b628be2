/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the collector's shell share: a recorder with a real store in a directory of its own, a sink that writes
 * down in order what became visible, and a disk that can be made to refuse. */
#ifndef SHELL_KIT_H
#define SHELL_KIT_H

#include <signal.h>
#include <sys/resource.h>

#include "collector/engine/internal.h"
#include "collector/recorder.h"
#include "schemas/base/log.h"
#include "tests/unit/engine_kit.h"
#include "tests/unit/store_support.h"

struct seen {
    char kind; /* R record, A alarm, u alarm unrecorded, P point */
    uint64_t number, raise, last;
    uint16_t ev;
};

struct shell {
    struct kit kit;
    struct sk_recorder *recorder;
    struct seen seen[8192];
    size_t seen_count;
    char order[8192]; /* kinds as a text */
};

static inline void shell_see(struct shell *shell, struct seen seen)
{
    if (shell->seen_count + 1 >= sizeof shell->order)
        return;
    shell->order[shell->seen_count] = seen.kind;
    shell->seen[shell->seen_count++] = seen;
    shell->order[shell->seen_count] = '\0';
}

static inline void shell_record(void *context, const struct sk_record *record)
{
    shell_see(context, (struct seen){.kind = 'R', .number = record->header.seq, .ev = record->header.ev});
}

static inline void shell_alarm(void *context, const struct sk_alarm *alarm, bool recorded)
{
    shell_see(context, (struct seen){.kind = recorded ? 'A' : 'u',
                                     .number = alarm->occurrence,
                                     .raise = alarm->raise_seq,
                                     .last = alarm->last_seq});
}

static inline void shell_point(void *context, uint32_t point)
{
    shell_see(context, (struct seen){.kind = 'P', .number = point});
}

static inline void shell_forget(struct shell *shell)
{
    shell->seen_count = 0;
    shell->order[0] = '\0';
}

static inline void shell_open(struct shell *shell)
{
    const struct sk_recorder_sink sink = {.context = shell, .record = shell_record, .alarm = shell_alarm, .point = shell_point};
    struct sk_fault fault = {0};
    if (sk_recorder_open(support_directory, NULL, &shell->kit.site, &sink, &shell->recorder, &fault) != SK_OK)
        fail_msg("recorder: %s", fault.text);
}

static inline void shell_setup(struct shell *shell)
{
    memset(shell, 0, sizeof *shell);
    kit_site(&shell->kit);
    shell->kit.site.checkpoint_records = 1000;
    shell->kit.site.checkpoint_s = 3600;
    shell_open(shell);
    const struct sk_now now = kit_now(0);
    assert_int_equal(sk_recorder_commit(shell->recorder, &now), SK_OK);
    shell_forget(shell);
}

/* --- a disk that refuses --- */

static inline void shell_disk(bool works)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = works ? limit.rlim_max : 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* --- effects as an engine makes them --- */

static inline void shell_effect_record(struct shell *shell, enum sk_event event)
{
    struct sk_effects *effects = sk_recorder_effects(shell->recorder);
    assert_int_equal(sk_effects_reserve(effects, 1, 0, 0, 0), SK_OK);
    struct sk_draft *draft = sk_effects_record(effects);
    draft->header.ev = (uint16_t)event;
    draft->header.class_ = (uint8_t)sk_event_class((int)event);
    draft->header.t_recv_us = (uint64_t)KIT_UTC0;
    sk_body_put_text(&draft->body, SK_TAG_DETAIL, "x");
}

static inline void shell_effect_alarm(struct shell *shell, enum sk_event event, uint64_t occurrence, uint16_t bits)
{
    struct sk_effects *effects = sk_recorder_effects(shell->recorder);
    const struct sk_alarm alarm = {.occurrence = occurrence, .bits = bits, .source = "dev/t"};
    shell_effect_record(shell, event);
    assert_int_equal(sk_effects_reserve(effects, 0, 1, 0, 0), SK_OK);
    sk_effects_alarm(effects, &alarm);
}

static inline void shell_effect_point(struct shell *shell, uint32_t point)
{
    struct sk_effects *effects = sk_recorder_effects(shell->recorder);
    assert_int_equal(sk_effects_reserve(effects, 0, 0, 0, 1), SK_OK);
    sk_effects_point(effects, point);
}

static inline void shell_effect_row(struct shell *shell, const char *key, uint8_t value)
{
    struct sk_effects *effects = sk_recorder_effects(shell->recorder);
    struct sk_row row;
    assert_int_equal(sk_effects_reserve(effects, 0, 0, 1, 0), SK_OK);
    sk_effects_put(effects, key, &row);
    sk_write_u8(&row.writer, value);
    sk_row_end(&row);
}

static inline enum sk_err shell_commit(struct shell *shell, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    return sk_recorder_commit(shell->recorder, &now);
}

#endif
