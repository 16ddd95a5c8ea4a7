/* The order of things in states (tests): modules and host functions are numbered by their first
 * use, functions by their creation; and the cost of frames, whatever their order. */
#include "core/assert.h"
#include "engine/store_state.h"
#include "tests/engine/state_edit.h"
#include "tests/support/pack_text.h"
#include "tests/support/rig.h"
#include "tests/support/state_copy.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

/* ---- three instances of two modules ---- */

struct trio {
    struct rp_wasm wasm[2];
    rp_engine *engine;
    rp_module *modules[2];
    rp_store *store;
    struct rp_state_copy copy;
};

/* Imports a and b; functions ()->() and (i)->(i). */
static struct rp_span build_first(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t nothing = rp_wasm_type(wasm, "", "");
    uint32_t number = rp_wasm_type(wasm, "i", "i");
    rp_wasm_import_func(wasm, "host", "a", nothing);
    rp_wasm_import_func(wasm, "host", "b", nothing);
    rp_wasm_func_begin(wasm, nothing, "");
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "number", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, number, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(wasm);
    return rp_wasm_finish(wasm);
}

/* Imports number from the first, and another b. */
static struct rp_span build_second(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t nothing = rp_wasm_type(wasm, "", "");
    uint32_t number = rp_wasm_type(wasm, "i", "i");
    rp_wasm_import_func(wasm, "first", "number", number);
    rp_wasm_import_func(wasm, "post", "b", nothing);
    rp_wasm_func_begin(wasm, nothing, "");
    rp_wasm_func_end(wasm);
    return rp_wasm_finish(wasm);
}

static rp_host_result do_nothing(void *user, rp_caller *caller, const rp_value *args,
                                 rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_RETURN;
}

static void begin(struct trio *trio)
{
    static const char *const names[][2] = {
        {"host", "c"}, {"post", "b"}, {"host", "b"}, {"host", "a"}};
    struct rp_span bytes[2] = {build_first(&trio->wasm[0]), build_second(&trio->wasm[1])};
    assert_int_equal(rp_engine_create(NULL, &trio->engine, NULL), RP_OK);
    assert_int_equal(rp_store_create(trio->engine, NULL, &trio->store, NULL), RP_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            rp_module_load(trio->engine, bytes[i].data, bytes[i].size, &trio->modules[i], NULL),
            RP_OK);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        rp_host_func func = {.struct_size = sizeof func,
                             .module = names[i][0],
                             .name = names[i][1],
                             .callback = do_nothing};
        assert_int_equal(rp_store_define_func(trio->store, &func, NULL), RP_OK);
    }
    static const unsigned order[] = {0, 1, 0};
    for (size_t i = 0; i < RP_ARRAY_COUNT(order); i++) {
        rp_instance *instance;
        rp_outcome outcome;
        assert_int_equal(
            rp_store_instantiate(trio->store, trio->modules[order[i]], &instance, &outcome, NULL),
            RP_OK);
        if (i == 0) {
            assert_int_equal(rp_store_register(trio->store, (rp_name){"first", 5}, instance, NULL),
                             RP_OK);
        }
    }
    rp_state_copy_init(&trio->copy);
    assert_int_equal(rp_state_copy_save(&trio->copy, trio->store, NULL), RP_OK);
}

static void end(struct trio *trio)
{
    rp_state_copy_deinit(&trio->copy);
    rp_store_destroy(trio->store);
    for (size_t i = 0; i < 2; i++) {
        rp_module_destroy(trio->modules[i]);
        rp_wasm_deinit(&trio->wasm[i]);
    }
    rp_engine_destroy(trio->engine);
}

static rp_status load(const struct trio *trio)
{
    rp_store *beside = NULL;
    rp_status status = rp_state_copy_load(&trio->copy, trio->store, &beside, NULL);
    if (status == RP_OK) {
        rp_store_destroy(beside);
    }
    return status;
}

/* Puts the elements of the section's array in another order: a letter each, "ab" is as it is. */
static void reorder(struct trio *trio, enum rp_section section, const char *letters)
{
    struct rp_buffer bytes;
    uint32_t place = rp_state_copy_place(&trio->copy, section);
    rp_buffer_init(&bytes, &trio->copy.allocator);
    rp_msgpack_put_array(&bytes, (uint32_t)strlen(letters));
    for (; *letters != 0; letters++) {
        char path[] = "0/?";
        path[2] = (char)('0' + *letters - 'a');
        struct rp_state_spot spot = rp_state_find(&trio->copy, place, path);
        rp_buffer_append(&bytes, trio->copy.bytes.data + spot.start, spot.size);
    }
    rp_state_copy_replace(&trio->copy, place, bytes.data, bytes.size);
    rp_buffer_deinit(&bytes);
}

static void replace(struct trio *trio, enum rp_section section, const char *path, const char *text)
{
    struct rp_buffer bytes;
    rp_buffer_init(&bytes, &trio->copy.allocator);
    rp_pack_text(&bytes, text);
    rp_state_replace(&trio->copy, rp_state_copy_place(&trio->copy, section), path, bytes.data,
                     bytes.size);
    rp_buffer_deinit(&bytes);
}

static void instances_of_two_modules_load(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    assert_int_equal(load(&trio), RP_OK);
    reorder(&trio, RP_SECTION_modules, "ab"); /* changes nothing */
    reorder(&trio, RP_SECTION_hosts, "abc");
    assert_int_equal(load(&trio), RP_OK);
    end(&trio);
}

static void modules_in_another_order_are_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    reorder(&trio, RP_SECTION_modules, "ba");
    replace(&trio, RP_SECTION_instances, "0/0/0/0", "1");
    replace(&trio, RP_SECTION_instances, "0/0/1/0", "0");
    replace(&trio, RP_SECTION_instances, "0/0/2/0", "1");
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_ENCODING);
    end(&trio);
}

static void modules_that_nothing_uses_are_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    reorder(&trio, RP_SECTION_modules, "aba");
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_ENCODING);
    end(&trio);
}

static void host_functions_in_another_order_are_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    reorder(&trio, RP_SECTION_hosts, "bac");
    replace(&trio, RP_SECTION_functions, "0/0", "[1 1]");
    replace(&trio, RP_SECTION_functions, "0/1", "[1 0]");
    replace(&trio, RP_SECTION_functions, "0/6", "[1 1]");
    replace(&trio, RP_SECTION_functions, "0/7", "[1 0]");
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_ENCODING);
    end(&trio);
}

static void host_functions_listed_twice_are_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    reorder(&trio, RP_SECTION_hosts, "abca");
    replace(&trio, RP_SECTION_functions, "0/6", "[1 3]");
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_ENCODING);
    end(&trio);
}

/* c is offered, and no instance imports it. */
static void host_functions_that_nothing_uses_are_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    reorder(&trio, RP_SECTION_hosts, "abca");
    uint32_t place = rp_state_copy_place(&trio.copy, RP_SECTION_hosts);
    struct rp_state_spot name = rp_state_find(&trio.copy, place, "0/3/1");
    assert_int_equal(trio.copy.bytes.data[name.start + 1], 'a');
    trio.copy.bytes.data[name.start + 1] = 'c';
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_ENCODING);
    end(&trio);
}

static void host_function_of_another_name_is_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    replace(&trio, RP_SECTION_functions, "0/1", "[1 0]");
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_STATE);
    end(&trio);
}

static void host_function_of_another_module_is_refused(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    replace(&trio, RP_SECTION_functions, "0/4", "[1 1]");
    assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_STATE);
    end(&trio);
}

/* Function 3 is number; 2 is of another type, 8 came later, 1 and 4 are host functions. */
static void import_of_a_function_of_another_type_or_time_is_refused(void **state)
{
    (void)state;
    static const char *const lies[] = {"[2 4]", "[9 4]", "[1 4]", "[3 5]", "[3 9]", "[4 4]"};
    struct trio trio;
    for (size_t i = 0; i < RP_ARRAY_COUNT(lies); i++) {
        begin(&trio);
        replace(&trio, RP_SECTION_instances, "0/0/1/1", lies[i]);
        assert_int_equal(load(&trio), RP_ERROR_SNAPSHOT_STATE);
        end(&trio);
    }
}

/* Names are sorted, and of a name that was registered again the later instance counts. */
static void registered_names_are_sorted_and_the_latest_counts(void **state)
{
    (void)state;
    struct trio trio;
    begin(&trio);
    for (uint32_t i = 0; i < 1000; i++) {
        char name[3] = {(char)('a' + i * 7 % 26), (char)('a' + i * 11 % 26), 0};
        rp_instance *instance = rp_store_instance(trio.store, i * 13 % 3);
        assert_int_equal(rp_store_register(trio.store, (rp_name){name, i % 2 + 1}, instance, NULL),
                         RP_OK);
    }
    rp_instance *last = rp_store_instance(trio.store, 2);
    assert_int_equal(rp_store_register(trio.store, (rp_name){"a", 1}, last, NULL), RP_OK);
    assert_int_equal(rp_state_copy_save(&trio.copy, trio.store, NULL), RP_OK);
    uint32_t place = rp_state_copy_place(&trio.copy, RP_SECTION_instances);
    struct rp_state_spot first = rp_state_find(&trio.copy, place, "0/1/0");
    const uint8_t expected[] = {0x92, 0xc4, 1, 'a', 2};
    assert_int_equal(first.size, sizeof expected);
    assert_memory_equal(trio.copy.bytes.data + first.start, expected, sizeof expected);
    assert_int_equal(load(&trio), RP_OK); /* which wants them in order */
    rp_store *beside = NULL;
    struct rp_state_copy again;
    rp_state_copy_init(&again);
    assert_int_equal(rp_state_copy_load(&trio.copy, trio.store, &beside, NULL), RP_OK);
    assert_int_equal(rp_state_copy_save(&again, beside, NULL), RP_OK);
    assert_null(rp_state_copy_difference(&trio.copy, &again));
    for (const struct rp_registration *r = beside->registrations; r != NULL; r = r->next) {
        const struct rp_registration *latest = trio.store->registrations;
        while (!rp_span_equal(latest->name, r->name)) {
            latest = latest->next;
        }
        assert_int_equal(latest->instance->index, r->instance->index);
    }
    rp_state_copy_deinit(&again);
    rp_store_destroy(beside);
    end(&trio);
}

/* ---- what is allocated is bounded by the bytes ---- */

#define SEGMENTS 20000

/* An entry says which module, and the module how much there is: the entry is too short for it, and
 * the store too small. */
static void instance_of_few_bytes_allocates_little(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    struct rp_state_copy copy;
    rp_store *small;
    rp_store *beside = NULL;
    rp_store_config config;
    rp_wasm_init(&wasm);
    rp_wasm_memory(&wasm, 1, 1);
    for (int i = 0; i < SEGMENTS; i++) {
        rp_wasm_data_passive(&wasm, "", 0);
    }
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    rp_state_copy_init(&copy);
    assert_int_equal(rp_state_copy_save(&copy, rig.store, NULL), RP_OK);
    rp_store_config_init(&config);
    config.allocation_limit_bytes = SEGMENTS;
    assert_int_equal(rp_store_create(rig.engine, &config, &small, NULL), RP_OK);
    assert_int_equal(rp_state_copy_load(&copy, small, &beside, NULL), RP_ERROR_NO_MEMORY);
    struct rp_buffer bytes;
    rp_buffer_init(&bytes, &copy.allocator);
    rp_pack_text(&bytes, "[[[0 [] [] [0] [] [] []]] []]");
    rp_state_copy_replace(&copy, rp_state_copy_place(&copy, RP_SECTION_instances), bytes.data,
                          bytes.size);
    rp_buffer_deinit(&bytes);
    assert_int_equal(rp_state_copy_load(&copy, small, &beside, NULL), RP_ERROR_SNAPSHOT_ENCODING);
    rp_store_destroy(small);
    rp_state_copy_deinit(&copy);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* Functions are made when as many entries are there. */
static void instance_without_its_functions_allocates_little(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    struct rp_state_copy copy;
    rp_store *small;
    rp_store *beside = NULL;
    rp_store_config config;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    for (int i = 0; i < SEGMENTS; i++) {
        rp_wasm_func_begin(&wasm, type, "");
        rp_wasm_func_end(&wasm);
    }
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    rp_state_copy_init(&copy);
    assert_int_equal(rp_state_copy_save(&copy, rig.store, NULL), RP_OK);
    rp_store_config_init(&config);
    config.allocation_limit_bytes = SEGMENTS;
    assert_int_equal(rp_store_create(rig.engine, &config, &small, NULL), RP_OK);
    assert_int_equal(rp_state_copy_load(&copy, small, &beside, NULL), RP_ERROR_NO_MEMORY);
    const uint8_t none = 0x90;
    rp_state_copy_replace(&copy, rp_state_copy_place(&copy, RP_SECTION_functions), &none, 1);
    assert_int_equal(rp_state_copy_load(&copy, small, &beside, NULL), RP_ERROR_SNAPSHOT_STATE);
    rp_store_destroy(small);
    rp_state_copy_deinit(&copy);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* ---- frames ---- */

#define SITES 30000
#define SITE_BYTES 5
#define NOPS 1000000

/* A long function that calls itself at many places. */
static struct rp_span build_sites(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t func = rp_wasm_func_begin(wasm, type, "");
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, func);
    for (int i = 0; i < NOPS; i++) {
        rp_wasm_op(wasm, RP_OP_nop);
    }
    for (int i = 0; i < SITES; i++) {
        rp_wasm_op_index(wasm, RP_OP_local_get, 0);
        rp_wasm_op_index(wasm, RP_OP_call, func);
        rp_wasm_op(wasm, RP_OP_drop);
    }
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(wasm);
    return rp_wasm_finish(wasm);
}

/* Each frame at another of its calls, in an order that is none: were the function walked for each
 * of them, it would take minutes, and this test may take one. */
static void frames_at_many_places_of_a_function_load_in_one_walk(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    struct rp_state_copy copy;
    struct rp_state_copy again;
    struct rp_buffer frames;
    rp_store *beside = NULL;
    rp_rig_init(&rig, build_sites(&wasm), NULL);
    rp_store_set_gas_limit(rig.store, (int64_t)rp_store_gas_used(rig.store));
    assert_int_equal(rp_rig_call(&rig, "run", "i", 7), RP_OUTCOME_OUT_OF_GAS);
    rp_state_copy_init(&copy);
    rp_state_copy_init(&again);
    assert_int_equal(rp_state_copy_save(&copy, rig.store, NULL), RP_OK);
    rp_buffer_init(&frames, &copy.allocator);
    rp_msgpack_put_array(&frames, 3);
    rp_msgpack_put_uint(&frames, 0);
    rp_msgpack_put_nil(&frames);
    rp_msgpack_put_array(&frames, SITES);
    for (uint32_t i = 0; i < SITES; i++) {
        uint32_t site = (uint32_t)((uint64_t)i * 7919 % SITES);
        rp_msgpack_put_array(&frames, 3);
        rp_msgpack_put_uint(&frames, 0);
        rp_msgpack_put_uint(&frames, NOPS + site * SITE_BYTES + SITE_BYTES - 1);
        rp_msgpack_put_array(&frames, i + 1 == SITES ? 2 : 1); /* the top one holds the result */
        rp_msgpack_put_uint(&frames, i);
        if (i + 1 == SITES) {
            rp_msgpack_put_uint(&frames, 1);
        }
    }
    rp_state_copy_replace(&copy, rp_state_copy_place(&copy, RP_SECTION_frames), frames.data,
                          frames.size);
    rp_buffer_deinit(&frames);
    assert_int_equal(rp_state_copy_load(&copy, rig.store, &beside, &rig.report), RP_OK);
    assert_int_equal(rp_state_copy_save(&again, beside, NULL), RP_OK);
    assert_null(rp_state_copy_difference(&copy, &again));
    rp_store_destroy(beside);
    rp_state_copy_deinit(&copy);
    rp_state_copy_deinit(&again);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(instances_of_two_modules_load),
        cmocka_unit_test(modules_in_another_order_are_refused),
        cmocka_unit_test(modules_that_nothing_uses_are_refused),
        cmocka_unit_test(host_functions_in_another_order_are_refused),
        cmocka_unit_test(host_functions_listed_twice_are_refused),
        cmocka_unit_test(host_functions_that_nothing_uses_are_refused),
        cmocka_unit_test(host_function_of_another_name_is_refused),
        cmocka_unit_test(host_function_of_another_module_is_refused),
        cmocka_unit_test(import_of_a_function_of_another_type_or_time_is_refused),
        cmocka_unit_test(registered_names_are_sorted_and_the_latest_counts),
        cmocka_unit_test(instance_of_few_bytes_allocates_little),
        cmocka_unit_test(instance_without_its_functions_allocates_little),
        cmocka_unit_test(frames_at_many_places_of_a_function_load_in_one_walk),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
