/* Instructions out of line (layer 2; core specification 4.4.6, 4.4.7): growth, bulk memory and
 * tables. Host calls are in host_call.c.
 *
 * Each checks its operands, charges its size term, and only then changes anything. */
#include "engine/interp.h"

#include "core/assert.h"
#include "core/limits.h"
#include "core/report.h"

#include <string.h>

static uint32_t read_u32(struct rp_machine *vm)
{
    uint32_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *vm->pc++;
        value |= (uint32_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte >= 0x80);
    return value;
}

/* Takes the term from the budget, or notes what is wanted. */
static bool charge(struct rp_machine *vm, enum rp_gas_term term, uint64_t count)
{
    uint64_t price = rp_schedule_term(&vm->store->engine->schedule, term, count);
    if (RP_UNLIKELY(price > (uint64_t)vm->budget)) {
        vm->want = price;
        return false;
    }
    vm->budget -= (int64_t)price;
    return true;
}

static enum rp_slow trap(struct rp_machine *vm, rp_trap_code code)
{
    vm->trap = code;
    return RP_SLOW_TRAP;
}

static enum rp_slow host_failure(struct rp_machine *vm, const char *what)
{
    vm->store->host_status = rp_report_fail(vm->store->report, RP_ERROR_NO_MEMORY,
                                            "the host has no native memory for %s", what);
    vm->event = RP_EVENT_FAIL;
    return RP_SLOW_EVENT;
}

/* Operand n from the top as an unsigned 32-bit number. */
static uint64_t operand(const struct rp_machine *vm, int n)
{
    return (uint32_t)vm->sp[-n].lo;
}

static bool within(uint64_t offset, uint64_t count, uint64_t size)
{
    return offset <= size && count <= size - offset;
}

/* Before the instruction: its price is given back, what is behind it by who leaves the run. */
static enum rp_slow stop_growth(struct rp_machine *vm)
{
    struct rp_store *store = vm->store;
    vm->budget += store->engine->schedule.op_prices[RP_OP_memory_grow];
    store->stop_kind = RP_OUTCOME_SUSPENDED;
    store->stop_reason = RP_REASON_GROW_DENIED;
    store->share_spent = false;
    vm->event = RP_EVENT_STOP;
    return RP_SLOW_EVENT;
}

enum rp_slow rp_slow_memory_grow(struct rp_machine *vm)
{
    struct rp_memory *memory = vm->instance->memories[read_u32(vm)];
    uint64_t delta = operand(vm, 1);
    uint64_t old_pages = memory->size_bytes / RP_PAGE_BYTES;
    if (!rp_memory_may_grow(memory, vm->store, old_pages + delta)) {
        if (vm->store->stop_on_grow_denied && old_pages + delta <= rp_memory_pages_max(memory)) {
            return stop_growth(vm);
        }
        vm->sp[-1].lo = UINT32_MAX;
        return RP_SLOW_DONE;
    }
    if (!charge(vm, RP_GAS_TERM_PAGES, delta)) {
        return RP_SLOW_UNFIT;
    }
    if (!rp_memory_grow(memory, vm->store, old_pages + delta)) {
        return host_failure(vm, "memory.grow");
    }
    vm->sp[-1].lo = old_pages;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_memory_init(struct rp_machine *vm)
{
    uint32_t index = read_u32(vm);
    struct rp_memory *memory = vm->instance->memories[read_u32(vm)];
    const struct rp_data_segment *segment = &vm->instance->module->data[index];
    uint64_t size = vm->instance->data_dropped[index] ? 0 : segment->bytes.size;
    uint64_t count = operand(vm, 1);
    uint64_t from = operand(vm, 2);
    uint64_t to = operand(vm, 3);
    if (!within(from, count, size) || !within(to, count, memory->size_bytes)) {
        return trap(vm, RP_TRAP_MEMORY_OUT_OF_BOUNDS);
    }
    if (!charge(vm, RP_GAS_TERM_BYTES, count)) {
        return RP_SLOW_UNFIT;
    }
    if (count != 0) {
        memcpy(memory->data + to, segment->bytes.data + from, count);
    }
    vm->sp -= 3;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_memory_copy(struct rp_machine *vm)
{
    struct rp_memory *destination = vm->instance->memories[read_u32(vm)];
    struct rp_memory *source = vm->instance->memories[read_u32(vm)];
    uint64_t count = operand(vm, 1);
    uint64_t from = operand(vm, 2);
    uint64_t to = operand(vm, 3);
    if (!within(from, count, source->size_bytes) || !within(to, count, destination->size_bytes)) {
        return trap(vm, RP_TRAP_MEMORY_OUT_OF_BOUNDS);
    }
    if (!charge(vm, RP_GAS_TERM_BYTES, count)) {
        return RP_SLOW_UNFIT;
    }
    if (count != 0) {
        memmove(destination->data + to, source->data + from, count);
    }
    vm->sp -= 3;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_memory_fill(struct rp_machine *vm)
{
    struct rp_memory *memory = vm->instance->memories[read_u32(vm)];
    uint64_t count = operand(vm, 1);
    uint64_t to = operand(vm, 3);
    if (!within(to, count, memory->size_bytes)) {
        return trap(vm, RP_TRAP_MEMORY_OUT_OF_BOUNDS);
    }
    if (!charge(vm, RP_GAS_TERM_BYTES, count)) {
        return RP_SLOW_UNFIT;
    }
    if (count != 0) {
        memset(memory->data + to, (int)(vm->sp[-2].lo & 0xff), count);
    }
    vm->sp -= 3;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_data_drop(struct rp_machine *vm)
{
    vm->instance->data_dropped[read_u32(vm)] = 1;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_table_init(struct rp_machine *vm)
{
    const struct rp_elements *segment = &vm->instance->elements[read_u32(vm)];
    struct rp_table *table = vm->instance->tables[read_u32(vm)];
    uint64_t count = operand(vm, 1);
    uint64_t from = operand(vm, 2);
    uint64_t to = operand(vm, 3);
    if (!within(from, count, segment->count) || !within(to, count, table->count)) {
        return trap(vm, RP_TRAP_TABLE_OUT_OF_BOUNDS);
    }
    if (!charge(vm, RP_GAS_TERM_ELEMENTS, count)) {
        return RP_SLOW_UNFIT;
    }
    if (count != 0) {
        memcpy(table->elements + to, segment->refs + from, count * sizeof *table->elements);
    }
    vm->sp -= 3;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_elem_drop(struct rp_machine *vm)
{
    struct rp_elements *segment = &vm->instance->elements[read_u32(vm)];
    segment->dropped = true;
    segment->count = 0;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_table_copy(struct rp_machine *vm)
{
    struct rp_table *destination = vm->instance->tables[read_u32(vm)];
    const struct rp_table *source = vm->instance->tables[read_u32(vm)];
    uint64_t count = operand(vm, 1);
    uint64_t from = operand(vm, 2);
    uint64_t to = operand(vm, 3);
    if (!within(from, count, source->count) || !within(to, count, destination->count)) {
        return trap(vm, RP_TRAP_TABLE_OUT_OF_BOUNDS);
    }
    if (!charge(vm, RP_GAS_TERM_ELEMENTS, count)) {
        return RP_SLOW_UNFIT;
    }
    if (count != 0) {
        memmove(destination->elements + to, source->elements + from,
                count * sizeof *source->elements);
    }
    vm->sp -= 3;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_table_fill(struct rp_machine *vm)
{
    struct rp_table *table = vm->instance->tables[read_u32(vm)];
    uint64_t count = operand(vm, 1);
    uint64_t to = operand(vm, 3);
    if (!within(to, count, table->count)) {
        return trap(vm, RP_TRAP_TABLE_OUT_OF_BOUNDS);
    }
    if (!charge(vm, RP_GAS_TERM_ELEMENTS, count)) {
        return RP_SLOW_UNFIT;
    }
    for (uint64_t i = 0; i < count; i++) {
        table->elements[to + i] = vm->sp[-2].lo;
    }
    vm->sp -= 3;
    return RP_SLOW_DONE;
}

enum rp_slow rp_slow_table_grow(struct rp_machine *vm)
{
    struct rp_table *table = vm->instance->tables[read_u32(vm)];
    uint64_t delta = operand(vm, 1);
    uint64_t old_count = table->count;
    if (!rp_table_may_grow(table, vm->store, old_count + delta)) {
        vm->sp--;
        vm->sp[-1].lo = UINT32_MAX;
        return RP_SLOW_DONE;
    }
    if (!charge(vm, RP_GAS_TERM_ELEMENTS, delta)) {
        return RP_SLOW_UNFIT;
    }
    if (!rp_table_grow(table, vm->store, old_count + delta, vm->sp[-2].lo)) {
        return host_failure(vm, "table.grow");
    }
    vm->sp--;
    vm->sp[-1].lo = old_count;
    return RP_SLOW_DONE;
}
