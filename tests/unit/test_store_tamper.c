/* SPDX-License-Identifier: Apache-2.0 */
/* Someone edits log.db with plain SQL: verification must name the first bad seq, or the range it lies in, for each kind of
 * edit.
 *
 * Clever attackers recompute: `recompute` makes leaves, nodes and frontier fit the edited rows again, so that only checkpoints
 * and the records about them can tell. The log: 1 000 records, a checkpoint at 100, 200 ... 1 000. */
#include "tests/unit/store_support.h"

#include <sqlite3.h>

#include "schemas/store/tree.h"

static sqlite3 *db;

static void sql(const char *text)
{
    char *why = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

/* Rewrites header numbers, leaves, nodes, spans and frontier to fit the rows as they are now. */
static void recompute(void)
{
    struct sk_sha256 *sha;
    struct sk_tree tree = {.size = 0};
    sqlite3_stmt *read, *write, *node, *frontier;
    uint8_t bytes[SK_TREE_LEVELS * SK_HASH_SIZE];
    assert_int_equal(sk_sha256_create(&sha), SK_OK);
    sql("BEGIN; DELETE FROM node");
    sqlite3_prepare_v2(db, "SELECT seq, header, salt, body FROM record ORDER BY seq", -1, &read, NULL);
    sqlite3_prepare_v2(db, "UPDATE record SET header = ?2, leaf = ?3 WHERE seq = ?1", -1, &write, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO node VALUES (?1, ?2, ?3)", -1, &node, NULL);
    sqlite3_prepare_v2(db, "UPDATE tree SET size = ?1, frontier = ?2", -1, &frontier, NULL);
    while (sqlite3_step(read) == SQLITE_ROW) {
        uint8_t header[SK_HEADER_SIZE];
        struct sk_header fields;
        struct sk_hash leaf;
        struct sk_new_nodes nodes;
        memcpy(header, sqlite3_column_blob(read, 1), sizeof header);
        assert_int_equal(sk_header_decode(header, &fields), SK_OK);
        fields.seq = tree.size;
        sk_header_encode(&fields, header);
        sk_leaf_hash(sha, header, sqlite3_column_blob(read, 2), sqlite3_column_blob(read, 3),
                     (size_t)sqlite3_column_bytes(read, 3), &leaf);
        sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0));
        sqlite3_bind_blob(write, 2, header, sizeof header, SQLITE_STATIC);
        sqlite3_bind_blob(write, 3, leaf.bytes, SK_HASH_SIZE, SQLITE_STATIC);
        assert_int_equal(sqlite3_step(write), SQLITE_DONE);
        sqlite3_reset(write);
        sk_tree_append(&tree, sha, &leaf, &nodes);
        for (size_t i = 0; i < nodes.count; i++) {
            sqlite3_bind_int(node, 1, (int)nodes.at[i].level);
            sqlite3_bind_int64(node, 2, (int64_t)nodes.at[i].index);
            sqlite3_bind_blob(node, 3, nodes.at[i].hash.bytes, SK_HASH_SIZE, SQLITE_STATIC);
            assert_int_equal(sqlite3_step(node), SQLITE_DONE);
            sqlite3_reset(node);
        }
    }
    sqlite3_bind_int64(frontier, 1, (int64_t)tree.size);
    sqlite3_bind_blob(frontier, 2, bytes, (int)sk_tree_frontier_write(&tree, bytes), SQLITE_STATIC);
    assert_int_equal(sqlite3_step(frontier), SQLITE_DONE);
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    sqlite3_finalize(node);
    sqlite3_finalize(frontier);
    sql("COMMIT");
    sk_sha256_free(sha);
}

#define FLIP(column, seq, byte)                                                                                                \
    "UPDATE record SET " column " = CAST(substr(" column ", 1, " #byte ") || x'EE' || substr(" column ", " #byte               \
    " + 2) AS BLOB) WHERE seq = " #seq
#define RENUMBER(from)                                                                                                         \
    "; UPDATE record SET seq = seq + 1000000 WHERE seq > " #from "; UPDATE record SET seq = seq - 1000001 WHERE seq > 1000000"

static const struct {
    const char *name;
    const char *sql;
    bool recompute;
    const char *says; /* must be in the fault */
} rows[] = {
    {"A01 header bit", FLIP("header", 417, 45), false, "record 417: header, salt or body was changed"},
    {"A02 body bit", FLIP("body", 300, 7), false, "record 300: header, salt or body was changed"},
    {"salt", FLIP("salt", 999, 0), false, "record 999: header, salt or body was changed"},
    {"leaf", FLIP("leaf", 5, 0), false, "record 5: header, salt or body was changed"},
    {"A03 edit and recompute", FLIP("body", 417, 12), true, "record 417: body is not canonical"},
    {"A03 header edit and recompute", FLIP("header", 417, 45), true, "record 400 or a later one up to 499 was changed"},
    {"A03 and drop later checkpoints", FLIP("header", 417, 45) "; DELETE FROM checkpoint WHERE size > 417", true,
     "record 400 or a later one up to 500 was changed, or a checkpoint dropped: record 500"},
    {"A04 delete", "DELETE FROM record WHERE seq = 640", false, "record 640 is missing"},
    {"A04 delete and renumber", "DELETE FROM record WHERE seq = 640" RENUMBER(640), false,
     "record 640: header carries another"},
    {"A04 delete, renumber and recompute", "DELETE FROM record WHERE seq = 640" RENUMBER(640), true,
     "record 600 or a later one up to 699 was changed, or a checkpoint dropped"},
    {"A06 swap",
     "UPDATE record SET seq = -1 WHERE seq = 11; UPDATE record SET seq = 11 WHERE seq = 12; "
     "UPDATE record SET seq = 12 WHERE seq = -1",
     false, "record 11: header carries another"},
    {"A06 swap and recompute",
     "UPDATE record SET seq = -1 WHERE seq = 11; UPDATE record SET seq = 11 WHERE seq = 12; "
     "UPDATE record SET seq = 12 WHERE seq = -1; UPDATE record SET door = 4 WHERE seq = 12; "
     "UPDATE record SET door = 5 WHERE seq = 11",
     true, "record 0 or a later one up to 99 was changed"},
    {"A07 truncate the tail", "DELETE FROM record WHERE seq >= 1003", false, "record 1003 is missing"},
    {"A07 truncate and recompute below a checkpoint", "DELETE FROM record WHERE seq >= 950", true, "record 950 is missing"},
    {"A08 truncate at a checkpoint, its row kept", "DELETE FROM record WHERE seq >= 1000", true, "record 1000 is missing"},
    {"A13 strip the checkpoints", "DELETE FROM checkpoint", false,
     "record 0 or a later one up to 100 was changed, or a checkpoint dropped: record 100"},
    {"A13 strip the newest", "DELETE FROM checkpoint WHERE number = 10", false,
     "record 900 or a later one up to 1000 was changed, or a checkpoint dropped: record 1000"},
    {"A18 a hole in the numbers", "DELETE FROM checkpoint WHERE number = 4", false,
     "record 300 or a later one up to 400 was changed, or a checkpoint dropped: record 400"},
    {"A18 another number", "UPDATE checkpoint SET number = 14 WHERE number = 4", false,
     "checkpoint 4 is missing behind record 300"},
    {"note replaced by an older one",
     "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE number = 2) WHERE number = 3", false,
     "checkpoint 3 over records 0 to 299: its note says something else"},
    {"note cut", "UPDATE checkpoint SET note = substr(note, 1, 80) WHERE number = 3", false, "checkpoint 3"},
    {"root in the row", "UPDATE checkpoint SET root = zeroblob(32) WHERE number = 3", false,
     "record 200 or a later one up to 299 was changed"},
    {"the newest checkpoint's record replaced",
     "UPDATE record SET (header, body, door) = (SELECT header, body, door FROM record WHERE seq = 998) WHERE seq = 1000", true,
     "record 1000 should be the one about checkpoint 10"},
    {"node", "UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND idx = 1", false, "record 256 or a later one up to 511"},
    {"node gone", "DELETE FROM node WHERE level = 9 AND idx = 0", false, "record 0 or a later one up to 511"},
    {"frontier", "UPDATE tree SET frontier = zeroblob(length(frontier))", false, "stored frontier does not fit"},
    {"frontier cut", "UPDATE tree SET frontier = zeroblob(5)", false, "stored frontier cannot be read"},
    {"size", "UPDATE tree SET size = size - 1", false, "record 1005 is not in the tree"},
    {"span", "UPDATE span SET classes = 2 WHERE idx = 2", false, "records 512 to 767: their span row differs"},
    {"door column", "UPDATE record SET door = 9 WHERE seq = 77", false, "record 77: column door"},
    {"origin", "UPDATE meta SET value = 'sekisho/other/00000000' WHERE key = 'origin'", false, "record 0 does not name"},
    {"origin gone", "DELETE FROM meta", false, "record 0 does not name"},
    {"a number nobody gave out", "INSERT INTO number VALUES ('door', 9, 'd9')", false,
     "the number table has 1 rows, the records gave out 0"},
    {"surplus node", "INSERT INTO node VALUES (20, 7, zeroblob(32))", false, "tree nodes are stored"},
    {"trigger", "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM pending; END", false, "triggers or views"},
    {"a record behind the tree",
     "INSERT INTO record SELECT seq + 1, door, header, salt, body, leaf FROM record ORDER BY seq DESC LIMIT 1", false,
     "is not in the tree"},
};

static void each_edit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sk_store *store = support_open(SK_STORE_WRITER);
        struct sk_signer *signer = support_signer();
        struct sk_fault fault = {0};
        uint8_t public_key[SK_PUBLIC_KEY_SIZE];
        sk_signer_public_key(signer, public_key);
        support_log(store, signer, 1000);
        support_append(store, 5);
        assert_int_equal(sk_store_verify(store, public_key, NULL, NULL, &fault), SK_OK);
        sk_store_close(store);
        assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
        sql(rows[i].sql);
        if (rows[i].recompute)
            recompute();
        sqlite3_close(db);
        store = support_open(SK_STORE_READER);
        const enum sk_err err = sk_store_verify(store, public_key, NULL, NULL, &fault);
        if (err != SK_ERR_CORRUPT || strstr(fault.text, rows[i].says) == NULL)
            fail_msg("%s: %d %s", rows[i].name, (int)err, fault.text);
        sk_store_close(store);
        sk_signer_free(signer);
        support_teardown(NULL);
        support_setup(NULL);
    }
}

/* Swapping two names in the number table renames the door of every record: each number was given out by a record, which says
 * so. */
static void swapped_names_are_named(void **state)
{
    (void)state;
    struct sk_store *store = support_open(SK_STORE_WRITER);
    struct sk_fault fault = {0};
    static const char *const doors[] = {"front", "server room"};
    assert_int_equal(sk_store_begin(store), SK_OK);
    for (size_t i = 0; i < 2; i++) {
        struct sk_draft draft = {.header = {.ev = SK_EV_SYS_NUMBER, .class_ = SK_CLASS_SYSTEM}};
        uint16_t number = 0;
        uint64_t seq = 0;
        bool is_new = false;
        assert_int_equal(sk_store_number(store, "door", doors[i], &number, &is_new), SK_OK);
        sk_body_init(&draft.body);
        sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, "door");
        sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, doors[i]);
        sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, number);
        assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
    assert_int_equal(sk_store_verify(store, NULL, NULL, NULL, &fault), SK_OK);
    sk_store_close(store);
    assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
    sql("UPDATE number SET id = 'x' WHERE id = 'front'; UPDATE number SET id = 'front' WHERE id = 'server room'; "
        "UPDATE number SET id = 'server room' WHERE id = 'x'");
    sqlite3_close(db);
    store = support_open(SK_STORE_READER);
    assert_int_equal(sk_store_verify(store, NULL, NULL, NULL, &fault), SK_ERR_CORRUPT);
    assert_non_null(strstr(fault.text, "record 0 gave out a number of kind 'door'"));
    sk_store_close(store);
}

/* The writer refuses to extend what does not fit, and says where. */
static void the_writer_refuses_a_broken_tree(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *says;
    } edits[] = {
        {FLIP("body", 1002, 7), "record 1002"},
        {"DELETE FROM record WHERE seq = 1003", "record 1003 is missing"},
        {"DELETE FROM record WHERE seq > 1000", "record 1001 is missing"},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 9", "frontier"},
        {"DELETE FROM node WHERE level = 9", "tree node of level 9"},
        {"UPDATE checkpoint SET root = zeroblob(32) WHERE number = 10", "checkpoint 10"},
        {"UPDATE tree SET frontier = zeroblob(length(frontier))", "frontier"},
        {"INSERT INTO record SELECT seq + 1, door, header, salt, body, leaf FROM record ORDER BY seq DESC LIMIT 1",
         "not in the tree"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct sk_store *store = support_open(SK_STORE_WRITER);
        struct sk_signer *signer = support_signer();
        struct sk_fault fault = {0};
        support_log(store, signer, 1000);
        support_append(store, 5);
        sk_store_close(store);
        sk_signer_free(signer);
        assert_int_equal(sqlite3_open(support_path("log.db"), &db), SQLITE_OK);
        sql(edits[i].sql);
        sqlite3_close(db);
        const enum sk_err err = sk_store_open(support_directory, SK_STORE_WRITER, &store, &fault);
        if (err != SK_ERR_CORRUPT || strstr(fault.text, edits[i].says) == NULL)
            fail_msg("%s: %d %s", edits[i].sql, (int)err, fault.text);
        support_teardown(NULL);
        support_setup(NULL);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, support_setup, support_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(each_edit_is_named), T(swapped_names_are_named), T(the_writer_refuses_a_broken_tree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
