/* The record of a suspended execution, which travels with the state (layer 4):
 *
 *   record = [version:uint = 1, phase:uint, action:text, gas_begin:uint, payload:bin | nil]
 *
 * in MessagePack (core/msgpack.h), as the store's embedder data; nothing if none is suspended. The
 * payload is there while the execution is stopped in `__alloc`, if it is small enough. */
#include "core/msgpack.h"
#include "sandbox/sandbox_state.h"

#include <string.h>

#define RECORD_VERSION 1u

bool rp_sandbox_record_is_whole(const rp_sandbox *sandbox)
{
    return sandbox->run.phase != RP_PHASE_ALLOC ||
           sandbox->run.payload.size <= RP_SANDBOX_PAYLOAD_KEPT_MAX;
}

static rp_sandbox_error_code set_data(rp_sandbox *sandbox, const void *data, size_t size,
                                      rp_sandbox_error *error)
{
    rp_report report = {0};
    if (rp_store_set_embedder_data(sandbox->live.store, data, size, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_HOST_FAILURE, &report);
    }
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_save_record(rp_sandbox *sandbox, rp_sandbox_error *error)
{
    const struct rp_sandbox_run *run = &sandbox->run;
    struct rp_buffer record;
    rp_buffer_init(&record, &sandbox->allocator);
    rp_msgpack_put_array(&record, 5);
    rp_msgpack_put_uint(&record, RECORD_VERSION);
    rp_msgpack_put_uint(&record, run->phase);
    rp_msgpack_put_text(&record, run->name.data, (uint32_t)run->name.size - 1);
    rp_msgpack_put_uint(&record, run->gas_begin);
    if (run->phase == RP_PHASE_ALLOC && rp_sandbox_record_is_whole(sandbox)) {
        rp_msgpack_put_bytes(&record, run->payload.data, (uint32_t)run->payload.size);
    } else {
        rp_msgpack_put_nil(&record);
    }
    rp_sandbox_error_code code = record.failed ? rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE,
                                                                 "no memory for the suspended call")
                                               : set_data(sandbox, record.data, record.size, error);
    rp_buffer_deinit(&record);
    return code;
}

rp_sandbox_error_code rp_sandbox_clear_record(rp_sandbox *sandbox, rp_sandbox_error *error)
{
    size_t size;
    rp_store_embedder_data(sandbox->live.store, &size);
    return size == 0 ? RP_SANDBOX_OK : set_data(sandbox, "", 0, error);
}

static rp_sandbox_error_code bad_record(const char *what, rp_sandbox_error *error)
{
    return rp_sandbox_fail(error, RP_SANDBOX_SNAPSHOT_ERROR,
                           "the snapshot's record of a suspended execution: %s", what);
}

/* Reads into a run that is empty. */
static rp_sandbox_error_code read_record(const uint8_t *data, size_t size, uint64_t position,
                                         struct rp_sandbox_run *run, rp_sandbox_error *error)
{
    struct rp_msgpack in;
    rp_msgpack_init(&in, data, 0, size);
    rp_msgpack_tuple(&in, 5);
    uint64_t version = rp_msgpack_uint(&in, UINT64_MAX);
    uint64_t phase = rp_msgpack_uint(&in, RP_PHASE_ACTION);
    struct rp_span name = rp_msgpack_text(&in, RP_SANDBOX_ACTION_BYTES_MAX);
    run->gas_begin = rp_msgpack_uint(&in, position);
    bool has_payload = !rp_msgpack_is_nil(&in);
    struct rp_span payload = {0};
    if (has_payload) {
        payload = rp_msgpack_bytes(&in, RP_SANDBOX_PAYLOAD_KEPT_MAX);
    }
    if (in.error != NULL || in.pos != in.end) {
        return bad_record(in.error != NULL ? in.error : "bytes behind its end", error);
    }
    if (version != RECORD_VERSION || phase == RP_PHASE_NONE ||
        has_payload != (phase == RP_PHASE_ALLOC) ||
        (name.size != 0 && memchr(name.data, 0, name.size) != NULL)) {
        return bad_record("its parts contradict each other", error);
    }
    run->phase = (enum rp_sandbox_phase)phase;
    rp_buffer_append(&run->name, name.data, name.size);
    rp_buffer_byte(&run->name, 0);
    rp_buffer_append(&run->payload, payload.data, payload.size);
    if (run->name.failed || run->payload.failed) {
        return rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE, "no memory for a suspended call");
    }
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_load_record(rp_sandbox *sandbox,
                                             const struct rp_sandbox_world *world,
                                             struct rp_sandbox_run *out_run,
                                             rp_sandbox_error *error)
{
    size_t size;
    const uint8_t *data = rp_store_embedder_data(world->store, &size);
    bool stopped = rp_store_is_stopped(world->store);
    if (stopped != (size != 0)) {
        return bad_record(stopped ? "none, but a call is stopped" : "one, but no call is stopped",
                          error);
    }
    struct rp_sandbox_run run = {0};
    rp_buffer_init(&run.name, &sandbox->allocator);
    rp_buffer_init(&run.payload, &sandbox->allocator);
    rp_sandbox_error_code code = RP_SANDBOX_OK;
    if (size != 0) {
        uint64_t position = rp_store_gas_used(world->store);
        code = read_record(data, size, position, &run, error);
    }
    if (code != RP_SANDBOX_OK) {
        rp_buffer_deinit(&run.name);
        rp_buffer_deinit(&run.payload);
        return code;
    }
    *out_run = run;
    return RP_SANDBOX_OK;
}
