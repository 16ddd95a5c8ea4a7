/* The host functions that every embedder may offer: time, randomness, gas (layer 2;
 * docs/host-functions.md).
 *
 * Time and randomness are the store's virtual clock and generator, which are state, so nothing
 * enters from outside: these functions are pure. The gas that is left depends on the embedder's
 * limit, which is no state: each answer is a host event. Each call costs the schedule's price of a
 * host call; random functions advance the generator by one number. Where a name exists in several
 * types, the import's type chooses.
 *
 * A host function runs in the host's floating-point mode: the conversions here are exact, so that
 * no mode changes them. */
#include "determinism/float_rules.h"
#include "engine/store.h"

#define NS_PER_MS 1000000u

/* At most 2^64 / 10^6, so it is exact in every result type. */
static uint64_t read_time_ms(rp_caller *caller)
{
    return rp_store_time_ns(rp_caller_store(caller)) / NS_PER_MS;
}

static rp_host_result call_time_ns(void *user, rp_caller *caller, const rp_value *args,
                                   rp_value *results)
{
    (void)user;
    (void)args;
    results[0].of.i64 = (int64_t)rp_store_time_ns(rp_caller_store(caller));
    return RP_HOST_RETURN;
}

static rp_host_result call_time_ms_i64(void *user, rp_caller *caller, const rp_value *args,
                                       rp_value *results)
{
    (void)user;
    (void)args;
    results[0].of.i64 = (int64_t)read_time_ms(caller);
    return RP_HOST_RETURN;
}

static rp_host_result call_time_ms_f64(void *user, rp_caller *caller, const rp_value *args,
                                       rp_value *results)
{
    (void)user;
    (void)args;
    results[0].of.f64_bits = rp_f64_to_bits((double)(int64_t)read_time_ms(caller));
    return RP_HOST_RETURN;
}

static rp_host_result call_random_i32(void *user, rp_caller *caller, const rp_value *args,
                                      rp_value *results)
{
    (void)user;
    (void)args;
    results[0].of.i32 = (int32_t)(uint32_t)rp_store_random_u64(rp_caller_store(caller));
    return RP_HOST_RETURN;
}

static rp_host_result call_random_i64(void *user, rp_caller *caller, const rp_value *args,
                                      rp_value *results)
{
    (void)user;
    (void)args;
    results[0].of.i64 = (int64_t)rp_store_random_u64(rp_caller_store(caller));
    return RP_HOST_RETURN;
}

/* The 53 high bits of the number / 2^53. */
static rp_host_result call_random_f64(void *user, rp_caller *caller, const rp_value *args,
                                      rp_value *results)
{
    (void)user;
    (void)args;
    const int64_t bits = (int64_t)(rp_store_random_u64(rp_caller_store(caller)) >> 11);
    results[0].of.f64_bits = rp_f64_to_bits((double)bits * 0x1p-53);
    return RP_HOST_RETURN;
}

/* Up to the limit, or to the end of the share of gas if that comes first. */
static rp_host_result call_gas_left(void *user, rp_caller *caller, const rp_value *args,
                                    rp_value *results)
{
    (void)user;
    (void)args;
    const struct rp_store *store = rp_caller_store(caller);
    const int64_t end = store->gas_limit < store->share_end ? store->gas_limit : store->share_end;
    const int64_t position = rp_store_position(store);
    const int64_t left = end > position ? end - position : 0;
    results[0].of.i64 = end == RP_GAS_UNLIMITED ? INT64_MAX : left;
    return RP_HOST_RETURN;
}

rp_status rp_store_define_builtins(rp_store *store, rp_report *report)
{
    static const struct {
        const char *module;
        const char *name;
        rp_valkind result;
        rp_host_callback callback;
        bool is_pure;
    } builtins[] = {
        {"reprise", "time_ns", RP_I64, call_time_ns, true},
        {"reprise", "random_u64", RP_I64, call_random_i64, true},
        {"reprise", "gas_left", RP_I64, call_gas_left, false},
        {"env", "__get_time", RP_I64, call_time_ms_i64, true},
        {"env", "__get_time", RP_F64, call_time_ms_f64, true},
        {"env", "__get_random", RP_I32, call_random_i32, true},
        {"env", "__get_random", RP_I64, call_random_i64, true},
        {"env", "__get_random", RP_F64, call_random_f64, true},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(builtins); i++) {
        const rp_host_func func = {
            .struct_size = sizeof(rp_host_func),
            .module = builtins[i].module,
            .name = builtins[i].name,
            .type = {.results = &builtins[i].result, .result_count = 1},
            .callback = builtins[i].callback,
            .is_pure = builtins[i].is_pure,
        };
        const rp_status status = rp_store_define_func(store, &func, report);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}
