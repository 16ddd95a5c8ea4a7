/* Tests of WASI in the snapshot of a store: saved and restored with it, and what an rp_wasi must be
 * for a snapshot (sandbox/wasi_part_config.c). */
#include "reprise/snapshot.h"
#include "reprise/wasi.h"
#include "tests/support/unit.h"

struct run {
    rp_engine *engine;
    rp_store *store;
    rp_wasi *wasi; /* NULL: without WASI */
};

static void must(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fail_msg("%s", report->text);
    }
}

static rp_wasi_config small_config(void)
{
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.vfs_bytes_max = 123456;
    config.inodes_max = 77;
    config.descriptors_max = 19;
    return config;
}

/* A store with WASI, if there is a configuration for it. */
static void begin_run(struct run *run, rp_engine *engine, const rp_wasi_config *config)
{
    rp_report report = {0};
    rp_store_config store_config;
    *run = (struct run){.engine = engine};
    rp_store_config_init(&store_config);
    must(rp_store_create(engine, &store_config, &run->store, &report), &report);
    if (config != NULL) {
        must(rp_wasi_create(config, &run->wasi, &report), &report);
        must(rp_wasi_preopen(run->wasi, "/", false, &report), &report);
        must(rp_wasi_define(run->wasi, run->store, &report), &report);
    }
}

static void end_run(struct run *run)
{
    rp_store_destroy(run->store);
    rp_wasi_destroy(run->wasi);
}

static rp_engine *new_engine(void)
{
    rp_report report = {0};
    rp_engine *engine = NULL;
    must(rp_engine_create(NULL, &engine, &report), &report);
    return engine;
}

static void get_root(const struct run *run, uint8_t root[RP_ROOT_BYTES])
{
    rp_report report = {0};
    must(rp_store_root(run->store, root, NULL, NULL, &report), &report);
}

static void save_run(const struct run *run, rp_bytes *bytes)
{
    rp_report report = {0};
    *bytes = (rp_bytes){0};
    must(rp_store_snapshot(run->store, bytes, &report), &report);
}

static void files_travel_with_the_store(void **state)
{
    (void)state;
    rp_engine *engine = new_engine();
    rp_wasi_config config = small_config();
    struct run first;
    struct run second;
    rp_report report = {0};
    begin_run(&first, engine, &config);
    begin_run(&second, engine, &config);
    must(rp_wasi_write_file(first.wasi, "/d/f", "hello", 5, &report), &report);
    rp_bytes bytes;
    save_run(&first, &bytes);
    uint8_t roots[3][RP_ROOT_BYTES];
    get_root(&first, roots[0]);
    get_root(&second, roots[1]);
    assert_memory_not_equal(roots[0], roots[1], RP_ROOT_BYTES);
    must(rp_store_restore(second.store, bytes.data, bytes.size, NULL, &report), &report);
    get_root(&second, roots[1]);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    must(rp_snapshot_root(bytes.data, bytes.size, NULL, roots[2], NULL, NULL, &report), &report);
    assert_memory_equal(roots[0], roots[2], RP_ROOT_BYTES);
    char text[8] = {0};
    size_t count = 0;
    must(rp_wasi_read_file(second.wasi, "/d/f", 0, text, sizeof text, &count, &report), &report);
    assert_string_equal(text, "hello");
    rp_bytes_release(&bytes);
    end_run(&first);
    end_run(&second);
    rp_engine_destroy(engine);
}

/* (module (func (export "f") (loop (br 0)))), stopped by the clock. */
static void cut_run(const struct run *run, rp_engine *engine)
{
    static const uint8_t bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0,    1,  4, 1,   0x60,
                                    0, 0,   3,   2,   1, 0, 7, 5,    1,  1, 'f', 0,
                                    0, 10,  9,   1,   7, 0, 3, 0x40, 12, 0, 11,  11};
    rp_report report = {0};
    rp_module *module = NULL;
    rp_instance *instance = NULL;
    rp_extern found;
    rp_outcome outcome;
    must(rp_module_load(engine, bytes, sizeof bytes, &module, &report), &report);
    must(rp_store_instantiate(run->store, module, &instance, &outcome, &report), &report);
    must(rp_instance_export(instance, (rp_name){"f", 1}, &found), &report);
    rp_store_interrupt(run->store, RP_STOP_TIMEOUT);
    must(rp_store_call(run->store, found.index, NULL, 0, NULL, 0, &outcome, &report), &report);
    assert_int_equal(outcome.kind, RP_OUTCOME_TIMED_OUT);
    rp_module_destroy(module);
}

static void a_file_that_the_embedder_writes_is_a_host_event(void **state)
{
    (void)state;
    rp_engine *engine = new_engine();
    rp_wasi_config config = small_config();
    struct run run;
    rp_report report = {0};
    begin_run(&run, engine, &config);
    uint64_t before = rp_store_host_events(run.store);
    must(rp_wasi_write_file(run.wasi, "/f", "text", 4, &report), &report);
    assert_int_equal(rp_store_host_events(run.store), before + 1);
    assert_int_equal(rp_wasi_write_file(run.wasi, "/../f", "text", 4, NULL), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_host_events(run.store), before + 1);
    uint8_t roots[2][RP_ROOT_BYTES];
    cut_run(&run, engine);
    get_root(&run, roots[0]);
    assert_int_equal(rp_wasi_write_file(run.wasi, "/f", "late", 4, &report), RP_ERROR_STATE);
    assert_non_null(strstr(report.text, "rp_wasi_write_file: a timeout"));
    get_root(&run, roots[1]);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    rp_store_destroy(run.store);
    assert_int_equal(rp_wasi_write_file(run.wasi, "/f", "after", 5, NULL), RP_OK);
    rp_wasi_destroy(run.wasi);
    rp_engine_destroy(engine);
}

static void a_snapshot_says_what_wasi_it_needs(void **state)
{
    (void)state;
    rp_engine *engine = new_engine();
    rp_wasi_config config = small_config();
    for (unsigned with_limit = 0; with_limit < 2; with_limit++) {
        struct run run;
        rp_report report = {0};
        rp_bytes bytes;
        config.output_bytes_max = with_limit != 0 ? 4321 : 0;
        begin_run(&run, engine, &config);
        save_run(&run, &bytes);
        rp_wasi_config found;
        bool is_found = false;
        rp_wasi_config_init(&found);
        must(rp_wasi_config_from_snapshot(bytes.data, bytes.size, NULL, &found, &is_found, &report),
             &report);
        assert_true(is_found);
        assert_int_equal(found.vfs_bytes_max, config.vfs_bytes_max);
        assert_int_equal(found.inodes_max, config.inodes_max);
        assert_int_equal(found.descriptors_max, config.descriptors_max);
        assert_int_equal(found.output_bytes_max, config.output_bytes_max);
        struct run again;
        begin_run(&again, engine, &found);
        must(rp_store_restore(again.store, bytes.data, bytes.size, NULL, &report), &report);
        end_run(&again);
        found.struct_size--;
        assert_int_equal(
            rp_wasi_config_from_snapshot(bytes.data, bytes.size, NULL, &found, &is_found, NULL),
            RP_ERROR_ARGUMENT);
        found.struct_size++;
        assert_int_not_equal(
            rp_wasi_config_from_snapshot(bytes.data, bytes.size - 1, NULL, &found, &is_found, NULL),
            RP_OK);
        rp_bytes_release(&bytes);
        end_run(&run);
    }
    rp_engine_destroy(engine);
}

static void a_snapshot_without_wasi_says_so(void **state)
{
    (void)state;
    rp_engine *engine = new_engine();
    rp_wasi_config config = small_config();
    struct run plain;
    struct run with;
    rp_report report = {0};
    begin_run(&plain, engine, NULL);
    begin_run(&with, engine, &config);
    rp_bytes without_bytes;
    rp_bytes with_bytes;
    save_run(&plain, &without_bytes);
    save_run(&with, &with_bytes);
    bool is_found = true;
    must(rp_wasi_config_from_snapshot(without_bytes.data, without_bytes.size, NULL, &config,
                                      &is_found, &report),
         &report);
    assert_false(is_found);
    assert_int_equal(config.inodes_max, 77);
    assert_int_equal(
        rp_store_restore(with.store, without_bytes.data, without_bytes.size, NULL, NULL),
        RP_ERROR_SNAPSHOT_HOST);
    assert_int_equal(rp_store_restore(plain.store, with_bytes.data, with_bytes.size, NULL, NULL),
                     RP_ERROR_SNAPSHOT_HOST);
    rp_bytes_release(&without_bytes);
    rp_bytes_release(&with_bytes);
    end_run(&plain);
    end_run(&with);
    rp_engine_destroy(engine);
}

static void another_quota_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    rp_engine *engine = new_engine();
    rp_wasi_config config = small_config();
    struct run first;
    begin_run(&first, engine, &config);
    rp_bytes bytes;
    save_run(&first, &bytes);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const names[] = {"bytes", "inodes", "descriptors_max",
                                            "output_bytes_max"};
        rp_wasi_config other = small_config();
        other.vfs_bytes_max += i == 0;
        other.inodes_max += i == 1;
        other.descriptors_max += i == 2;
        other.output_bytes_max += i == 3;
        struct run run;
        rp_report report = {0};
        uint8_t roots[2][RP_ROOT_BYTES];
        begin_run(&run, engine, &other);
        get_root(&run, roots[0]);
        assert_int_equal(rp_store_restore(run.store, bytes.data, bytes.size, NULL, &report),
                         RP_ERROR_SNAPSHOT_CONFIG);
        assert_non_null(strstr(report.text, names[i]));
        get_root(&run, roots[1]);
        assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
        end_run(&run);
    }
    rp_bytes_release(&bytes);
    end_run(&first);
    rp_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_travel_with_the_store),
        cmocka_unit_test(a_file_that_the_embedder_writes_is_a_host_event),
        cmocka_unit_test(a_snapshot_says_what_wasi_it_needs),
        cmocka_unit_test(a_snapshot_without_wasi_says_so),
        cmocka_unit_test(another_quota_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
