/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged log is set aside byte for byte, and its successor quotes it and goes on with numbers, roster, alarms and pending
 * rows: one row per kind of damage, and the places where a crash may cut the change in two. The log: 600 records, a checkpoint
 * every 100, a zone, a door, a controller, one person with a card, an open alarm and a closed one, a pending row. */
#include "tests/unit/store_support.h"

#include <fcntl.h>
#include <sqlite3.h>

#include "schemas/model/roster.h"
#include "schemas/store/internal.h"
#include "schemas/store/succeed.h"

static char first_origin[SK_ORIGIN_MAX];

static struct sk_signer *key_here(bool create)
{
    struct sk_signer *signer = NULL;
    struct sk_fault fault = {0};
    if (sk_signer_open(support_path(SK_SIGNING_KEY_FILE), create, &signer, &fault) != SK_OK)
        fail_msg("key: %s", fault.text);
    return signer;
}

static void number_give(struct sk_store *store, const char *kind, const char *id)
{
    struct sk_draft draft = {.header = {.ev = SK_EV_SYS_NUMBER, .class_ = SK_CLASS_SYSTEM}};
    uint16_t number;
    uint64_t seq;
    bool is_new;
    assert_int_equal(sk_store_number(store, kind, id, &number, &is_new), SK_OK);
    sk_body_init(&draft.body);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, number);
    assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
}

static void change_put(struct sk_store *store, struct sk_roster_change *change)
{
    static const struct sk_roster_act act = {"a", "", "", "", 1};
    struct sk_draft draft = {.header = {.ev = change->ev, .class_ = SK_CLASS_ROSTER}};
    uint64_t seq;
    sk_body_init(&draft.body);
    sk_roster_change_write(change, &act, &draft.body);
    assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
}

static void roster_put(struct sk_store *store)
{
    struct sk_roster_change person = {.ev = SK_EV_PERSON_CREATED, .version = 1, .effective_us = 1, .entity = "p-1"};
    person.person = (struct sk_person){.kind = SK_PERSON_STAFF, .tag = {7}, .until_us = SK_NEVER};
    change_put(store, &person);
    struct sk_roster_change card = {.ev = SK_EV_CREDENTIAL_ISSUED, .version = 2, .effective_us = 1, .entity = "c-1"};
    card.credential = (struct sk_credential){.person = "p-1", .identifier = {{9}}, .until_us = SK_NEVER};
    change_put(store, &card);
}

static void whole_log(void)
{
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = key_here(true);
    struct sk_checkpoint newest;
    struct sk_alarm open = {.occurrence = 7,
                            .condition = SK_COND_STATE,
                            .bits = SK_ALARM_BIT_ACTIVE,
                            .source = "ups1/battery.charge",
                            .raise_seq = 3};
    struct sk_alarm closed = {
        .occurrence = 8, .condition = SK_COND_STATE, .bits = SK_ALARM_BIT_ACKED, .source = "crac2", .raise_seq = 4};
    support_log(store, signer, 600);
    assert_int_equal(sk_store_begin(store), SK_OK);
    number_give(store, "zone", "server");
    number_give(store, "door", "d2");
    number_give(store, "door", "d1");
    number_give(store, "ctrl", "dc1");
    roster_put(store);
    assert_int_equal(sk_store_alarm_put(store, &open), SK_OK);
    assert_int_equal(sk_store_alarm_put(store, &closed), SK_OK);
    assert_int_equal(sk_store_pending_put(store, "cursor/dc1/0", "xyz", 3), SK_OK);
    assert_int_equal(sk_checkpoint_make(store, signer, &support_cadence, &support_now, NULL), SK_OK);
    assert_int_equal(sk_store_commit(store), SK_OK);
    support_append(store, 5);
    assert_int_equal(sk_store_checkpoint_latest(store, &newest), SK_OK);
    assert_int_equal(sk_log_note_put(support_directory, newest.note), SK_OK);
    assert_int_equal(sk_store_origin(store, first_origin, sizeof first_origin), SK_OK);
    sk_store_close(store);
    sk_signer_free(signer);
}

/* --- damage --- */

static void sql(const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}

/* closed cleanly, its -wal holds the newest pages once more and would mend the file */
static void drop_wal(void)
{
    unlink(support_path("log.db-wal"));
    unlink(support_path("log.db-shm"));
}

static void overwrite(off_t at, const void *bytes, size_t length)
{
    drop_wal();
    const int fd = open(support_path("log.db"), O_WRONLY);
    assert_true(fd >= 0 && pwrite(fd, bytes, length, at) == (ssize_t)length);
    close(fd);
}

static void cut(double share)
{
    struct stat status;
    drop_wal();
    assert_int_equal(stat(support_path("log.db"), &status), 0);
    assert_int_equal(truncate(support_path("log.db"), (off_t)((double)status.st_size * share)), 0);
}

static void delete_all(void)
{
    unlink(support_path("log.db"));
    drop_wal();
}

static void file_copy(const char *from, const char *to)
{
    char command[320];
    snprintf(command, sizeof command, "cp %s/%s %s.%s", support_directory, from, support_directory, to);
    assert_int_equal(system(command), 0);
}

static void file_back(const char *from, const char *to)
{
    char command[320];
    snprintf(command, sizeof command, "cp %s.%s %s/%s", support_directory, from, support_directory, to);
    assert_int_equal(system(command), 0);
}

static void damage_none(void) {}
static void damage_node(void)
{
    sql("UPDATE node SET hash = CAST(substr(hash, 1, 5) || x'EE' || substr(hash, 7) AS BLOB) WHERE level = 8 AND idx = 0");
}
static void damage_frontier(void)
{
    sql("UPDATE tree SET frontier = zeroblob(length(frontier))");
}
static void damage_leaf(void)
{
    sql("UPDATE record SET leaf = zeroblob(32) WHERE seq = 300");
}
static void damage_body(void)
{
    sql("UPDATE record SET body = CAST(substr(body, 1, 6) || x'EE' || substr(body, 8) AS BLOB) WHERE seq = 5");
}
static void damage_tail(void)
{
    sql("DELETE FROM record WHERE seq > 608");
}
static void damage_checkpoint(void)
{
    sql("UPDATE checkpoint SET root = (SELECT root FROM checkpoint WHERE number = 2) WHERE number = 3");
}
static void damage_newest_note(void)
{
    sql("UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE number = 2) WHERE number = 7");
}
static void damage_no_checkpoints(void)
{
    sql("DELETE FROM checkpoint");
}
static void damage_roster_row(void)
{
    sql("UPDATE roster_change SET body = x'00' WHERE version = 2; UPDATE record SET leaf = zeroblob(32) WHERE seq = 300");
}
static void damage_roster_record(void)
{
    sql("UPDATE record SET body = x'00' WHERE seq = (SELECT seq FROM roster_change WHERE version = 2)");
}
static void damage_roster_both(void)
{
    sql("UPDATE record SET body = x'00', leaf = zeroblob(32) WHERE seq = (SELECT seq FROM roster_change WHERE version = 2)");
}
static void damage_number_twice(void)
{
    sql("INSERT INTO number VALUES ('rack', 9, 'r'); UPDATE tree SET frontier = zeroblob(length(frontier))");
}
static void damage_cut(void)
{
    cut(0.5);
}
static void damage_cut_to_nothing(void)
{
    cut(0);
}
static void damage_head(void)
{
    overwrite(0, "not a database..", 16);
}
static void damage_page(void)
{
    overwrite(4096, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}
static void damage_deleted(void)
{
    delete_all();
}
static void damage_deleted_but_wal(void)
{
    delete_all();
    unlink(support_path(SK_NOTE_FILE));
    const int fd = open(support_path("log.db-wal"), O_WRONLY | O_CREAT, 0640);
    assert_true(fd >= 0 && write(fd, "wal", 3) == 3);
    close(fd);
}
static void damage_key_gone(void)
{
    unlink(support_path(SK_SIGNING_KEY_FILE));
}
static void damage_key_other(void)
{
    unlink(support_path(SK_SIGNING_KEY_FILE));
    sk_signer_free(key_here(true));
}
/* an older copy of the file, whole in itself, under the newer note */
static void damage_rolled_back(void)
{
    struct sk_store *store;
    struct sk_signer *signer = key_here(false);
    struct sk_checkpoint newest;
    file_copy("log.db", "old");
    store = support_open(SK_STORE_WRITER);
    support_append(store, 50);
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_checkpoint_make(store, signer, &support_cadence, &support_now, NULL), SK_OK);
    assert_int_equal(sk_store_commit(store), SK_OK);
    assert_int_equal(sk_store_checkpoint_latest(store, &newest), SK_OK);
    assert_int_equal(sk_log_note_put(support_directory, newest.note), SK_OK);
    sk_store_close(store);
    sk_signer_free(signer);
    delete_all();
    file_back("old", "log.db");
}

static const struct row {
    const char *name;
    void (*damage)(void);
    const char *why;  /* must be in the reason; NULL: nothing is damaged */
    bool quotes;      /* origin, root and size of the old one are known */
    uint64_t size;    /* of the checkpoint it quotes */
    int carried;      /* numbers; -1: nothing could be read */
    int roster, lost; /* -1: any */
} rows[] = {
    {"nothing", damage_none, NULL, false, 0, 0, 0, 0},
    {"a bit of a node", damage_node, "tree node of level 8", true, 607, 4, 2, 0},
    {"the frontier", damage_frontier, "frontier", true, 607, 4, 2, 0},
    {"a bit of a leaf", damage_leaf, "record 300", true, 607, 4, 2, 0},
    {"a bit of a body", damage_body, "record 5", true, 607, 4, 2, 0},
    {"records off the end", damage_tail, "record 609 is missing", true, 607, 4, 2, 0},
    {"a checkpoint's root swapped", damage_checkpoint, "checkpoint 3", true, 607, 4, 2, 0},
    {"the newest note swapped", damage_newest_note, "checkpoint 7", true, 607, 4, 2, 0},
    {"all checkpoints dropped", damage_no_checkpoints, "a checkpoint dropped", true, 607, 4, 2, 0},
    {"a roster row changed", damage_roster_row, "record 300", true, 607, 4, 2, 0},
    {"a roster record changed", damage_roster_record, "changed", true, 607, 4, 2, 0},
    {"a roster change nothing proves", damage_roster_both, "changed", true, 607, 4, 1, 1},
    {"a number of no kind", damage_number_twice, "frontier", true, 607, 4, 2, 1},
    {"half a file", damage_cut, "malformed", true, 607, -1, 0, 0},
    {"an empty file", damage_cut_to_nothing, "gone or empty", true, 607, -1, 0, 0},
    {"another head", damage_head, "not a database", true, 607, -1, 0, 0},
    {"the head of a page", damage_page, "", true, 607, 0, -1, -1},
    {"no file", damage_deleted, "gone or empty", true, 607, -1, 0, 0},
    {"only the -wal left", damage_deleted_but_wal, "its log.db-wal lies beside", false, 0, -1, 0, 0},
    {"the key gone", damage_key_gone, "signing key of this log (log-signing.pem) is gone", true, 607, 4, 2, 0},
    {"another key", damage_key_other, "checkpoint 7 is not what the key", false, 0, 4, 2, 0},
    {"an older copy", damage_rolled_back, "rolled back: it holds 613 records, the checkpoint kept beside it covers 663", true,
     663, 4, 2, 0},
};

/* --- what must follow --- */

/* "" when there is no such file */
static void digest(const char *path, char to[65])
{
    char command[320];
    snprintf(command, sizeof command, "sha256sum %s 2>/dev/null", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    if (fscanf(pipe, "%64s", to) != 1)
        to[0] = '\0';
    pclose(pipe);
}

static bool quote_take(void *context, const struct sk_record *record)
{
    struct sk_old_log *found = context;
    struct sk_body_item item;
    if (sk_body_find(record->body, record->body_length, SK_TAG_OLD_ORIGIN, &item))
        memcpy(found->origin, item.bytes, item.length);
    if (sk_body_find(record->body, record->body_length, SK_TAG_OLD_SIZE, &item))
        found->size = sk_item_u64(&item);
    if (sk_body_find(record->body, record->body_length, SK_TAG_OLD_ROOT, &item))
        memcpy(&found->root, item.bytes, item.length);
    if (sk_body_find(record->body, record->body_length, SK_TAG_SET_ASIDE, &item))
        memcpy(found->name, item.bytes, item.length);
    found->any = sk_body_find(record->body, record->body_length, SK_TAG_OLD_SIGNATURE, &item);
    return false;
}

/* Begins the successor as the recorder does; the store stays open. */
static struct sk_store *succeed(const struct sk_old_log *old, struct sk_carried *carried, uint8_t key[SK_PUBLIC_KEY_SIZE])
{
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_signer *signer = key_here(true);
    sk_signer_public_key(signer, key);
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_log_succeed(store, support_directory, "test-1", signer, &support_cadence, &support_now, old, carried),
                     SK_OK);
    assert_int_equal(sk_store_commit(store), SK_OK);
    sk_signer_free(signer);
    return store;
}

static void check_quote(const struct row *row, struct sk_store *store, const struct sk_old_log *old)
{
    struct sk_old_log quoted = {.any = false};
    assert_int_equal(sk_store_record(store, 0, quote_take, &quoted), SK_OK);
    if (strcmp(quoted.name, old->name) != 0)
        fail_msg("%s: set_aside '%s', the directory is '%s'", row->name, quoted.name, old->name);
    if (row->quotes && (strcmp(quoted.origin, first_origin) != 0 || quoted.size != row->size))
        fail_msg("%s: quotes '%s' of %llu", row->name, quoted.origin, (unsigned long long)quoted.size);
    if (!row->quotes && quoted.size != 0)
        fail_msg("%s: quotes a size nobody signed", row->name);
}

static enum sk_err count_pending(void *context, const char *key, const void *bytes, size_t length)
{
    *(int *)context += strcmp(key, "cursor/dc1/0") == 0 && length == 3 && memcmp(bytes, "xyz", 3) == 0;
    return SK_OK;
}

static void check_carried(const struct row *row, struct sk_store *store, const struct sk_carried *carried)
{
    uint16_t number = 0;
    bool is_new;
    int pending = 0;
    struct sk_alarm alarm;
    if (carried->unreadable != (row->carried < 0) || (row->carried > 0 && carried->numbers != (uint64_t)row->carried) ||
        (row->roster >= 0 && carried->roster != (uint64_t)row->roster) ||
        (row->lost >= 0 && carried->lost != (uint64_t)row->lost))
        fail_msg("%s: unreadable %d, numbers %d, roster %d, lost %d", row->name, (int)carried->unreadable,
                 (int)carried->numbers, (int)carried->roster, (int)carried->lost);
    if (row->carried <= 0)
        return;
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_number(store, "door", "d1", &number, &is_new), SK_OK);
    if (number != 2 || is_new)
        fail_msg("%s: door d1 has number %d", row->name, number);
    assert_int_equal(sk_store_number(store, "door", "d3", &number, &is_new), SK_OK);
    assert_int_equal(number, 3);
    sk_store_rollback(store);
    assert_int_equal(sk_store_pending_each(store, count_pending, &pending), SK_OK);
    assert_int_equal(pending, 1);
    assert_int_equal(sk_store_alarm_get(store, 7, &alarm), SK_OK);
    assert_true(sk_alarm_is_open(alarm.bits) && strcmp(alarm.source, "ups1/battery.charge") == 0 && alarm.raise_seq > 0);
    uint64_t last = 0;
    assert_int_equal(sk_store_alarm_last(store, &last), SK_OK);
    assert_int_equal(last, 8);
}

static void check_row(const struct row *row)
{
    static const char *const names[] = {"log.db", "log.db-wal"};
    char before[2][65], after[65], path[256];
    struct sk_old_log old, again;
    struct sk_carried carried;
    struct sk_fault fault = {0};
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    whole_log();
    row->damage();
    for (size_t i = 0; i < 2; i++)
        digest(support_path(names[i]), before[i]);
    if (sk_log_examine(support_directory, NULL, &old, &fault) != SK_OK)
        fail_msg("%s: %s", row->name, fault.text);
    if (old.any != (row->why != NULL) || (old.any && strstr(old.why, row->why) == NULL))
        fail_msg("%s: any %d, '%s'", row->name, (int)old.any, old.why);
    if (!old.any)
        return;
    struct sk_store *store = succeed(&old, &carried, key);
    if (sk_store_verify(store, key, NULL, NULL, &fault) != SK_OK)
        fail_msg("%s: the successor does not verify: %s", row->name, fault.text);
    check_quote(row, store, &old);
    check_carried(row, store, &carried);
    sk_store_close(store);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", support_directory, old.name, names[i]);
        digest(path, after);
        if (strcmp(before[i], after) != 0 && !(before[i][0] == '\0' && i == 1)) /* reading makes an empty -wal */
            fail_msg("%s: %s was changed", row->name, names[i]);
    }
    if (sk_log_examine(support_directory, NULL, &again, &fault) != SK_OK || again.any)
        fail_msg("%s: the successor is not left alone: %s %s", row->name, fault.text, again.why);
}

static void each_damage_begins_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_row(&rows[i]);
        support_teardown(NULL);
        support_setup(NULL);
    }
}

/* The old key signs for the new one: record 0 carries it, and it fits. */
static void old_key_vouches(void **state)
{
    (void)state;
    struct sk_old_log old, quoted = {.any = false};
    struct sk_carried carried;
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    whole_log();
    damage_leaf();
    assert_int_equal(sk_log_examine(support_directory, NULL, &old, NULL), SK_OK);
    struct sk_store *store = succeed(&old, &carried, key);
    assert_int_equal(sk_store_record(store, 0, quote_take, &quoted), SK_OK);
    assert_true(quoted.any);
    assert_memory_not_equal(key, old.public_key, sizeof key);
    sk_store_close(store);
}

/* --- a crash in between --- */

static void half_moved_is_finished(void **state)
{
    (void)state;
    struct sk_old_log old;
    struct sk_carried carried;
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    char from[128];
    whole_log();
    assert_int_equal(mkdir(support_path("damaged-20260101T000000Z.partial"), 0750), 0);
    snprintf(from, sizeof from, "%s", support_path("log.db"));
    assert_int_equal(rename(from, support_path("damaged-20260101T000000Z.partial/log.db")), 0);
    assert_int_equal(sk_log_examine(support_directory, NULL, &old, NULL), SK_OK);
    assert_true(old.any);
    assert_string_equal(old.name, "damaged-20260101T000000Z");
    assert_string_equal(old.origin, first_origin);
    assert_int_equal(access(support_path(SK_SIGNING_KEY_FILE), F_OK), -1);
    sk_store_close(succeed(&old, &carried, key));
    assert_int_equal(carried.roster, 2);
}

static void set_aside_but_not_begun_goes_on(void **state)
{
    (void)state;
    struct sk_old_log old, again;
    whole_log();
    damage_leaf();
    assert_int_equal(sk_log_examine(support_directory, NULL, &old, NULL), SK_OK);
    assert_int_equal(sk_log_examine(support_directory, NULL, &again, NULL), SK_OK);
    assert_true(again.any);
    assert_string_equal(again.name, old.name);
    assert_string_equal(again.why, old.why);
    sk_store_close(support_open(SK_STORE_WRITER)); /* made, and nothing in it yet */
    memset(&again, 0, sizeof again);
    assert_int_equal(sk_log_examine(support_directory, NULL, &again, NULL), SK_OK);
    assert_true(again.any);
    assert_int_equal(again.size, 607);
}

static void what_a_running_collector_found_is_believed(void **state)
{
    (void)state;
    struct sk_old_log old;
    whole_log();
    assert_int_equal(sk_log_examine(support_directory, "found while running", &old, NULL), SK_OK);
    assert_true(old.any);
    assert_string_equal(old.why, "found while running");
}

static void a_running_writer_is_left_alone(void **state)
{
    (void)state;
    struct sk_old_log old;
    struct sk_fault fault = {0};
    whole_log();
    struct sk_store *store = support_open(SK_STORE_WRITER);
    assert_int_equal(sk_log_examine(support_directory, "anything", &old, &fault), SK_ERR_BUSY);
    assert_int_equal(access(support_path("log.db"), F_OK), 0);
    sk_store_close(store);
}

/* The history is no evidence and no part of the log: its damage does not touch it. */
static void a_damaged_history_is_no_damage_of_the_log(void **state)
{
    (void)state;
    struct sk_old_log old;
    whole_log();
    const int fd = open(support_path("history.db"), O_WRONLY | O_TRUNC);
    assert_true(fd >= 0 && write(fd, "this is not a database, and it is long enough to be read as one", 63) == 63);
    close(fd);
    assert_int_equal(sk_log_examine(support_directory, NULL, &old, NULL), SK_OK);
    assert_false(old.any);
    sk_store_close(support_open(SK_STORE_WRITER));
}

/* A power cut may leave the note torn: no damage of the log. */
static void torn_note_is_no_damage(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "sekisho/", "x\n1\ny\n"};
    struct sk_old_log old;
    whole_log();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sk_log_note_put(support_directory, texts[i]), SK_OK);
        assert_int_equal(sk_log_examine(support_directory, NULL, &old, NULL), SK_OK);
        assert_false(old.any);
    }
}

/* Every block by itself gives the verdict of the whole. */
static void blocks_together_are_the_whole(void **state)
{
    (void)state;
    struct sk_fault fault = {0};
    uint8_t key[SK_PUBLIC_KEY_SIZE];
    whole_log();
    struct sk_signer *signer = key_here(false);
    sk_signer_public_key(signer, key);
    struct sk_store *store = support_open(SK_STORE_WRITER);
    for (uint64_t block = 0; block < 5; block++)
        if (sk_store_verify_block(store, key, block, &fault) != SK_OK)
            fail_msg("block %d: %s", (int)block, fault.text);
    sk_store_close(store);
    damage_checkpoint();
    store = support_open(SK_STORE_WRITER);
    assert_int_equal(sk_store_verify_block(store, key, 0, &fault), SK_OK);
    assert_int_equal(sk_store_verify_block(store, key, 1, &fault), SK_ERR_CORRUPT);
    assert_int_equal(sk_store_verify_block(store, key, 2, &fault), SK_OK);
    sk_store_close(store);
    sk_signer_free(signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_damage_begins_anew, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(old_key_vouches, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(half_moved_is_finished, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(set_aside_but_not_begun_goes_on, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(what_a_running_collector_found_is_believed, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(a_running_writer_is_left_alone, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(a_damaged_history_is_no_damage_of_the_log, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(torn_note_is_no_damage, support_setup, support_teardown),
        cmocka_unit_test_setup_teardown(blocks_together_are_the_whole, support_setup, support_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
