/* Running actions of the official suite in a mode (layer 7). */
#include "conformance/spec_drive.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/store.h"
#include "reprise/snapshot.h"
#include "snapshot/move.h"

#include <string.h>

/* Far above what any action needs: ends what would not. */
#define GAS_PER_ACTION (INT64_C(1) << 34)
#define MIB (UINT64_C(1) << 20)
#define FIRST_BOUNDARIES 1000u
#define LATER_INTERVAL 97u
/* The gas to the next boundary is found by trying 1, 2, 3 …, past this limit by doubling. */
#define EXACT_PRICE_MAX 4096

const char *const rp_spec_mode_names[RP_SPEC_MODE_COUNT] = {
#define X(name, text) text,
    RP_SPEC_MODES(X)
#undef X
};

static void begin_action(struct rp_spec_drive *drive)
{
    int64_t position = (int64_t)rp_store_gas_used(drive->store);
    rp_store_set_gas_limit(drive->store, position + GAS_PER_ACTION);
    drive->action_boundaries = 0;
    if (drive->mode == RP_SPEC_MODE_MOVE || drive->mode == RP_SPEC_MODE_SNAPSHOT) {
        rp_store_set_until_gas(drive->store, position);
    }
}

static void end_action(struct rp_spec_drive *drive)
{
    rp_store_set_until_gas(drive->store, RP_GAS_UNLIMITED);
    rp_store_set_gas_limit(drive->store, RP_GAS_UNLIMITED);
    if (rp_store_is_stopped(drive->store)) {
        rp_status status = rp_store_abandon(drive->store, NULL);
        RP_ASSERT(status == RP_OK); /* nothing here depends on real time */
    }
}

/* Whether `every` picks the boundary just reached. */
static bool is_candidate(const struct rp_spec_drive *drive)
{
    uint64_t count = drive->action_boundaries;
    if (drive->every != 0) {
        return count % drive->every == 0;
    }
    return count <= FIRST_BOUNDARIES || (count - FIRST_BOUNDARIES) % LATER_INTERVAL == 0;
}

/* Counts the boundary just reached; whether to move at it. */
static bool count_boundary(struct rp_spec_drive *drive)
{
    drive->boundary_count++;
    drive->action_boundaries++;
    if (!is_candidate(drive)) {
        return false;
    }
    drive->candidate_count++;
    if (drive->sample == 0) {
        return true;
    }
    if (drive->candidate_count < drive->next_candidate) {
        return false;
    }
    uint64_t doublings = drive->spent / (UINT64_C(8) * drive->sample);
    drive->next_candidate =
        drive->candidate_count + (UINT64_C(1) << (doublings < 32 ? doublings : 32));
    drive->spent += 8 + rp_store_memory_bytes(drive->store) / (MIB / 8) + drive->instance_count;
    return true;
}

static bool is_same(const rp_bytes *a, const rp_bytes *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* Saves, restores, saves: ERROR_HOST if anything is not as it was. */
static rp_status save_and_restore(struct rp_spec_drive *drive, rp_report *report)
{
    uint8_t before[RP_ROOT_BYTES];
    uint8_t after[RP_ROOT_BYTES];
    rp_bytes saved = {0};
    rp_bytes again = {0};
    rp_status status = rp_store_root(drive->store, before, NULL, NULL, report);
    if (status == RP_OK) {
        status = rp_store_snapshot(drive->store, &saved, report);
    }
    if (status == RP_OK) {
        status = rp_store_restore(drive->store, saved.data, saved.size, NULL, report);
    }
    if (status == RP_OK) {
        status = rp_store_snapshot(drive->store, &again, report);
    }
    if (status == RP_OK) {
        status = rp_store_root(drive->store, after, NULL, NULL, report);
    }
    if (status == RP_OK &&
        !(is_same(&saved, &again) && memcmp(before, after, sizeof before) == 0)) {
        status = rp_report_fail(report, RP_ERROR_HOST, "the state changed by saving and restoring");
    }
    rp_bytes_release(&saved);
    rp_bytes_release(&again);
    return status;
}

/* Goes on from boundary to boundary, moving the store at those that count, until the action ends.
 * The first stop is before the first instruction: a boundary too. */
static rp_status step_to_end(struct rp_spec_drive *drive, rp_value *results, size_t result_count,
                             rp_outcome *outcome, rp_report *report)
{
    int64_t position = -1;
    int64_t step = 1;
    while (outcome->kind == RP_OUTCOME_SUSPENDED && outcome->reason == RP_REASON_UNTIL_GAS) {
        int64_t now = (int64_t)rp_store_gas_used(drive->store);
        rp_status status = RP_OK;
        if (now != position) {
            position = now;
            step = 1;
            if (count_boundary(drive)) {
                status = drive->mode == RP_SPEC_MODE_MOVE ? rp_store_move(drive->store, report)
                                                          : save_and_restore(drive, report);
                drive->move_count++;
            }
        } else {
            step = step < EXACT_PRICE_MAX ? step + 1 : step * 2;
        }
        if (status == RP_OK) {
            rp_store_set_until_gas(drive->store, position + step);
            status = rp_store_resume(drive->store, results, result_count, outcome, report);
        }
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

rp_status rp_spec_drive_instantiate(struct rp_spec_drive *drive, const rp_module *module,
                                    uint32_t *out_index, rp_outcome *out_outcome, rp_report *report)
{
    rp_instance *instance = NULL;
    begin_action(drive);
    rp_status status = rp_store_instantiate(drive->store, module, &instance, out_outcome, report);
    if (status == RP_OK && instance != NULL) {
        *out_index = instance->index;
        drive->instance_count = instance->index + 1;
        status = step_to_end(drive, NULL, 0, out_outcome, report);
    }
    end_action(drive);
    return status;
}

rp_status rp_spec_drive_call(struct rp_spec_drive *drive, uint32_t func_index, const rp_value *args,
                             size_t arg_count, rp_value *results, size_t result_count,
                             rp_outcome *out_outcome, rp_report *report)
{
    for (size_t i = 0; i < arg_count; i++) {
        if (args[i].kind == RP_EXTERNREF && args[i].of.ref != RP_REF_NULL) {
            rp_status registered = rp_store_register_external(drive->store, args[i].of.ref, report);
            if (registered != RP_OK) {
                return registered;
            }
        }
    }
    begin_action(drive);
    rp_status status = rp_store_call(drive->store, func_index, args, arg_count, results,
                                     result_count, out_outcome, report);
    if (status == RP_OK) {
        status = step_to_end(drive, results, result_count, out_outcome, report);
    }
    end_action(drive);
    return status;
}

rp_instance *rp_spec_drive_instance(const struct rp_spec_drive *drive, uint32_t index)
{
    return rp_store_instance(drive->store, index);
}
