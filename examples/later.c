/* A host function that answers later: the guest waits in a file, and goes on in another store.
 *
 *   later ask order.wasm state.wsnp FIRST SECOND    begins, stops at the first question
 *   later answer state.wsnp PRICE                   answers it, goes on to the next or to the end
 *
 * Each run of this program is a process of its own. Between them the guest is a file: stopped
 * before the host call, with its arguments in place and the call's number in the state. */
#include <reprise/snapshot.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
        exit(1);
    }
}

static size_t read_file(const char *path, unsigned char *bytes, size_t capacity)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(bytes, 1, capacity, stream);
    fclose(stream);
    return size;
}

/* world.price(article): nobody knows it now. */
static rp_host_result price(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_PENDING;
}

static rp_store *make_store(rp_engine *engine, const rp_store_config *config)
{
    static const rp_valkind params[] = {RP_I32};
    static const rp_valkind results[] = {RP_I64};
    rp_report report = {0};
    rp_store *store;
    rp_host_func func = {.struct_size = sizeof func,
                         .module = "world",
                         .name = "price",
                         .type = {params, 1, results, 1},
                         .callback = price};
    require(rp_store_create(engine, config, &store, &report), &report);
    require(rp_store_define_func(store, &func, &report), &report);
    return store;
}

/* The state with the module, so that the next process needs this one file. */
static void save(rp_store *store, const char *path)
{
    rp_report report = {0};
    rp_bytes state = {0};
    rp_bytes packed = {0};
    rp_pack_options options = {.struct_size = sizeof options,
                               .module = rp_instance_module(rp_store_instance(store, 0))};
    require(rp_store_snapshot(store, &state, &report), &report);
    require(rp_snapshot_pack(state.data, state.size, &options, &packed, &report), &report);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(packed.data, 1, packed.size, stream) != packed.size ||
        fclose(stream) != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(1);
    }
    rp_bytes_release(&state);
    rp_bytes_release(&packed);
}

/* Tells the end, or saves what waits and tells the question. */
static void tell(rp_store *store, const rp_outcome *outcome, const rp_value *result,
                 const char *path)
{
    rp_pending pending;
    if (outcome->kind == RP_OUTCOME_RETURNED) {
        printf("total %lld, gas %llu\n", (long long)result->of.i64,
               (unsigned long long)rp_store_gas_used(store));
    } else if (rp_store_pending(store, &pending) == RP_OK) {
        printf("request %llu: price of article %d?\n", (unsigned long long)pending.request,
               pending.args[0].of.i32);
        save(store, path);
    } else {
        fprintf(stderr, "stopped: %s\n", outcome->message);
        exit(1);
    }
}

static void ask(rp_engine *engine, char **argv)
{
    static unsigned char bytes[1 << 20];
    rp_report report = {0};
    rp_module *module;
    rp_instance *instance;
    rp_outcome outcome;
    rp_extern total;
    rp_value result = {0};
    rp_store *store = make_store(engine, NULL);
    size_t size = read_file(argv[2], bytes, sizeof bytes);
    require(rp_module_load(engine, bytes, size, &module, &report), &report);
    require(rp_store_instantiate(store, module, &instance, &outcome, &report), &report);
    require(rp_instance_export(instance, (rp_name){"total", 5}, &total), &report);
    rp_value args[] = {{.kind = RP_I32, .of.i32 = atoi(argv[4])},
                       {.kind = RP_I32, .of.i32 = atoi(argv[5])}};
    require(rp_store_call(store, total.index, args, 2, &result, 1, &outcome, &report), &report);
    tell(store, &outcome, &result, argv[3]);
    rp_store_destroy(store);
    rp_module_destroy(module);
}

static void answer(rp_engine *engine, char **argv)
{
    static unsigned char bytes[1 << 22];
    rp_report report = {0};
    rp_snapshot_config config;
    rp_pending pending;
    rp_outcome outcome;
    rp_value result = {0};
    size_t size = read_file(argv[2], bytes, sizeof bytes);
    require(rp_snapshot_read_config(bytes, size, NULL, &config, &report), &report);
    rp_store *store = make_store(engine, &config.store);
    require(rp_store_restore(store, bytes, size, NULL, &report), &report);
    require(rp_store_pending(store, &pending), &report);
    rp_value value = {.kind = RP_I64, .of.i64 = atoll(argv[3])};
    require(rp_store_complete(store, pending.request, RP_HOST_RETURN, &value, 1, NULL, 0, &report),
            &report);
    require(rp_store_resume(store, &result, 1, &outcome, &report), &report);
    tell(store, &outcome, &result, argv[2]);
    rp_store_destroy(store);
}

int main(int argc, char **argv)
{
    rp_report report = {0};
    rp_engine *engine;
    require(rp_engine_create(NULL, &engine, &report), &report);
    if (argc == 6 && strcmp(argv[1], "ask") == 0) {
        ask(engine, argv);
    } else if (argc == 4 && strcmp(argv[1], "answer") == 0) {
        answer(engine, argv);
    } else {
        fprintf(stderr,
                "use: %s ask order.wasm state.wsnp FIRST SECOND\n"
                "     %s answer state.wsnp PRICE\n",
                argv[0], argv[0]);
        return 2;
    }
    rp_engine_destroy(engine);
    return 0;
}
