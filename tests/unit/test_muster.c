/* SPDX-License-Identifier: Apache-2.0 */
/* The muster through its commands, on a real recorder and store: who is on the list and in which order, ticks while the log
 * cannot be written, corrections that need two, the sheet on disk; and what the log says of it afterwards. */
#include "collector/engine/replay.h"
#include "collector/muster_file.h"
#include "collector/request.h"
#include "schemas/base/json.h"
#include "tests/unit/roster_kit.h"
#include "tests/unit/shell_kit.h"

enum { CONSOLE = 1000, PEOPLE = 6 };
static struct shell shell;
static struct sk_command_floor floor_;
static uint64_t event_seq;
static char warden[SK_SECRET_TEXT], second[SK_SECRET_TEXT], viewer[SK_SECRET_TEXT];

/* Runs, commits, answers: the answer is the caller's. */
static cJSON *ask_at(const char *token, const char *command, const char *args, int64_t ms)
{
    char line[512];
    const struct sk_now now = kit_now(ms);
    struct sk_answer answer;
    struct sk_fault fault;
    char *text = NULL;
    size_t length = 0;
    cJSON *json = NULL;
    snprintf(line, sizeof line, "{\"cmd\":\"%s\"%s%s%s,\"args\":%s}", command, token != NULL ? ",\"token\":\"" : "",
             token != NULL ? token : "", token != NULL ? "\"" : "", args);
    sk_command_run(&floor_, line, strlen(line), CONSOLE, &now, &answer);
    const enum sk_err committed = sk_recorder_commit(shell.recorder, &now);
    if (committed == SK_OK)
        sk_engine_committed(floor_.engine);
    assert_int_equal(sk_answer_to_line(&floor_, &answer, committed, &text, &length), SK_OK);
    assert_int_equal(sk_json_parse(text, length - 1, &SK_JSON_PAYLOAD, &json, &fault), SK_OK);
    cJSON_free(text);
    return json;
}

static cJSON *good(const char *token, const char *command, const char *args, int64_t ms)
{
    cJSON *answer = ask_at(token, command, args, ms);
    if (!cJSON_IsTrue(sk_json_get(answer, "ok")))
        fail_msg("%s %s: %s", command, args, sk_json_text(sk_json_get(answer, "detail")));
    cJSON *result = cJSON_DetachItemFromObject(answer, "result");
    cJSON_Delete(answer);
    return result;
}

static void does(const char *token, const char *command, const char *args, int64_t ms)
{
    cJSON_Delete(good(token, command, args, ms));
}

static void refused(const char *token, const char *command, const char *args, const char *word, int64_t ms)
{
    cJSON *answer = ask_at(token, command, args, ms);
    const char *error = sk_json_text(sk_json_get(answer, "error"));
    if (error == NULL || strcmp(error, word) != 0)
        fail_msg("%s %s: %s instead of %s", command, args, error != NULL ? error : "done", word);
    cJSON_Delete(answer);
}

static void make_account(const char *name, const char *role, char token[SK_SECRET_TEXT])
{
    char args[128];
    snprintf(args, sizeof args, "{\"account\":\"%s\",\"roles\":[\"%s\"]}", name, role);
    does(NULL, "account.create", args, 1);
    snprintf(args, sizeof args, "{\"account\":\"%s\"}", name);
    cJSON *result = good(NULL, "token.create", args, 1);
    assert_true(sk_text_copy(token, SK_SECRET_TEXT, sk_json_text(sk_json_get(result, "token"))));
    cJSON_Delete(result);
}

static int setup(void **state)
{
    struct sk_fault fault = {0};
    if (support_setup(state) != 0)
        return -1;
    event_seq = 0;
    shell_setup(&shell);
    kit_start(&shell.kit);
    floor_ = (struct sk_command_floor){
        .site = &shell.kit.site, .engine = shell.kit.engine, .recorder = shell.recorder, .console_uid = CONSOLE};
    floor_.site_key = (const uint8_t *)"0123456789abcdef0123456789abcdef";
    assert_int_equal(sk_zone_load("Asia/Tokyo", (struct sk_zone **)(uintptr_t)&floor_.zone, &fault), SK_OK);
    sk_engine_set_zone(floor_.engine, floor_.zone);
    assert_int_equal(sk_vault_open(support_directory, &floor_.vault, &fault), SK_OK);
    make_account("warden", "operator", warden);
    make_account("second", "reception", second);
    make_account("viewer", "viewer", viewer);
    for (int i = 1; i <= PEOPLE; i++) {
        char args[160];
        snprintf(args, sizeof args, "{\"name\":\"秘密 %d\",\"kind\":\"staff\",\"company\":\"みほん\"}", i);
        does(NULL, "person.create", args, 1);
        snprintf(args, sizeof args, "{\"person\":\"p-%d\",\"card\":\"04a%d\"}", i, i);
        does(NULL, "credential.issue", args, 1);
    }
    return 0;
}

static int teardown(void **state)
{
    shell_disk(true);
    sk_vault_close(floor_.vault);
    sk_zone_free((struct sk_zone *)(uintptr_t)floor_.zone);
    kit_stop(&shell.kit);
    sk_recorder_close(shell.recorder);
    return support_teardown(state);
}

static void passage(int person, uint16_t ev, int reader, int64_t ms)
{
    char card[8];
    bool duplicate;
    struct sk_access_event event = kit_event(ev, 1, ++event_seq, ms);
    const struct sk_now now = kit_now(ms);
    snprintf(card, sizeof card, "04a%d", person);
    event.reader = reader;
    event.has_identifier_hmac = sk_roster_identifier(&floor_, card, &event.identifier_hmac);
    assert_true(event.has_identifier_hmac);
    assert_int_equal(sk_engine_event(floor_.engine, &event, &now, sk_recorder_effects(shell.recorder), &duplicate), SK_OK);
    if (sk_recorder_commit(shell.recorder, &now) == SK_OK)
        sk_engine_committed(floor_.engine);
}

static void enters(int person, int64_t ms)
{
    passage(person, SK_EV_ACC_TAKEN, 0, ms);
}
static void leaves(int person, int64_t ms)
{
    passage(person, SK_EV_ACC_TAKEN, 1, ms);
}

/* The list as "p-1:missing p-2:left!" in its order; ! not recorded, ? only perhaps. */
static const char *list(const char *token, int64_t ms)
{
    static char text[512];
    size_t used = 0;
    const cJSON *item;
    cJSON *result = good(token, "muster.list", "{}", ms);
    text[0] = '\0';
    cJSON_ArrayForEach(item, sk_json_get(result, "items"))
    {
        const char *state = sk_json_text(sk_json_get(item, "state"));
        snprintf(text + used, sizeof text - used, "%s%s:%s%s%s", used > 0 ? " " : "", sk_json_text(sk_json_get(item, "person")),
                 state != NULL ? state : "-", cJSON_IsFalse(sk_json_get(item, "recorded")) ? "!" : "",
                 cJSON_IsTrue(sk_json_get(item, "perhaps")) ? "?" : "");
        used = strlen(text);
    }
    cJSON_Delete(result);
    return text;
}

static void same(const char *name, const char *got, const char *expected)
{
    if (strcmp(got, expected) != 0)
        fail_msg("%s: '%s', expected '%s'", name, got, expected);
}

static void a_muster(void **state)
{
    (void)state;
    enters(1, 1000);
    enters(2, 2000);
    enters(3, 3000);
    leaves(3, 4000);
    passage(4, SK_EV_ACC_GRANTED, 0, 5000); /* granted in, not reported used */
    same("before", list(warden, 6000), "p-1:- p-2:- p-4:-?");
    refused(warden, "muster.seen", "{\"person\":\"p-1\"}", "conflict", 6000);
    refused(viewer, "muster.start", "{}", "denied", 6000);
    refused(warden, "muster.start", "{\"zone\":\"server\"}", "not_found", 6000);
    does(warden, "muster.start", "{\"drill\":true,\"reason\":\"訓練\"}", 7000);
    refused(warden, "muster.start", "{}", "conflict", 7000);
    same("begins", list(warden, 7000), "p-1:missing p-2:missing p-4:missing?");
    does(warden, "muster.seen", "{\"person\":\"p-2\"}", 8000);
    does(warden, "muster.seen", "{\"person\":\"p-2\"}", 8500); /* twice is once */
    leaves(1, 9000);
    enters(5, 10000); /* somebody goes in meanwhile */
    same("goes on", list(warden, 11000), "p-4:missing? p-5:missing p-1:left p-2:seen");
    does(warden, "muster.unseen", "{\"person\":\"p-2\"}", 12000);
    same("taken back", list(warden, 12000), "p-2:missing p-4:missing? p-5:missing p-1:left");
    does(warden, "muster.seen", "{\"person\":\"p-2\"}", 13000);
    does(warden, "muster.seen", "{\"person\":\"p-6\"}", 13000); /* who was on no list turns up */
    enters(2, 14000);                                           /* back in after being seen */
    same("back in", list(warden, 15000), "p-2:missing p-4:missing? p-5:missing p-1:left p-6:seen");
    refused(warden, "muster.end", "{}", "conflict", 16000);
    refused(second, "muster.end", "{\"reason\":\"x\"}", "denied", 16000);
    does(warden, "muster.end", "{\"reason\":\"消防が確認\"}", 17000);
    same("after", list(warden, 18000), "p-2:- p-4:-? p-5:-");
    refused(warden, "muster.end", "{}", "conflict", 18000);
}

/* Guests as "vs-1:missing 2/2 vs-2:seen 0/1!": state, missing of listed, ! not recorded; then the counts. */
static const char *guest_list(const char *token, int64_t ms)
{
    static char text[512];
    size_t used = 0;
    const cJSON *item;
    cJSON *result = good(token, "muster.list", "{}", ms);
    const cJSON *counts = sk_json_get(sk_json_get(result, "muster"), "guests");
    cJSON_ArrayForEach(item, sk_json_get(result, "guests"))
    {
        snprintf(text + used, sizeof text - used, "%s:%s %d/%d%s ", sk_json_text(sk_json_get(item, "visit")),
                 sk_json_text(sk_json_get(item, "state")), sk_json_get(item, "missing")->valueint,
                 sk_json_get(item, "people")->valueint, cJSON_IsFalse(sk_json_get(item, "recorded")) ? "!" : "");
        used = strlen(text);
    }
    snprintf(text + used, sizeof text - used, "= %d %d %d %d !%d", sk_json_get(counts, "listed")->valueint,
             sk_json_get(counts, "seen")->valueint, sk_json_get(counts, "left")->valueint,
             sk_json_get(counts, "missing")->valueint, sk_json_get(counts, "unrecorded")->valueint);
    cJSON_Delete(result);
    return text;
}

/* What the log alone says, record by record. */
static bool replay_one(void *context, const struct sk_record *record)
{
    struct sk_replayed replayed;
    assert_int_equal(sk_replay_record(context, record, &replayed), SK_OK);
    return true;
}

static void check_guests(const struct sk_replay *replay)
{
    const struct sk_muster *live = sk_engine_muster(floor_.engine), *again = sk_replay_muster(replay);
    const struct sk_guests guests = sk_engine_guests(floor_.engine, SK_NEVER - 1);
    const struct sk_roster_view view = {sk_engine_roster(floor_.engine), sk_roster_version(sk_engine_roster(floor_.engine)), 0};
    const struct sk_trails trails = sk_engine_trails(floor_.engine);
    assert_int_equal(live->guests.count, again->guests.count);
    for (size_t i = 0; i < live->guests.count; i++) {
        const struct sk_guest_mark *mark = &live->guests.items[i], *other = &again->guests.items[i];
        struct sk_muster_guest row, told;
        assert_string_equal(mark->visit, other->visit);
        assert_string_equal(mark->by, other->by);
        assert_true(mark->listed == other->listed && mark->seen == other->seen && mark->seen_us == other->seen_us &&
                    mark->people == other->people && mark->point == other->point);
        assert_int_equal(sk_muster_guest_at(live, &guests, &view, &trails, i, &row),
                         sk_muster_guest_at(again, &guests, &view, &trails, i, &told));
    }
}

static void check_log(uint32_t seen_records)
{
    struct sk_replay *replay;
    const struct sk_walk walk = {.limit = UINT32_MAX, .door = -1};
    const struct sk_muster *live = sk_engine_muster(floor_.engine), *again;
    assert_int_equal(sk_replay_create(floor_.zone, &replay), SK_OK);
    assert_int_equal(sk_store_walk(sk_recorder_store(shell.recorder), &walk, replay_one, replay), SK_OK);
    again = sk_replay_muster(replay);
    uint32_t seen = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct sk_trail *trail = &sk_replay_trails(replay)->items[i];
        assert_int_equal(sk_muster_is_listed(live, i), sk_muster_is_listed(again, i));
        assert_int_equal(sk_muster_is_seen(live, i), sk_muster_is_seen(again, i));
        assert_int_equal(sk_muster_state_of(live, sk_engine_trail(floor_.engine, i), sk_engine_roster(floor_.engine), i),
                         sk_muster_state_of(again, trail, sk_replay_roster(replay), i));
        seen += sk_muster_is_seen(again, i);
    }
    assert_int_equal(seen, seen_records);
    check_guests(replay);
    assert_int_equal(again->running, live->running);
    sk_replay_free(replay);
}

/* The disk refuses: the roll is called all the same, nothing shown is called recorded, and afterwards the log has all of it. */
static void while_nothing_can_be_written(void **state)
{
    (void)state;
    for (int i = 1; i <= 4; i++)
        enters(i, 1000 * i);
    shell_disk(false);
    cJSON *started = good(warden, "muster.start", "{}", 10000);
    assert_true(cJSON_IsFalse(sk_json_get(started, "recorded")));
    cJSON_Delete(started);
    cJSON *seen = good(warden, "muster.seen", "{\"person\":\"p-2\"}", 11000);
    assert_true(cJSON_IsFalse(sk_json_get(seen, "recorded")));
    cJSON_Delete(seen);
    does(warden, "muster.seen", "{\"person\":\"p-3\"}", 12000);
    same("held", list(warden, 13000), "p-1:missing p-4:missing p-2:seen! p-3:seen!");
    for (int i = 0; i < 6000; i++) /* far beyond what may wait of the monitor's own records */
        shell_effect_record(&shell, SK_EV_SYS_POLLER);
    shell_commit(&shell, 14000);
    shell_commit(&shell, 14001);
    assert_true(sk_recorder_given_up(shell.recorder) > 5000);
    does(warden, "muster.seen", "{\"person\":\"p-1\"}", 15000);
    same("still held", list(warden, 16000), "p-4:missing p-1:seen! p-2:seen! p-3:seen!");
    shell_disk(true);
    does(warden, "muster.seen", "{\"person\":\"p-4\"}", 20000);
    same("recorded", list(warden, 21000), "p-1:seen p-2:seen p-3:seen p-4:seen");
    check_log(4);
    does(warden, "muster.end", "{}", 22000);
    check_log(4);
}

static const cJSON *first_of(const cJSON *result)
{
    return cJSON_GetArrayItem(sk_json_get(result, "items"), 0);
}

/* An operator may not read people; while a roll is called he sees the names on it. */
static void names(void **state)
{
    (void)state;
    enters(1, 1000);
    cJSON *before = good(warden, "muster.list", "{}", 2000), *inside = good(warden, "occupancy.list", "{}", 2000);
    assert_null(sk_json_get(first_of(before), "name"));
    assert_null(sk_json_get(first_of(inside), "name"));
    does(warden, "muster.start", "{}", 3000);
    cJSON *during = good(warden, "muster.list", "{}", 4000);
    assert_string_equal(sk_json_text(sk_json_get(first_of(during), "name")), "秘密 1");
    cJSON_Delete(before);
    cJSON_Delete(inside);
    cJSON_Delete(during);
}

static void corrections(void **state)
{
    static const char there[] = "{\"person\":\"p-1\",\"zone\":\"outside\",\"reason\":\"出たのを見た\"}";
    (void)state;
    enters(1, 1000);
    refused(warden, "occupancy.correct", "{\"person\":\"p-1\",\"zone\":\"outside\"}", "parse", 2000);
    refused(warden, "occupancy.correct", "{\"person\":\"p-9\",\"zone\":\"outside\",\"reason\":\"x\"}", "not_found", 2000);
    refused(warden, "occupancy.correct", "{\"person\":\"p-1\",\"zone\":\"moon\",\"reason\":\"x\"}", "not_found", 2000);
    refused(viewer, "occupancy.correct", there, "denied", 2000);
    refused(warden, "occupancy.forgive", "{\"person\":\"p-2\",\"reason\":\"x\"}", "not_found", 2000);
    const struct {
        const char *name, *token, *expected;
        int64_t ms;
    } rows[] = {{"class 3 waits", warden, "waits_for_second_person", 3000},
                {"the same account again", warden, "waits_for_second_person", 4000},
                {"too late", second, "waits_for_second_person", 4000 + 901 * 1000},
                {"another account", warden, "done", 4000 + 902 * 1000}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        cJSON *result = good(rows[i].token, "occupancy.correct", there, rows[i].ms);
        same(rows[i].name, sk_json_text(sk_json_get(result, "state")), rows[i].expected);
        cJSON_Delete(result);
    }
    same("he is out", list(NULL, 910000), "");
    enters(2, 911000);
    cJSON *result = good(warden, "occupancy.forgive", "{\"person\":\"p-2\",\"reason\":\"x\"}", 912000);
    same("forgiving in class 3", sk_json_text(sk_json_get(result, "state")), "waits_for_second_person");
    cJSON_Delete(result);
    same("stands where he was", list(NULL, 913000), "p-2:-");
}

static void sheet(void **state)
{
    static struct sk_muster_file file;
    static char text[8192];
    struct stat status;
    struct sk_now now = kit_now(10000);
    (void)state;
    umask(027);
    enters(1, 1000);
    sk_muster_file_init(&file, support_directory);
    assert_true(sk_muster_file_tend(&file, &floor_, &now));
    assert_int_equal(stat(support_path("muster.txt"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    FILE *read = fopen(support_path("muster.txt"), "r");
    text[fread(text, 1, sizeof text - 1, read)] = '\0';
    fclose(read);
    assert_non_null(strstr(text, "[ ] p-1"));
    assert_null(strstr(text, "秘密"));
    assert_null(strstr(text, "みほん"));
    now = kit_now(10000 + 299 * 1000);
    assert_false(sk_muster_file_tend(&file, &floor_, &now));
    does(warden, "muster.start", "{}", 310000);
    assert_true(sk_muster_file_tend(&file, &floor_, &now)); /* at once */
    assert_false(sk_muster_file_tend(&file, &floor_, &now));
    now = kit_now(10000 + 600 * 1000);
    shell_disk(false);
    assert_false(sk_muster_file_tend(&file, &floor_, &now)); /* the one before stays, whole */
    shell_disk(true);
    assert_int_equal(stat(support_path("muster.txt"), &status), 0);
    assert_true(status.st_size > 100);
    assert_int_equal(access(support_path("muster.txt.new"), F_OK), -1);
}

static void put_field(struct sk_writer *writer, uint16_t field, const void *bytes, size_t length)
{
    sk_write_u8(writer, (uint8_t)field);
    sk_write_u16(writer, (uint16_t)length);
    sk_write_bytes(writer, bytes, length);
}

static void apply_act(struct sk_register_act *act, const struct sk_writer *fields, int64_t ms)
{
    static const struct sk_roster_act by = {"desk", "", "", "test", 64};
    const struct sk_now now = kit_now(ms);
    act->fields = fields->buffer;
    act->fields_length = fields->length;
    sk_text_copy(act->actor, sizeof act->actor, "desk");
    assert_int_equal(sk_engine_register_act(floor_.engine, act, &by, &now, sk_recorder_effects(shell.recorder), NULL), SK_OK);
    assert_int_equal(sk_recorder_commit(shell.recorder, &now), SK_OK);
    sk_engine_committed(floor_.engine);
}

/* So many guests of a visit through d1 behind p-1. */
static void lead_some(const char *visit, const char *direction, double people, int64_t ms)
{
    const struct sk_now now = kit_now(ms);
    uint8_t fields[128], at[8], led[8];
    struct sk_writer writer = {fields, sizeof fields, 0, false}, time = {at, 8, 0, false}, number = {led, 8, 0, false};
    sk_write_i64(&time, now.utc_us);
    sk_write_f64(&number, people);
    put_field(&writer, SK_F_JOINT_VISIT, visit, strlen(visit));
    put_field(&writer, SK_F_JOINT_ESCORT, "p-1", 3);
    put_field(&writer, SK_F_JOINT_DOOR, "d1", 2);
    put_field(&writer, SK_F_JOINT_DIRECTION, direction, strlen(direction));
    put_field(&writer, SK_F_JOINT_AT, at, 8);
    put_field(&writer, SK_F_JOINT_COUNT, led, 8);
    struct sk_register_act act = {.row = sk_act_row(SK_EV_JOINT_RECORDED), .step = 1};
    sk_registers_next_id(sk_engine_registers(floor_.engine), SK_REGISTER_JOINT, act.entry);
    apply_act(&act, &writer, ms);
}

static void lead(const char *direction, int64_t ms)
{
    lead_some("vs-1", direction, 2, ms);
}

/* An act of a visit as the desk does it; the first one opens it. */
static void visit_act(const char *visit, uint16_t ev, uint32_t step, int64_t ms)
{
    uint8_t fields[64];
    struct sk_writer writer = {fields, sizeof fields, 0, false};
    if (step == 1) {
        put_field(&writer, SK_F_VISIT_COMPANY, "みほん", strlen("みほん"));
        put_field(&writer, SK_F_VISIT_HOST, "p-2", 3);
    }
    struct sk_register_act act = {.row = sk_act_row(ev), .step = step};
    sk_text_copy(act.entry, sizeof act.entry, visit);
    apply_act(&act, &writer, ms);
}

static void join_zones(void)
{
    static const struct sk_roster_act by = {"admin", "", "", "test", 64};
    const struct sk_now now = kit_now(500);
    struct sk_roster_change way =
        rk_way(shell.kit.site.doors[0].number, shell.kit.site.zones[0].number, shell.kit.site.zones[1].number, 3);
    assert_int_equal(sk_engine_roster_change(floor_.engine, &way, &by, &now, sk_recorder_effects(shell.recorder)), SK_OK);
}

/* Guests led in without a card: rows of their own in both lists and on the sheet, and in the zone's count. */
static void guests_led_in(void **state)
{
    static const char *const commands[] = {"occupancy.list", "muster.list"};
    const char *there = shell.kit.site.zones[1].id;
    (void)state;
    join_zones();
    enters(1, 1000);
    lead("in", 2000);
    for (size_t i = 0; i < SK_COUNT(commands); i++) {
        cJSON *result = good(warden, commands[i], "{}", 3000);
        const cJSON *guests = sk_json_get(result, "guests"), *guest = cJSON_GetArrayItem(guests, 0), *zone;
        assert_int_equal(cJSON_GetArraySize(guests), 1);
        same(commands[i], sk_json_text(sk_json_get(guest, "visit")), "vs-1");
        same(commands[i], sk_json_text(sk_json_get(guest, "zone")), there);
        same(commands[i], sk_json_text(sk_json_get(guest, "escort")), "p-1");
        assert_null(sk_json_get(guest, "name"));
        cJSON_ArrayForEach(zone, sk_json_get(result, "zones"))
        {
            const bool here = strcmp(sk_json_text(sk_json_get(zone, "zone")), there) == 0;
            assert_int_equal((int)cJSON_GetNumberValue(sk_json_get(zone, "guests")), here ? 2 : 0);
            assert_int_equal((int)cJSON_GetNumberValue(sk_json_get(zone, "count")), here ? 3 : 0);
        }
        cJSON_Delete(result);
    }
    cJSON *elsewhere = good(warden, "occupancy.list", "{\"zone\":\"nowhere\"}", 3000);
    assert_int_equal(cJSON_GetArraySize(sk_json_get(elsewhere, "guests")), 0);
    cJSON_Delete(elsewhere);
    lead("out", 4000);
    cJSON *after = good(warden, "occupancy.list", "{}", 5000);
    assert_int_equal(cJSON_GetArraySize(sk_json_get(after, "guests")), 0);
    cJSON_Delete(after);
}

static uint32_t inside(int64_t ms)
{
    cJSON *result = good(warden, "occupancy.list", "{}", ms);
    const cJSON *zone = cJSON_GetArrayItem(sk_json_get(result, "zones"), 1);
    const uint32_t guests = (uint32_t)sk_json_get(zone, "guests")->valueint;
    cJSON_Delete(result);
    return guests;
}

/* Strangers on the roll: led in, ticked off in part and whole, taken back, led in again, let in by the desk alone, gone. */
static void guests_called(void **state)
{
    (void)state;
    join_zones();
    enters(1, 1000);
    visit_act("vs-1", SK_EV_VISIT_REQUESTED, 1, 1000);
    visit_act("vs-1", SK_EV_VISIT_APPROVED, 2, 1000);
    visit_act("vs-2", SK_EV_VISIT_REQUESTED, 1, 1000);
    visit_act("vs-2", SK_EV_VISIT_APPROVED, 2, 1000);
    visit_act("vs-2", SK_EV_VISIT_ARRIVED, 3, 1000);
    lead_some("vs-1", "in", 3, 2000);
    refused(warden, "muster.seen", "{\"visit\":\"vs-1\"}", "conflict", 3000);
    does(warden, "muster.start", "{}", 4000);
    same("begins", guest_list(warden, 4000), "vs-1:missing 3/3 = 3 0 0 3 !0");
    does(warden, "muster.seen", "{\"visit\":\"vs-1\",\"people\":2}", 5000);
    same("two of three", guest_list(warden, 5000), "vs-1:missing 1/3 = 3 2 0 1 !0");
    assert_int_equal(inside(5000), 1);
    refused(warden, "muster.end", "{}", "conflict", 5000);
    visit_act("vs-2", SK_EV_VISIT_ENTERED, 4, 5500); /* the desk says so, no door did */
    same("let in meanwhile", guest_list(warden, 5500), "vs-1:missing 1/3 vs-2:missing 1/1 = 4 2 0 2 !0");
    check_log(0);
    does(warden, "muster.seen", "{\"visit\":\"vs-2\"}", 6000);
    does(warden, "muster.seen", "{\"visit\":\"vs-1\"}", 6000);
    const uint64_t acts = sk_engine_muster(floor_.engine)->acts;
    does(warden, "muster.seen", "{\"visit\":\"vs-1\"}", 6500); /* again is no second act */
    assert_int_equal(sk_engine_muster(floor_.engine)->acts, acts);
    same("all", guest_list(warden, 6500), "vs-1:seen 0/3 vs-2:seen 0/1 = 4 4 0 0 !0");
    assert_int_equal(inside(6500), 0);
    does(warden, "muster.unseen", "{\"visit\":\"vs-1\"}", 7000);
    same("taken back", guest_list(warden, 7000), "vs-1:missing 3/3 vs-2:seen 0/1 = 4 1 0 3 !0");
    assert_int_equal(inside(7000), 3);
    lead_some("vs-1", "out", 3, 8000);
    same("led out", guest_list(warden, 8000), "vs-1:left 0/3 vs-2:seen 0/1 = 4 1 3 0 !0");
    lead_some("vs-1", "in", 2, 9000);
    same("led in again", guest_list(warden, 9000), "vs-1:missing 2/2 vs-2:seen 0/1 = 3 1 0 2 !0");
    check_log(0);
    does(warden, "muster.seen", "{\"person\":\"p-1\"}", 9300);
    refused(warden, "muster.end", "{}", "conflict", 9400); /* guests alone are enough */
    does(warden, "muster.seen", "{\"visit\":\"vs-1\"}", 9500);
    does(warden, "muster.end", "{}", 9600);
    does(warden, "muster.start", "{}", 9700);
    same("nobody came in again", guest_list(warden, 9700), "= 0 0 0 0 !0");
    check_log(0);
}

static void guests_refused(void **state)
{
    static const struct {
        const char *name, *args, *word;
    } rows[] = {{"no such visit", "{\"visit\":\"vs-9\"}", "not_found"},
                {"a permit", "{\"visit\":\"pm-1\"}", "not_found"},
                {"both", "{\"visit\":\"vs-1\",\"person\":\"p-1\"}", "parse"},
                {"nobody of them", "{\"visit\":\"vs-1\",\"people\":0}", "parse"},
                {"too many", "{\"visit\":\"vs-1\",\"people\":51}", "parse"},
                {"a word", "{\"visit\":\"vs-1\",\"people\":\"all\"}", "parse"},
                {"too long", "{\"visit\":\"vs-111111111111111111111111111111\"}", "parse"}};
    (void)state;
    join_zones();
    visit_act("vs-1", SK_EV_VISIT_REQUESTED, 1, 1000);
    does(warden, "muster.start", "{}", 4000);
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        refused(warden, "muster.seen", rows[i].args, rows[i].word, 5000);
    refused(viewer, "muster.seen", "{\"visit\":\"vs-1\"}", "denied", 5000);
    does(warden, "muster.seen", "{\"visit\":\"vs-1\"}", 6000); /* who was on no list turns up */
    same("turned up", guest_list(warden, 6000), "vs-1:seen 0/1 = 1 1 0 0 !0");
}

/* The disk refuses: guests are ticked off all the same; the log has it afterwards. */
static void guests_without_a_disk(void **state)
{
    (void)state;
    join_zones();
    enters(1, 1000);
    visit_act("vs-1", SK_EV_VISIT_REQUESTED, 1, 1000);
    lead_some("vs-1", "in", 2, 2000);
    does(warden, "muster.start", "{}", 4000);
    shell_disk(false);
    cJSON *seen = good(warden, "muster.seen", "{\"visit\":\"vs-1\"}", 5000);
    assert_true(cJSON_IsFalse(sk_json_get(seen, "recorded")));
    cJSON_Delete(seen);
    same("held", guest_list(warden, 6000), "vs-1:seen 0/2! = 2 2 0 0 !1");
    shell_disk(true);
    does(warden, "muster.seen", "{\"person\":\"p-1\"}", 9000);
    same("recorded", guest_list(warden, 9500), "vs-1:seen 0/2 = 2 2 0 0 !0");
    check_log(1);
}

/* One line of 64 KiB holds no great crowd: the guests fill pages before the people do. */
static void many_guests(void **state)
{
    enum { VISITS = 130 };
    char visit[16], args[64];
    size_t guests = 0, people = 0, pages = 0;
    (void)state;
    join_zones();
    for (int i = 1; i <= PEOPLE; i++)
        enters(i, 1000 + i);
    for (int i = 1; i <= VISITS; i++) {
        snprintf(visit, sizeof visit, "vs-%d", i);
        visit_act(visit, SK_EV_VISIT_REQUESTED, 1, 2000 + i);
        lead_some(visit, "in", 1, 3000 + i);
    }
    does(warden, "muster.start", "{}", 4000);
    snprintf(args, sizeof args, "{}");
    for (const char *next = ""; next != NULL && pages < 20; pages++) {
        cJSON *result = good(warden, "muster.list", args, 5000);
        guests += (size_t)cJSON_GetArraySize(sk_json_get(result, "guests"));
        people += (size_t)cJSON_GetArraySize(sk_json_get(result, "items"));
        next = sk_json_text(sk_json_get(result, "next"));
        assert_true((sk_json_get(result, "muster") != NULL) == (pages == 0));
        if (next != NULL)
            snprintf(args, sizeof args, "{\"cursor\":\"%s\"}", next);
        cJSON_Delete(result);
        if (next == NULL)
            break;
    }
    assert_int_equal(guests, VISITS);
    assert_int_equal(people, PEOPLE);
    assert_true(pages > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_muster, setup, teardown),
        cmocka_unit_test_setup_teardown(while_nothing_can_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(names, setup, teardown),
        cmocka_unit_test_setup_teardown(corrections, setup, teardown),
        cmocka_unit_test_setup_teardown(sheet, setup, teardown),
        cmocka_unit_test_setup_teardown(guests_led_in, setup, teardown),
        cmocka_unit_test_setup_teardown(guests_called, setup, teardown),
        cmocka_unit_test_setup_teardown(guests_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(guests_without_a_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(many_guests, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
