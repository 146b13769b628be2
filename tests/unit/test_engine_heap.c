/* SPDX-License-Identifier: Apache-2.0 */
/* The timer heap against a plain array searched whole: same first timer after any mixture of set, move and cancel. */
#include <stdlib.h>

#include "collector/engine/internal.h"
#include "tests/unit/sk_test.h"

enum { NODES = 61 };

static uint32_t plain_first(const int64_t *deadline, const bool *queued)
{
    uint32_t best = NODES;
    for (uint32_t i = 0; i < NODES; i++)
        if (queued[i] && (best == NODES || deadline[i] < deadline[best]))
            best = i;
    return best;
}

static void count(void *context, uint32_t node)
{
    (void)node;
    ++*(size_t *)context;
}

static void test_against_plain_search(void **state)
{
    (void)state;
    struct sk_heap heap = {0};
    int64_t deadline[NODES];
    bool queued[NODES] = {false};
    uint64_t seed = 7;
    assert_int_equal(sk_heap_init(&heap, NODES), SK_OK);
    for (int i = 0; i < 50000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint32_t node = (uint32_t)(seed >> 40) % NODES;
        if ((seed >> 33) % 3 == 0) {
            sk_heap_cancel(&heap, node);
            queued[node] = false;
        } else {
            deadline[node] = (int64_t)((seed >> 50) % 40); /* many ties */
            sk_heap_set(&heap, node, deadline[node]);
            queued[node] = true;
        }
        const uint32_t first = plain_first(deadline, queued);
        assert_int_equal(heap.count == 0 ? NODES : heap.nodes[0], first);
        size_t due = 0, expected = 0;
        sk_heap_due(&heap, 20, count, &due);
        for (uint32_t k = 0; k < NODES; k++)
            expected += queued[k] && deadline[k] <= 20;
        assert_int_equal(due, expected);
    }
    sk_heap_release(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_plain_search)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
