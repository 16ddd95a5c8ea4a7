/* Shortest paths on an n by n grid with weighted steps by Dijkstra's algorithm over a binary heap.
 */
#include "kernel.h"

#define SIDE 512
#define HEAP (SIDE * SIDE * 4)

static uint8_t weight[SIDE * SIDE];
static uint32_t distance[SIDE * SIDE];
static uint64_t heap[HEAP + 1]; /* distance << 32 | cell */
static int32_t heap_size;

static void push(uint64_t item)
{
    int32_t at = heap_size++;
    while (at > 0 && heap[(at - 1) / 2] > item) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = item;
}

static uint64_t pop(void)
{
    uint64_t top = heap[0], item = heap[--heap_size];
    int32_t at = 0;
    for (int32_t child = 1; child < heap_size; child = 2 * at + 1) {
        child += child + 1 < heap_size && heap[child + 1] < heap[child];
        if (heap[child] >= item) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
    return top;
}

static void relax(uint32_t cell, uint32_t from)
{
    uint32_t length = from + weight[cell];
    if (length < distance[cell]) {
        distance[cell] = length;
        push((uint64_t)length << 32 | cell);
    }
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    uint32_t side = (uint32_t)kernel_clamp(n, SIDE);
    uint64_t state = 17, sum = 0;
    for (uint32_t i = 0; i < side * side; i++) {
        weight[i] = (uint8_t)(kernel_random(&state) % 9 + 1);
        distance[i] = UINT32_MAX;
    }
    heap_size = 0;
    if (side > 0) {
        relax(0, 0);
    }
    while (heap_size > 0) {
        uint64_t item = pop();
        uint32_t cell = (uint32_t)item, length = (uint32_t)(item >> 32);
        if (length > distance[cell]) {
            continue;
        }
        sum = kernel_mix(sum, item);
        uint32_t x = cell % side, y = cell / side;
        if (x > 0) {
            relax(cell - 1, length);
        }
        if (x + 1 < side) {
            relax(cell + 1, length);
        }
        if (y > 0) {
            relax(cell - side, length);
        }
        if (y + 1 < side) {
            relax(cell + side, length);
        }
    }
    return (int64_t)sum;
}
