/* SPDX-License-Identifier: Apache-2.0 */
/* Exports, piece by piece: quoting, the ledger of numbers against a plain set, requests there and back. */
#include <stdlib.h>
#include <string.h>

#include "collector/export/cells.h"
#include "collector/export/ledger.h"
#include "tests/unit/sk_test.h"
#include "tests/unit/store_support.h"

struct taken {
    char text[200000];
    size_t length;
    size_t most; /* refuse beyond */
};

static bool take(void *context, const char *bytes, size_t length)
{
    struct taken *taken = context;
    if (taken->length + length > taken->most)
        return false;
    memcpy(taken->text + taken->length, bytes, length);
    taken->length += length;
    taken->text[taken->length] = '\0';
    return true;
}

static const char *const columns[] = {"a", "b"};

static void test_cells(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *csv, *json;
    } rows[] = {
        {"plain", "d1", "d1", "\"d1\""},
        {"empty", "", "", "null"},
        {"comma", "a,b", "\"a,b\"", "\"a,b\""},
        {"quote", "say \"no\"", "\"say \"\"no\"\"\"", "\"say \\\"no\\\"\""},
        {"line end", "a\r\nb", "\"a\r\nb\"", "\"a\\u000d\\u000ab\""},
        {"formula", "=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"", "\"=cmd|' /C calc'!A0\""},
        {"plus", "+1", "\"'+1\"", "\"+1\""},
        {"minus", "-1+2", "\"'-1+2\"", "\"-1+2\""},
        {"at", "@SUM(A1)", "\"'@SUM(A1)\"", "\"@SUM(A1)\""},
        {"tab", "\t=1", "\"'\t=1\"", "\"\\u0009=1\""},
        {"wide equals",
         "\xEF\xBC\x9D"
         "1",
         "\"'\xEF\xBC\x9D"
         "1\"",
         "\"\xEF\xBC\x9D"
         "1\""},
        {"wide at", "\xEF\xBC\xA0x", "\"'\xEF\xBC\xA0x\"", "\"\xEF\xBC\xA0x\""},
        {"Japanese", "電気室", "電気室", "\"電気室\""},
        {"sign inside", "a=b", "a=b", "\"a=b\""},
        {"backslash", "a\\b", "a\\b", "\"a\\\\b\""},
    };
    static struct sk_cells cells;
    static struct taken taken;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[256];
        for (int format = SK_EXPORT_CSV; format <= SK_EXPORT_JSONL; format++) {
            taken = (struct taken){.most = 1000};
            sk_cells_init(&cells, (enum sk_export_format)format, columns, take, &taken);
            sk_cells_begin(&cells);
            sk_cells_put_text(&cells, rows[i].text, strlen(rows[i].text));
            sk_cells_put_number(&cells, UINT64_MAX);
            sk_cells_end(&cells);
            assert_true(sk_cells_flush(&cells));
            if (format == SK_EXPORT_CSV)
                snprintf(expected, sizeof expected, "%s,18446744073709551615\r\n", rows[i].csv);
            else
                snprintf(expected, sizeof expected, "{\"a\":%s,\"b\":\"18446744073709551615\"}\n", rows[i].json);
            if (strcmp(taken.text, expected) != 0)
                fail_msg("%s: %s, expected %s", rows[i].name, taken.text, expected);
        }
    }
}

static void test_head_and_bounds(void **state)
{
    (void)state;
    static struct sk_cells cells;
    static struct taken taken;
    taken = (struct taken){.most = sizeof taken.text - 1};
    sk_cells_init(&cells, SK_EXPORT_CSV, columns, take, &taken);
    sk_cells_head(&cells, true, 2);
    for (int i = 0; i < 20000; i++) { /* more than the buffer holds: it goes out in pieces, nothing is lost */
        sk_cells_begin(&cells);
        sk_cells_put_word(&cells, "x");
        sk_cells_skip(&cells, 1);
        sk_cells_end(&cells);
    }
    assert_true(sk_cells_flush(&cells));
    assert_memory_equal(taken.text,
                        "\xEF\xBB\xBF"
                        "a,b\r\nx,\r\n",
                        11);
    assert_int_equal(taken.length, 3 + 5 + 20000 * 4);

    taken = (struct taken){.most = 10}; /* the sink refuses: it sticks */
    sk_cells_init(&cells, SK_EXPORT_CSV, columns, take, &taken);
    sk_cells_put_text(&cells, "0123456789ABCDEF", 16);
    assert_false(sk_cells_flush(&cells));
    sk_cells_put_word(&cells, "y");
    assert_false(sk_cells_flush(&cells));
    assert_int_equal(taken.length, 0);
}

/* The ledger of numbers must say what a plain table of seen numbers says, in whatever order they come. */
static void test_ledger_against_a_set(void **state)
{
    (void)state;
    enum { NUMBERS = 300, ROUNDS = 300 };
    srandom(7);
    for (int round = 0; round < ROUNDS; round++) {
        bool seen[NUMBERS] = {0};
        uint64_t low = NUMBERS, high = 0, twins = 0;
        struct sk_ledger *ledger = NULL;
        assert_int_equal(sk_ledger_create(&ledger), SK_OK);
        const long count = 1 + random() % NUMBERS;
        for (long i = 0; i < count; i++) {
            /* nearly in order, now and then far away or twice */
            const uint64_t seq = (uint64_t)(random() % 4 == 0 ? random() % NUMBERS : (i + random() % 3) % NUMBERS);
            twins += seen[seq];
            seen[seq] = true;
            low = seq < low ? seq : low;
            high = seq > high ? seq : high;
            assert_int_equal(sk_ledger_add(ledger, 3, 9, seq), SK_OK);
        }
        assert_int_equal(sk_ledger_count(ledger), 1);
        const struct sk_ledger_row *row = sk_ledger_row(ledger, 0);
        assert_int_equal(row->low, low);
        assert_int_equal(row->high, high);
        assert_int_equal(row->twins, twins);
        uint64_t missing = 0;
        size_t hole = 0;
        for (uint64_t seq = low; seq <= high; seq++) {
            missing += !seen[seq];
            while (hole < row->hole_count && row->holes[hole].to < seq)
                hole++;
            const bool listed = hole < row->hole_count && row->holes[hole].from <= seq;
            assert_int_equal(listed, !seen[seq]);
        }
        assert_int_equal(row->missing, missing);
        assert_false(row->cut);
        sk_ledger_free(ledger);
    }
}

static void test_ledger_rows(void **state)
{
    (void)state;
    struct sk_ledger *ledger = NULL;
    assert_int_equal(sk_ledger_create(&ledger), SK_OK);
    for (uint64_t seq = 1; seq <= 5; seq++)
        for (uint16_t controller = 1; controller <= 40; controller++)
            assert_int_equal(sk_ledger_add(ledger, controller, controller % 2 == 0 && seq > 3 ? 8 : 7, seq), SK_OK);
    assert_int_equal(sk_ledger_count(ledger), 60); /* every other controller in two epochs */
    for (size_t i = 0; i < 60; i++)
        assert_int_equal(sk_ledger_row(ledger, i)->missing, 0);
    /* More holes than are listed: the count stays, the list says it is cut. */
    for (uint64_t seq = 1; seq <= 2 * SK_LEDGER_HOLES + 11; seq += 2)
        assert_int_equal(sk_ledger_add(ledger, 99, 1, seq), SK_OK);
    const struct sk_ledger_row *row = sk_ledger_row(ledger, 60);
    assert_true(row->cut);
    assert_int_equal(row->hole_count, SK_LEDGER_HOLES);
    assert_int_equal(row->missing, SK_LEDGER_HOLES + 5);
    assert_int_equal(sk_ledger_add(ledger, 99, 1, 2 * SK_LEDGER_HOLES + 4), SK_OK); /* fills one that is not listed */
    assert_int_equal(row->missing, SK_LEDGER_HOLES + 4);
    sk_ledger_free(ledger);
}

static void test_request(void **state)
{
    (void)state;
    const struct sk_export_request asked = {.format = SK_EXPORT_JSONL,
                                            .bom = true,
                                            .names = true,
                                            .door = "d\"1",
                                            .zone = "区画",
                                            .since_us = 1700000000000000,
                                            .until_us = INT64_MAX,
                                            .size = UINT64_MAX,
                                            .site = "t",
                                            .site_class = "test",
                                            .time_zone = "Asia/Tokyo"};
    struct sk_export_request read;
    struct sk_fault fault = {0};
    char text[SK_EXPORT_REQUEST_MAX], filter[256];
    size_t length = 0;
    assert_int_equal(sk_export_request_write(&asked, text, &length), SK_OK);
    assert_int_equal(sk_export_request_read(text, length, &read, &fault), SK_OK);
    char again[SK_EXPORT_REQUEST_MAX];
    assert_int_equal(sk_export_request_write(&read, again, &length), SK_OK);
    assert_string_equal(again, text);
    assert_true(strstr(text, "18446744073709551615") != NULL && strstr(text, "Asia/Tokyo") != NULL);
    static const struct {
        const char *from, *to;
    } wrong[] = {{"\"jsonl\"", "\"bundl\""},
                 {"\"size\"", "\"Size\""},
                 {"\"time_zone\"", "\"time_Zone\""},
                 {"\"until_us\"", "\"until_UT\""}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char bad[SK_EXPORT_REQUEST_MAX];
        memcpy(bad, text, length + 1);
        char *at = strstr(bad, wrong[i].from);
        assert_non_null(at);
        memcpy(at, wrong[i].to, strlen(wrong[i].to));
        assert_int_equal(sk_export_request_read(bad, length, &read, &fault), SK_ERR_PARSE);
    }
    sk_export_filter_text(&asked, false, filter, sizeof filter);
    assert_string_equal(filter, "door=d\"1 zone=区画 since=2023-11-14T22:13:20.000000Z until=9999-12-31T23:59:59.999999Z");
    sk_export_filter_text(&(struct sk_export_request){.company = "名"}, true, filter, sizeof filter);
    assert_string_equal(filter, "company=(given)");
    sk_export_filter_text(&(struct sk_export_request){0}, true, filter, sizeof filter);
    assert_string_equal(filter, "none");
}

/* A log of ten passages of one controller, number 4 missing. */
static void make_log(void)
{
    struct sk_store *store = support_open(SK_STORE_WRITER);
    uint16_t controller = 0, door = 0;
    bool is_new;
    assert_int_equal(sk_store_begin(store), SK_OK);
    assert_int_equal(sk_store_number(store, "ctrl", "dc1", &controller, &is_new), SK_OK);
    assert_int_equal(sk_store_number(store, "door", "d1", &door, &is_new), SK_OK);
    for (uint64_t i = 0; i < 10; i++) {
        struct sk_draft draft = {.header = {.t_recv_us = 1763640000000000 + i,
                                            .ev = SK_EV_ACC_GRANTED,
                                            .class_ = SK_CLASS_ACCESS,
                                            .door = door,
                                            .ctrl = controller,
                                            .ctrl_epoch = 7,
                                            .ctrl_seq = i < 4 ? i : i + 1}};
        uint64_t seq;
        sk_body_init(&draft.body);
        assert_int_equal(sk_store_append(store, &draft, &seq), SK_OK);
    }
    assert_int_equal(sk_store_commit(store), SK_OK);
    sk_store_close(store);
}

static void test_run(void **state)
{
    (void)state;
    static struct taken taken;
    struct sk_fault fault = {0};
    uint64_t rows = 0;
    struct sk_export_request request = {.site = "t", .site_class = "test", .time_zone = "Asia/Tokyo", .size = 8};
    make_log();
    taken = (struct taken){.most = sizeof taken.text - 1};
    assert_int_equal(sk_export_run(support_directory, &request, take, &taken, &rows, &fault), SK_OK);
    assert_int_equal(rows, 8); /* what is newer than the fixed size does not count */
    assert_non_null(
        strstr(taken.text, "\r\nentry,7,2025-11-20T12:00:00.000007Z,2025-11-20T21:00:00.000007,UTC+09:00,acc.granted,d1,"));
    assert_null(strstr(taken.text, "\r\nentry,8,"));
    assert_non_null(strstr(taken.text, ",\"seq 0-8, 1 missing, holes: 4\"\r\n"));
    assert_non_null(strstr(taken.text, "8 entries of site t (class test); log below record 8; filter: none"));

    taken = (struct taken){.most = 100}; /* the reader leaves */
    assert_int_equal(sk_export_run(support_directory, &request, take, &taken, &rows, &fault), SK_ERR_CLOSED);
    strcpy(request.door, "d9");
    assert_int_equal(sk_export_run(support_directory, &request, take, &taken, &rows, &fault), SK_ERR_NOT_FOUND);
    strcpy(request.door, "d1");
    strcpy(request.time_zone, "Moon/Base");
    assert_int_not_equal(sk_export_run(support_directory, &request, take, &taken, &rows, &fault), SK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_head_and_bounds),
        cmocka_unit_test(test_ledger_against_a_set),
        cmocka_unit_test(test_ledger_rows),
        cmocka_unit_test(test_request),
        cmocka_unit_test_setup_teardown(test_run, support_setup, support_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
