/* Instructions out of line (layer 2; core specification 4.4.6, 4.4.7): growth, bulk memory and
 * tables, host calls.
 *
 * Each checks its operands, charges its size term, and only then changes anything. */
#include "engine/interp.h"
#include "engine/observe.h"

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

enum rp_slow rp_slow_memory_grow(struct rp_machine *vm)
{
    struct rp_memory *memory = vm->instance->memories[read_u32(vm)];
    uint64_t delta = operand(vm, 1);
    uint64_t old_pages = memory->size_bytes / RP_PAGE_BYTES;
    if (!rp_memory_may_grow(memory, vm->store, old_pages + delta)) {
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

/* ---- host calls ---- */

/* The host may call back: the machine's registers are its own again afterwards. */
static rp_host_result call_host(struct rp_machine *vm, const struct rp_host_binding *binding,
                                rp_caller *caller, const rp_value *args, rp_value *results)
{
    struct rp_store *store = vm->store;
    struct rp_machine saved = *vm;
    rp_float_env_leave(&store->float_env);
    rp_host_result answer = binding->callback(binding->user, caller, args, results);
    rp_float_env_enter(&store->float_env);
    int64_t budget = vm->budget; /* what nested calls left of it */
    *vm = saved;
    vm->budget = budget;
    return answer;
}

static enum rp_slow leave_results(struct rp_machine *vm, const struct rp_func *callee,
                                  const rp_value *results)
{
    const struct rp_func_type *type = callee->type;
    struct rp_slot *base = vm->sp - vm->popped - type->param_count;
    for (uint32_t i = 0; i < type->result_count; i++) {
        if (!rp_value_check(vm->store, &results[i], type->types[type->param_count + i])) {
            vm->store->host_status = rp_report_fail(
                vm->store->report, RP_ERROR_TYPE,
                "host function \"%.*s\".\"%.*s\": result %u is not of type %s",
                (int)callee->host->module.size, (const char *)callee->host->module.data,
                (int)callee->host->name.size, (const char *)callee->host->name.data, i,
                rp_type_name(type->types[type->param_count + i]));
            vm->event = RP_EVENT_FAIL;
            return RP_SLOW_EVENT;
        }
    }
    for (uint32_t i = 0; i < type->result_count; i++) {
        base[i].lo = rp_value_to_slot(&results[i]);
    }
    vm->sp = base + type->result_count;
    return RP_SLOW_DONE;
}

static uint64_t host_price(const struct rp_store *store, const struct rp_host_binding *binding,
                           rp_caller *caller, const rp_value *args)
{
    uint64_t base = binding->base_price;
    if (base == 0) {
        base = store->engine->schedule.flat_prices[RP_GAS_FLAT_HOST_CALL];
    }
    uint64_t extra = binding->price == NULL ? 0 : binding->price(binding->user, caller, args);
    bool overflows = base > (uint64_t)INT64_MAX || extra > (uint64_t)INT64_MAX - base;
    return overflows ? UINT64_MAX : base + extra;
}

static enum rp_slow finish_host_call(struct rp_machine *vm, const struct rp_func *callee,
                                     rp_host_result answer, const rp_value *results)
{
    switch (answer) {
    case RP_HOST_RETURN:
        return leave_results(vm, callee, results);
    case RP_HOST_TRAP:
        return trap(vm, RP_TRAP_HOST);
    case RP_HOST_EXIT:
        vm->event = RP_EVENT_EXIT;
        return RP_SLOW_EVENT;
    case RP_HOST_FAIL:
    default:
        break;
    }
    vm->store->host_status = rp_report_fail(
        vm->store->report, RP_ERROR_HOST, "host function \"%.*s\".\"%.*s\" failed%s%s",
        (int)callee->host->module.size, (const char *)callee->host->module.data,
        (int)callee->host->name.size, (const char *)callee->host->name.data,
        vm->store->message[0] == 0 ? "" : ": ", vm->store->message);
    vm->event = RP_EVENT_FAIL;
    return RP_SLOW_EVENT;
}

/* `values`: room for the arguments and the results. */
static enum rp_slow host_call_with(struct rp_machine *vm, rp_value *values)
{
    struct rp_store *store = vm->store;
    const struct rp_func *callee = vm->callee;
    const struct rp_func_type *type = callee->type;
    rp_value *results = values + type->param_count;
    const struct rp_slot *args = vm->sp - vm->popped - type->param_count;
    for (uint32_t i = 0; i < type->param_count; i++) {
        rp_value_from_slot(&values[i], type->types[i], args[i].lo);
    }
    for (uint32_t i = 0; i < type->result_count; i++) {
        rp_value_from_slot(&results[i], type->types[type->param_count + i], 0);
    }
    rp_caller caller = {.store = store, .instance = vm->instance};
    if (callee->host->callback == NULL) {
        rp_store_describe_unknown_import(store, callee->host);
        if (vm->observed) {
            rp_observe_host_enter(vm, callee);
            rp_observe_host_leave(vm, callee, false);
        }
        return trap(vm, RP_TRAP_UNKNOWN_IMPORT);
    }
    uint64_t price = host_price(store, callee->host, &caller, values);
    if (price > (uint64_t)vm->budget) {
        vm->want = price;
        return RP_SLOW_UNFIT;
    }
    if (vm->observed) {
        rp_observe_host_enter(vm, callee);
    }
    vm->budget -= (int64_t)price;
    store->host_gas += price;
    store->message[0] = 0;
    /* For a backtrace from inside, the frame waits at the call. */
    if (vm->frame != NULL) {
        vm->frame->pc = vm->pc;
        vm->frame->st = vm->st;
    }
    rp_host_result result = call_host(vm, callee->host, &caller, values, results);
    enum rp_slow answer = finish_host_call(vm, callee, result, results);
    if (vm->observed) {
        rp_observe_host_leave(vm, callee, answer == RP_SLOW_DONE);
    }
    return answer;
}

/* Most host functions have few values: nested calls then take little of the native stack. */
#define FEW_VALUES 24

static RP_NOINLINE enum rp_slow host_call_with_few(struct rp_machine *vm)
{
    rp_value values[FEW_VALUES];
    return host_call_with(vm, values);
}

static RP_NOINLINE enum rp_slow host_call_with_many(struct rp_machine *vm, size_t count)
{
    struct rp_allocator *allocator = &vm->store->allocator;
    rp_value *values = rp_alloc(allocator, count * sizeof *values);
    if (values == NULL) {
        return host_failure(vm, "the values of a host call");
    }
    enum rp_slow answer = host_call_with(vm, values);
    rp_free(allocator, values, count * sizeof *values);
    return answer;
}

enum rp_slow rp_slow_host_call(struct rp_machine *vm)
{
    const struct rp_func_type *type = vm->callee->type;
    size_t count = (size_t)type->param_count + type->result_count;
    return count <= FEW_VALUES ? host_call_with_few(vm) : host_call_with_many(vm, count);
}
