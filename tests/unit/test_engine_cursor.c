/* SPDX-License-Identifier: Apache-2.0 */
/* The numbering judged against a plain model: a set of what was taken. Many holes, so that they must be merged; then nothing
 * may be lost, and what is taken twice must carry the mark of a possible duplicate. Invariants of the hole list after every
 * step. */
#include <string.h>

#include "collector/engine/internal.h"
#include "tests/unit/sk_test.h"

enum { NUMBERS = 6000 };

static struct sk_ctrl ctrl;

static uint32_t roll(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static void check_holes(const struct sk_cursor *cursor)
{
    assert_true(cursor->hole_count <= SK_HOLES);
    for (uint32_t i = 0; i < cursor->hole_count; i++) {
        assert_true(cursor->holes[i].from <= cursor->holes[i].to);
        assert_true(cursor->holes[i].to < cursor->last);
        assert_true(i == 0 || cursor->holes[i].from > cursor->holes[i - 1].to);
    }
}

static bool is_taken(enum sk_seq_verdict verdict)
{
    return verdict != SK_SEQ_DUPLICATE && verdict != SK_SEQ_CONFLICT && verdict != SK_SEQ_ROLLBACK;
}

static void play(uint64_t seed, uint32_t skip, uint32_t back)
{
    static uint8_t taken[NUMBERS];
    uint64_t newest = 0;
    memset(taken, 0, sizeof taken);
    memset(&ctrl, 0, sizeof ctrl);
    for (int i = 0; i < 8000 && newest + skip + 2 < NUMBERS; i++) {
        uint64_t seq = newest + 1 + (roll(&seed, 2) == 0 ? roll(&seed, skip + 1) : 0);
        if (roll(&seed, 3) == 0)
            seq = newest > back ? newest - roll(&seed, back) : roll(&seed, (uint32_t)newest + 1);
        const uint64_t digest = seq * 7 + 1;
        const struct sk_judgement judgement = sk_ctrl_judge(&ctrl, 1, seq, digest, false);
        if (taken[seq] > 0 && is_taken(judgement.verdict))
            assert_true(judgement.possible_duplicate);
        if (taken[seq] == 0)
            assert_true(is_taken(judgement.verdict));
        sk_ctrl_apply(&ctrl, &judgement, 1, seq, digest, i);
        taken[seq] += is_taken(judgement.verdict);
        newest = seq > newest ? seq : newest;
        check_holes(&ctrl.cursors[0]);
    }
}

static void test_nothing_lost_nothing_twice_unmarked(void **state)
{
    (void)state;
    static const struct {
        uint32_t skip, back;
    } rows[] = {{1, 4}, {3, 30}, {3, 900}, {5, 3000}, {40, 5000}};
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        for (uint64_t seed = 1; seed <= 10; seed++)
            play(seed, rows[i].skip, rows[i].back);
}

static void test_epochs_are_remembered_and_forgotten(void **state)
{
    (void)state;
    memset(&ctrl, 0, sizeof ctrl);
    for (uint32_t epoch = 1; epoch <= 5; epoch++)
        for (uint64_t seq = 10; seq < 20; seq++) {
            const struct sk_judgement judgement = sk_ctrl_judge(&ctrl, epoch, seq, 1, false);
            const enum sk_seq_verdict expected = seq > 10 ? SK_SEQ_NEXT : epoch == 1 ? SK_SEQ_FIRST : SK_SEQ_EPOCH;
            assert_int_equal(judgement.verdict, expected);
            sk_ctrl_apply(&ctrl, &judgement, epoch, seq, 1, 0);
        }
    assert_int_equal(sk_ctrl_current(&ctrl)->epoch, 5);
    for (uint32_t epoch = 2; epoch <= 5; epoch++)
        assert_int_equal(sk_ctrl_judge(&ctrl, epoch, 15, 1, false).verdict, SK_SEQ_DUPLICATE);
    assert_int_equal(sk_ctrl_judge(&ctrl, 1, 15, 1, false).verdict, SK_SEQ_EPOCH);
    assert_int_equal(ctrl.cursors[sk_ctrl_judge(&ctrl, 1, 15, 1, false).slot].epoch, 2); /* the oldest makes room */
}

static void test_an_epoch_that_misses_events_is_kept_longest(void **state)
{
    (void)state;
    memset(&ctrl, 0, sizeof ctrl);
    static const struct {
        uint32_t epoch;
        uint64_t seq;
    } moves[] = {{1, 1}, {1, 5}, {2, 1}, {3, 1}, {4, 1}};
    for (size_t i = 0; i < SK_COUNT(moves); i++) {
        const struct sk_judgement judgement = sk_ctrl_judge(&ctrl, moves[i].epoch, moves[i].seq, 1, false);
        sk_ctrl_apply(&ctrl, &judgement, moves[i].epoch, moves[i].seq, 1, 0);
    }
    uint64_t missing;
    const struct sk_hole *first;
    assert_int_equal(sk_ctrl_holes(&ctrl, &missing, &first), 1);
    assert_int_equal(missing, 3);
    assert_int_equal(ctrl.cursors[sk_ctrl_judge(&ctrl, 9, 1, 1, false).slot].epoch, 2);
}

static void test_a_far_number_does_not_swallow_the_rest(void **state)
{
    (void)state;
    static const uint64_t seqs[] = {10, UINT64_C(1) << 63, 11, 12, 13};
    memset(&ctrl, 0, sizeof ctrl);
    for (size_t i = 0; i < SK_COUNT(seqs); i++) {
        const struct sk_judgement judgement = sk_ctrl_judge(&ctrl, 1, seqs[i], 1, false);
        assert_true(is_taken(judgement.verdict));
        sk_ctrl_apply(&ctrl, &judgement, 1, seqs[i], 1, 0);
        assert_int_equal(sk_ctrl_judge(&ctrl, 1, seqs[i], 1, false).verdict, SK_SEQ_DUPLICATE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_lost_nothing_twice_unmarked),
        cmocka_unit_test(test_epochs_are_remembered_and_forgotten),
        cmocka_unit_test(test_an_epoch_that_misses_events_is_kept_longest),
        cmocka_unit_test(test_a_far_number_does_not_swallow_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
