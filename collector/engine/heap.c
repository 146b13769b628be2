/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a binary heap of node numbers with a way back from node to place, so that a timer is moved or taken out in log n.
 * Ties go by node number: the order in which timers fire must not depend on the order in which they were set (a restored engine
 * sets them in another). All arrays have one element per node from the beginning. */
#include "collector/engine/internal.h"

enum sk_err sk_heap_init(struct sk_heap *heap, size_t nodes)
{
    heap->nodes = sk_calloc(nodes, sizeof *heap->nodes);
    heap->place = sk_calloc(nodes, sizeof *heap->place);
    heap->deadline = sk_calloc(nodes, sizeof *heap->deadline);
    heap->capacity = nodes;
    return heap->nodes == NULL || heap->place == NULL || heap->deadline == NULL ? SK_ERR_NOMEM : SK_OK;
}

void sk_heap_release(struct sk_heap *heap)
{
    sk_free(heap->nodes);
    sk_free(heap->place);
    sk_free(heap->deadline);
}

static bool before(const struct sk_heap *heap, uint32_t a, uint32_t b)
{
    /* cppcheck-suppress arrayIndexThenCheck ; a < b is an order, no limit */
    return heap->deadline[a] < heap->deadline[b] || (heap->deadline[a] == heap->deadline[b] && a < b);
}

static void put(struct sk_heap *heap, size_t at, uint32_t node)
{
    heap->nodes[at] = node;
    heap->place[node] = (uint32_t)at + 1;
}

static void rise(struct sk_heap *heap, size_t at)
{
    const uint32_t node = heap->nodes[at];
    while (at > 0 && before(heap, node, heap->nodes[(at - 1) / 2])) {
        put(heap, at, heap->nodes[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, at, node);
}

static void sink(struct sk_heap *heap, size_t at)
{
    const uint32_t node = heap->nodes[at];
    for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && before(heap, heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!before(heap, heap->nodes[child], node))
            break;
        put(heap, at, heap->nodes[child]);
        at = child;
    }
    put(heap, at, node);
}

void sk_heap_set(struct sk_heap *heap, uint32_t node, int64_t deadline)
{
    heap->deadline[node] = deadline;
    if (heap->place[node] == 0)
        put(heap, heap->count++, node);
    rise(heap, heap->place[node] - 1);
    sink(heap, heap->place[node] - 1);
}

void sk_heap_cancel(struct sk_heap *heap, uint32_t node)
{
    if (heap->place[node] == 0)
        return;
    const size_t at = heap->place[node] - 1;
    const uint32_t moved = heap->nodes[--heap->count];
    heap->place[node] = 0;
    if (moved == node)
        return;
    put(heap, at, moved);
    rise(heap, at);
    sink(heap, heap->place[moved] - 1);
}

/* Depth is log2 of the node count: recursion is bounded by the 32 bits of a node number. */
static void visit_below(const struct sk_heap *heap, size_t at, int64_t until, void (*visit)(void *, uint32_t), void *context)
{
    if (at >= heap->count || heap->deadline[heap->nodes[at]] > until)
        return;
    visit(context, heap->nodes[at]);
    visit_below(heap, 2 * at + 1, until, visit, context);
    visit_below(heap, 2 * at + 2, until, visit, context);
}

void sk_heap_due(const struct sk_heap *heap, int64_t until, void (*visit)(void *context, uint32_t node), void *context)
{
    visit_below(heap, 0, until, visit, context);
}
