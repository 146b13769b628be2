/* SPDX-License-Identifier: Apache-2.0 */
/* bench_fill STATE_DIRECTORY COUNT [years|month|people TAGS]: a log of COUNT records through the store's own writer, so that a
 * start with a large log, a page of it, or its export can be timed. years: over two years, one in ten of class system, the rest
 * door events without content. month: over the last thirty days, passages as the engine writes them, of 200 people at 50 doors
 * on 10 controllers. people: over one year, each door event is of one of the people whose subject tags the file TAGS lists
 * (hex, one a line); the first of them passes once in 200 000 records, the others alike. Prints how long the appending took,
 * and how much of it on a core. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/base/clock.h"
#include "schemas/model/access_event.h"
#include "schemas/store/checkpoint.h"
#include "schemas/store/store.h"

enum { GROUP = 10000, BODY = 240, DOORS = 50, CONTROLLERS = 10 };
static const int64_t DAY_US = INT64_C(86400) * SK_US_PER_S;

static void check(enum sk_err err, const char *what)
{
    if (err == SK_OK)
        return;
    fprintf(stderr, "bench_fill: %s: %s\n", what, sk_err_text(err));
    exit(1);
}

enum { TAGS_MAX = 100000, RARE = 200000 };
static uint8_t tags[TAGS_MAX][SK_SUBJECT_SIZE];
static size_t tag_count;

static void read_tags(const char *path)
{
    char line[64];
    FILE *file = fopen(path, "r");
    while (file != NULL && tag_count < TAGS_MAX && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (sk_hex_read(tags[tag_count], SK_SUBJECT_SIZE, line))
            tag_count++;
    }
    if (file != NULL)
        fclose(file);
    if (tag_count < 2)
        check(SK_ERR_PARSE, path);
}

static void put_subject(struct sk_header *header, uint64_t i)
{
    if (tag_count == 0 || header->class_ != SK_CLASS_ACCESS)
        return;
    const size_t who = i % RARE == 0 ? 0 : 1 + (size_t)(i * UINT64_C(2654435761) >> 7) % (tag_count - 1);
    memcpy(header->subject, tags[who], SK_SUBJECT_SIZE);
}

static void draft_plain(struct sk_draft *draft, int64_t t_us, uint64_t i)
{
    static const uint8_t native[BODY];
    const bool system = i % 10 == 9;
    memset(&draft->header, 0, sizeof draft->header);
    draft->header.t_recv_us = (uint64_t)t_us;
    draft->header.ev = system ? SK_EV_LOG_HEARTBEAT : SK_EV_ACC_GRANTED;
    draft->header.class_ = system ? SK_CLASS_SYSTEM : SK_CLASS_ACCESS;
    draft->header.ctrl_seq = i;
    put_subject(&draft->header, i);
    sk_body_init(&draft->body);
    sk_body_put_bytes(&draft->body, SK_TAG_NATIVE, native, tag_count > 0 ? BODY / 2 : BODY - 20);
}

static uint16_t door_numbers[DOORS], zone_numbers[DOORS], controller_numbers[CONTROLLERS];

/* As the recorder gives them: a number is a record. */
static void give_number(struct sk_store *store, const char *kind, int i, uint16_t *ret_number)
{
    static struct sk_draft draft;
    char id[48];
    bool is_new;
    uint64_t seq;
    sk_text_format(id, sizeof id, "%s-%d", kind, i);
    check(sk_store_number(store, kind, id, ret_number, &is_new), kind);
    if (!is_new)
        return;
    draft.header =
        (struct sk_header){.t_recv_us = (uint64_t)sk_clock_read().utc_us, .ev = SK_EV_SYS_NUMBER, .class_ = SK_CLASS_SYSTEM};
    sk_body_init(&draft.body);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, *ret_number);
    check(sk_store_append(store, &draft, &seq), "append");
}

static void give_numbers(struct sk_store *store)
{
    check(sk_store_begin(store), "begin");
    for (int i = 0; i < DOORS; i++) {
        give_number(store, "door", i, &door_numbers[i]);
        give_number(store, "zone", i, &zone_numbers[i]);
    }
    for (int i = 0; i < CONTROLLERS; i++)
        give_number(store, "ctrl", i, &controller_numbers[i]);
    check(sk_store_commit(store), "commit");
}

static void draft_passage(struct sk_draft *draft, int64_t t_us, uint64_t i)
{
    const bool granted = i % 20 != 19;
    const uint16_t reason = SK_DENY_UNAUTHORIZED;
    struct sk_hash card = {{0}};
    struct sk_body *body = &draft->body;
    memcpy(card.bytes, &i, sizeof i);
    draft->header = (struct sk_header){.t_recv_us = (uint64_t)t_us,
                                       .zone = zone_numbers[i % DOORS],
                                       .door = door_numbers[i % DOORS],
                                       .ev = granted ? SK_EV_ACC_GRANTED : SK_EV_ACC_DENIED,
                                       .class_ = SK_CLASS_ACCESS,
                                       .flags = granted ? SK_DECISION_GRANTED | SK_DECISION_GRANTED << SK_FLAG_OURS_SHIFT
                                                        : SK_DECISION_DENIED | SK_DECISION_DENIED << SK_FLAG_OURS_SHIFT,
                                       .ctrl = controller_numbers[i % CONTROLLERS],
                                       .ctrl_epoch = 7,
                                       .ctrl_seq = i / CONTROLLERS + 1};
    draft->header.subject[0] = (uint8_t)(i % 200 + 1);
    sk_body_init(body);
    sk_body_put_i64(body, SK_TAG_T_CTRL, t_us - 1500);
    sk_body_put_i64(body, SK_TAG_SKEW_US, -1500);
    sk_body_put_u8(body, SK_TAG_OCCURRENCE_CLASS, SK_OCC_ONLINE);
    sk_body_put_text(body, SK_TAG_ONVIF_TOPIC, "tns1:AccessControl/AccessGranted/Credential");
    sk_body_put_hash(body, SK_TAG_IDENTIFIER_HMAC, &card);
    sk_body_put_u16(body, SK_TAG_FACTORS_CLAIMED, 3);
    sk_body_put_u16(body, SK_TAG_FACTORS_REQUIRED, 3);
    sk_body_put_u8(body, SK_TAG_EXTERNAL, 0);
    sk_body_put_u8(body, SK_TAG_EXEMPTED, 0);
    sk_body_put_u8(body, SK_TAG_CTRL_DECISION, granted ? SK_DECISION_GRANTED : SK_DECISION_DENIED);
    sk_body_put_u16(body, SK_TAG_CTRL_REASON, granted ? SK_DENY_NONE : SK_DENY_UNAUTHORIZED);
    sk_body_put_u8(body, SK_TAG_OUR_DECISION, granted ? SK_DECISION_GRANTED : SK_DECISION_DENIED);
    if (!granted)
        sk_body_put_u16s(body, SK_TAG_OUR_REASONS, &reason, 1);
    sk_body_put_u64(body, SK_TAG_ROSTER_VERSION, 400);
    sk_body_put_u16(body, SK_TAG_AREA_FROM, zone_numbers[0]);
    sk_body_put_u16(body, SK_TAG_AREA_TO, zone_numbers[i % DOORS]);
    sk_body_put_text(body, SK_TAG_READER, i % 2 == 0 ? "reader-in" : "reader-out");
    sk_body_put_text(body, SK_TAG_DIRECTION, i % 2 == 0 ? "entry" : "exit");
    sk_body_put_text(body, SK_TAG_DEVICE, "controller-0");
    sk_body_put_text(body, SK_TAG_PLACE, "本館 2F サーバ室 A 01");
    sk_body_put_u8(body, SK_TAG_CLOCK_QUALITY, SK_CLOCK_SYNCED);
    sk_body_put_u8(body, SK_TAG_AGREEMENT, 1);
}

/* A log that a collector began owes its checkpoints; a bare one has no name to sign. */
static struct sk_signer *signer_of(struct sk_store *store, const char *directory)
{
    char origin[SK_ORIGIN_MAX], path[4096];
    struct sk_signer *signer = NULL;
    struct sk_fault fault = {0};
    if (sk_store_origin(store, origin, sizeof origin) != SK_OK)
        return NULL;
    sk_text_format(path, sizeof path, "%s/log-signing.pem", directory);
    check(sk_signer_open(path, false, &signer, &fault), fault.text);
    return signer;
}

static void sign(struct sk_store *store, struct sk_signer *signer)
{
    static const struct sk_cadence cadence = {SK_CADENCE_RECORDS, SK_CADENCE_S};
    const struct sk_now now = sk_clock_read();
    if (signer != NULL)
        check(sk_checkpoint_make(store, signer, &cadence, &now, NULL), "checkpoint");
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct sk_store *store;
    struct sk_fault fault = {0};
    static struct sk_draft draft;
    uint64_t seq;
    const bool month = argc == 4 && strcmp(argv[3], "month") == 0;
    const bool people = argc == 5 && strcmp(argv[3], "people") == 0;
    if (argc != 3 && !month && !people && (argc != 4 || strcmp(argv[3], "years") != 0))
        return 2;
    if (people)
        read_tags(argv[4]);
    const uint64_t count = strtoull(argv[2], NULL, 10);
    const int64_t span_us = month    ? 30 * DAY_US
                            : people ? 365 * DAY_US
                                     : 730 * DAY_US,
                  begin_us = sk_clock_read().utc_us - span_us;
    const double step_us = (double)span_us / (double)count;
    check(sk_store_open(argv[1], SK_STORE_WRITER, &store, &fault), fault.text);
    struct sk_signer *signer = signer_of(store, argv[1]);
    if (month)
        give_numbers(store);
    const int64_t start_us = sk_clock_mono_us();
    const double start_cpu_s = cpu_s();
    for (uint64_t i = 0; i < count; i++) {
        const int64_t t_us = begin_us + (int64_t)(step_us * (double)i);
        if (i % GROUP == 0)
            check(sk_store_begin(store), "begin");
        if (month)
            draft_passage(&draft, t_us, i);
        else
            draft_plain(&draft, t_us, i);
        check(sk_store_append(store, &draft, &seq), "append");
        if (i % SK_CADENCE_RECORDS == SK_CADENCE_RECORDS - 1 || i == count - 1)
            sign(store, signer);
        if (i % GROUP == GROUP - 1 || i == count - 1) {
            check(sk_store_commit(store), "commit");
            sk_store_tend(store);
        }
    }
    printf("{\"records\":%llu,\"seconds\":%.4f,\"cpu_seconds\":%.4f}\n", (unsigned long long)count,
           (double)(sk_clock_mono_us() - start_us) / 1e6, cpu_s() - start_cpu_s);
    sk_signer_free(signer);
    sk_store_close(store);
    return 0;
}
