/* The snapshot walk (tests): at instruction boundary k a run is saved, restored into a store made
 * afresh with the other dispatch table, and goes on there; at the next boundary again. It stays
 * equal, byte by byte of the snapshot and in its state root, to a run beside it that is only looked
 * at, and both end as a run that never stopped (docs/wsnp.md).
 *
 * Walked are the programs of walk.h, the scene of two linked instances, and the guest whose host
 * answers later.
 *
 * usage: test_snapshot_walk [PATTERN]   only the tests whose names fit, as "tour_*" */
#include "core/assert.h"
#include "reprise/snapshot.h"
#include "tests/support/unit.h"
#include "tests/walks/asking.h"
#include "tests/walks/scene.h"
#include "tests/walks/walk.h"

#include <stdio.h>
#include <stdlib.h>

#define SCENE_CALLS 70u /* the first with RP_SCENE_ROUNDS, the others with fewer */

enum kind { PROGRAM, SCENE, ASKING };

/* What is walked. */
struct subject {
    enum kind kind;
    const struct rp_walk_program *program;
    const char *name;
};

/* ---- a run of any kind ---- */

struct ride {
    const struct subject *subject;
    struct rp_walk_run run;
    struct rp_scene scene;
    struct rp_asking asking;
    uint32_t calls; /* of the scene, begun so far */
    bool metered;
};

static rp_store *store_of(const struct ride *ride)
{
    switch (ride->subject->kind) {
    case PROGRAM:
        return ride->run.store;
    case SCENE:
        return ride->scene.store;
    case ASKING:
    default:
        return ride->asking.store;
    }
}

static rp_engine *engine_of(const struct ride *ride)
{
    switch (ride->subject->kind) {
    case PROGRAM:
        return ride->run.program->engine;
    case SCENE:
        return ride->scene.engine;
    case ASKING:
    default:
        return ride->asking.engine;
    }
}

static void call_scene(struct ride *ride)
{
    int32_t rounds = ride->calls++ == 0 ? RP_SCENE_ROUNDS : RP_SCENE_ROUNDS - 1;
    assert_int_equal(rp_scene_call(&ride->scene, rounds), RP_OK);
}

/* Ends the call, and begins the next one if there is one. */
static void go_scene(struct ride *ride)
{
    if (rp_store_is_stopped(ride->scene.store)) {
        assert_int_equal(rp_scene_resume(&ride->scene), RP_OK);
    }
    while (!rp_store_is_stopped(ride->scene.store) && ride->calls < SCENE_CALLS) {
        assert_int_equal(ride->scene.outcome.kind, RP_OUTCOME_RETURNED);
        call_scene(ride);
    }
}

static void begin(struct ride *ride, const struct subject *subject, bool metered, int64_t until)
{
    *ride = (struct ride){.subject = subject, .metered = metered};
    struct rp_walk_limits limits = {
        .metered = metered, .gas_limit = RP_GAS_UNLIMITED, .until_gas = until};
    rp_store_config config;
    switch (subject->kind) {
    case PROGRAM:
        rp_walk_begin(&ride->run, subject->program, &limits);
        break;
    case SCENE:
        rp_store_config_init(&config);
        config.metered = metered;
        rp_scene_init(&ride->scene);
        assert_int_equal(rp_scene_make(&ride->scene, &config), RP_OK);
        rp_store_set_until_gas(ride->scene.store, until);
        go_scene(ride);
        break;
    case ASKING:
        rp_asking_begin(&ride->asking, metered, until);
        break;
    }
}

static void go(struct ride *ride, int64_t until)
{
    switch (ride->subject->kind) {
    case PROGRAM:
        rp_walk_resume(&ride->run, RP_GAS_UNLIMITED, until);
        break;
    case SCENE:
        rp_store_set_until_gas(ride->scene.store, until);
        go_scene(ride);
        break;
    case ASKING:
        rp_asking_go(&ride->asking, until);
        break;
    }
}

static bool has_ended(const struct ride *ride)
{
    return ride->subject->kind == ASKING ? ride->asking.has_ended
                                         : !rp_store_is_stopped(store_of(ride));
}

/* Into a store made afresh. */
static void restore(struct ride *ride, const rp_bytes *bytes, bool metered)
{
    rp_status status = RP_OK;
    const rp_report *report = &ride->run.report;
    ride->metered = metered;
    switch (ride->subject->kind) {
    case PROGRAM:
        rp_walk_restore(&ride->run, bytes->data, bytes->size, metered);
        status = ride->run.status;
        break;
    case SCENE:
        status = rp_scene_restore(&ride->scene, bytes->data, bytes->size, metered);
        report = &ride->scene.report;
        break;
    case ASKING:
        status = rp_asking_restore(&ride->asking, bytes->data, bytes->size, metered);
        report = &ride->asking.report;
        break;
    }
    if (status != RP_OK) {
        fail_msg("%s: %s: %s", ride->subject->name, rp_status_name(status), report->text);
    }
}

static void end(struct ride *ride)
{
    switch (ride->subject->kind) {
    case PROGRAM:
        rp_walk_end(&ride->run);
        break;
    case SCENE:
        rp_scene_deinit(&ride->scene);
        break;
    case ASKING:
        rp_asking_end(&ride->asking);
        break;
    }
}

/* What the embedder has seen of the run, and the whole state by another way than the snapshot. */
static uint64_t print_of(const struct ride *ride)
{
    switch (ride->subject->kind) {
    case PROGRAM:
        return rp_walk_fingerprint(&ride->run) ^ (uint64_t)ride->run.result.of.i64;
    case SCENE:
        return rp_walk_store_print(ride->scene.store) ^ (uint64_t)ride->scene.results[0].of.i64 ^
               (uint64_t)ride->scene.results[1].of.i32;
    case ASKING:
    default:
        return rp_walk_store_print(ride->asking.store) ^ (uint64_t)ride->asking.result.of.i64 ^
               ride->asking.waits;
    }
}

static void check_right(const struct ride *ride)
{
    assert_true(has_ended(ride));
    if (ride->subject->kind == PROGRAM) {
        assert_true(rp_walk_is_right(&ride->run));
    } else if (ride->subject->kind == ASKING) {
        assert_true(ride->asking.waits > RP_ASKING_ROUNDS);
    } else {
        assert_int_equal(ride->calls, SCENE_CALLS);
    }
}

/* ---- its steps ---- */

/* With these limits in turn a run stops at every one of its places: instruction boundaries, and
 * before and behind the completion of a host call. */
struct steps {
    int64_t *untils;
    size_t count, capacity;
};

static void add_step(struct steps *steps, int64_t until)
{
    if (steps->count == steps->capacity) {
        steps->capacity = 2 * steps->capacity + 1024;
        steps->untils = realloc(steps->untils, steps->capacity * sizeof *steps->untils);
        RP_ASSERT(steps->untils != NULL);
    }
    steps->untils[steps->count++] = until;
}

/* Where a run is, as far as the embedder can tell. */
struct place {
    uint64_t gas;
    uint32_t calls;
    uint32_t waits;
    rp_store_state state;
};

static struct place place_of(const struct ride *ride)
{
    return (struct place){rp_store_gas_used(store_of(ride)), ride->calls, ride->asking.waits,
                          rp_store_get_state(store_of(ride))};
}

static bool is_same_place(const struct place *a, const struct place *b)
{
    return a->gas == b->gas && a->calls == b->calls && a->waits == b->waits && a->state == b->state;
}

static void find_steps(const struct subject *subject, struct steps *out_steps)
{
    *out_steps = (struct steps){0};
    if (subject->kind == PROGRAM) {
        struct rp_walk_path path;
        rp_walk_find_path(subject->program, &path);
        for (size_t i = 0; i < path.count; i++) {
            add_step(out_steps, path.positions[i]);
        }
        rp_walk_free_path(&path);
        return;
    }
    struct ride ride;
    begin(&ride, subject, true, 0);
    struct place here = place_of(&ride);
    int64_t until = 0;
    add_step(out_steps, until);
    while (!has_ended(&ride)) {
        go(&ride, ++until);
        struct place next = place_of(&ride);
        if (!is_same_place(&here, &next) && !has_ended(&ride)) {
            add_step(out_steps, until);
            until = (int64_t)next.gas;
        }
        here = next;
    }
    end(&ride);
}

/* ---- the walk ---- */

struct walk {
    const struct subject *subject;
    struct steps steps;
    struct rp_walk_sample sample;
    struct ride beside; /* looked at, never changed */
    struct ride chain;  /* goes from store to store */
    rp_bytes saved[2];  /* of each */
    uint64_t taken;
};

static void require(const struct walk *walk, size_t k, rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fail_msg("%s at boundary %zu: %s: %s", walk->subject->name, k, rp_status_name(status),
                 report->text);
    }
}

static void save(const struct walk *walk, size_t k, const struct ride *ride, rp_bytes *bytes,
                 uint8_t root[RP_ROOT_BYTES])
{
    rp_report report = {0};
    require(walk, k, rp_store_root(store_of(ride), root, NULL, NULL, &report), &report);
    require(walk, k, rp_store_snapshot(store_of(ride), bytes, &report), &report);
}

static void say_difference(void *user, const char *component, const char *text)
{
    (void)user;
    (void)printf("  %s: %s\n", component, text);
}

/* Both runs are in the same state: root, bytes and the root of the bytes say so. */
static void compare(struct walk *walk, size_t k)
{
    uint8_t roots[3][RP_ROOT_BYTES];
    rp_report report = {0};
    rp_bytes *a = &walk->saved[0];
    rp_bytes *b = &walk->saved[1];
    save(walk, k, &walk->beside, a, roots[0]);
    save(walk, k, &walk->chain, b, roots[1]);
    if (a->size != b->size || memcmp(a->data, b->data, a->size) != 0) {
        uint32_t count = 0;
        (void)rp_snapshot_compare(engine_of(&walk->beside), a->data, a->size, b->data, b->size,
                                  NULL, 8, say_difference, NULL, &count, &report);
        fail_msg("%s at boundary %zu: the snapshots differ", walk->subject->name, k);
    }
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    require(walk, k, rp_snapshot_root(b->data, b->size, NULL, roots[2], NULL, NULL, &report),
            &report);
    assert_memory_equal(roots[0], roots[2], RP_ROOT_BYTES);
}

/* The chain goes on in another store; at every fourth boundary in the same one, restored twice. */
static void hop(struct walk *walk, size_t k)
{
    rp_report report = {0};
    const rp_bytes *bytes = &walk->saved[1];
    uint8_t roots[2][RP_ROOT_BYTES];
    if (walk->taken % 4 == 3) {
        for (unsigned i = 0; i < 2; i++) {
            require(
                walk, k,
                rp_store_restore(store_of(&walk->chain), bytes->data, bytes->size, NULL, &report),
                &report);
        }
    } else {
        restore(&walk->chain, bytes, !walk->chain.metered);
    }
    require(walk, k, rp_store_root(store_of(&walk->chain), roots[0], NULL, NULL, &report), &report);
    require(walk, k, rp_store_root(store_of(&walk->beside), roots[1], NULL, NULL, &report),
            &report);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    assert_true(print_of(&walk->chain) == print_of(&walk->beside));
    walk->taken++;
}

/* Both ends are walked always, and the last state too: a run that has ended can be saved. */
static void step_and_hop(struct walk *walk)
{
    const struct steps *steps = &walk->steps;
    begin(&walk->beside, walk->subject, false, steps->untils[0]);
    begin(&walk->chain, walk->subject, true, steps->untils[0]);
    for (size_t k = 0; k < steps->count; k++) {
        assert_false(has_ended(&walk->beside));
        assert_false(has_ended(&walk->chain));
        assert_int_equal(rp_store_gas_used(store_of(&walk->beside)),
                         rp_store_gas_used(store_of(&walk->chain)));
        if (k < 2 || k + 2 >= steps->count || rp_walk_takes(&walk->sample, k)) {
            compare(walk, k);
            hop(walk, k);
        }
        int64_t until = k + 1 == steps->count ? RP_GAS_UNLIMITED : steps->untils[k + 1];
        go(&walk->beside, until);
        go(&walk->chain, until);
    }
    compare(walk, steps->count);
    hop(walk, steps->count);
}

/* A run that stops nowhere but where its host answers later. Answers its gas. */
static int64_t run_at_once(const struct subject *subject, uint8_t out_root[RP_ROOT_BYTES],
                           uint64_t *out_print)
{
    struct ride ride;
    rp_report report = {0};
    begin(&ride, subject, false, RP_GAS_UNLIMITED);
    while (!has_ended(&ride)) {
        go(&ride, RP_GAS_UNLIMITED);
    }
    check_right(&ride);
    assert_int_equal(rp_store_root(store_of(&ride), out_root, NULL, NULL, &report), RP_OK);
    *out_print = print_of(&ride);
    int64_t gas = (int64_t)rp_store_gas_used(store_of(&ride));
    end(&ride);
    return gas;
}

/* How many boundaries are taken in about a quarter of a second. */
static uint64_t boundaries_for(const struct subject *subject)
{
    return subject->kind == PROGRAM ? 500 : 2000;
}

static void goes_on_elsewhere_at_every_boundary(void **state)
{
    struct walk walk = {.subject = *state};
    uint8_t roots[2][RP_ROOT_BYTES];
    uint64_t print = 0;
    rp_report report = {0};
    (void)run_at_once(walk.subject, roots[0], &print);
    find_steps(walk.subject, &walk.steps);
    char what[64];
    (void)snprintf(what, sizeof what, "boundaries of %s", walk.subject->name);
    walk.sample = rp_walk_sample_of(what, walk.steps.count, boundaries_for(walk.subject));
    step_and_hop(&walk);
    check_right(&walk.beside);
    check_right(&walk.chain);
    assert_int_equal(rp_store_root(store_of(&walk.chain), roots[1], NULL, NULL, &report), RP_OK);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    assert_true(print_of(&walk.chain) == print);
    assert_true(print_of(&walk.beside) == print);
    (void)printf("%s: restored at %llu of %zu boundaries\n", walk.subject->name,
                 (unsigned long long)walk.taken, walk.steps.count);
    for (unsigned i = 0; i < 2; i++) {
        rp_bytes_release(&walk.saved[i]);
    }
    end(&walk.beside);
    end(&walk.chain);
    free(walk.steps.untils);
}

/* ---- looking changes nothing ---- */

/* One of the ways to look at a state, `bytes` being its snapshot. */
static void look(unsigned way, struct ride *ride, rp_bytes *bytes)
{
    rp_report report = {0};
    uint8_t root[RP_ROOT_BYTES];
    bool complete = false;
    uint32_t count = 1;
    rp_status status = RP_OK;
    switch (way) {
    case 0:
        status = rp_store_snapshot(store_of(ride), bytes, &report);
        break;
    case 1:
        status = rp_store_root(store_of(ride), root, NULL, NULL, &report);
        break;
    case 2:
        status =
            rp_snapshot_verify(engine_of(ride), bytes->data, bytes->size, NULL, &complete, &report);
        assert_true(complete || ride->run.wasi != NULL);
        break;
    case 3:
        status = rp_snapshot_compare(engine_of(ride), bytes->data, bytes->size, bytes->data,
                                     bytes->size, NULL, 1, say_difference, NULL, &count, &report);
        assert_int_equal(count, 0);
        break;
    default:
        status = rp_snapshot_root(bytes->data, bytes->size, NULL, root, NULL, NULL, &report);
        break;
    }
    if (status != RP_OK) {
        fail_msg("%s: %s: %s", ride->subject->name, rp_status_name(status), report.text);
    }
}

#define LOOKS 40 /* stops of one run */

static void saving_and_rooting_change_nothing(void **state)
{
    const struct subject *subject = *state;
    uint8_t roots[2][RP_ROOT_BYTES];
    uint64_t print = 0;
    rp_bytes bytes = {0};
    rp_report report = {0};
    struct ride ride;
    int64_t total = run_at_once(subject, roots[0], &print);
    begin(&ride, subject, true, 0);
    for (int64_t k = 1; !has_ended(&ride); k++) {
        uint64_t before = print_of(&ride);
        for (unsigned way = 0; way < 5; way++) {
            look(way, &ride, &bytes);
            assert_true(print_of(&ride) == before);
        }
        go(&ride, k < LOOKS ? total / LOOKS * k : RP_GAS_UNLIMITED);
    }
    check_right(&ride);
    assert_int_equal(rp_store_root(store_of(&ride), roots[1], NULL, NULL, &report), RP_OK);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    assert_true(print_of(&ride) == print);
    end(&ride);
    rp_bytes_release(&bytes);
}

/* ---- all of them ---- */

int main(int argc, char **argv)
{
    if (argc == 2) {
        cmocka_set_test_filter(argv[1]);
    }
    if (!rp_walk_open_programs()) {
        return 77;
    }
    size_t subject_count = rp_walk_program_count + 2;
    struct subject *subjects = calloc(subject_count, sizeof *subjects);
    struct CMUnitTest *tests = calloc(2 * subject_count, sizeof *tests);
    char(*names)[80] = calloc(2 * subject_count, sizeof *names);
    RP_ASSERT(subjects != NULL && tests != NULL && names != NULL);
    subjects[0] = (struct subject){ASKING, NULL, "asking"};
    subjects[1] = (struct subject){SCENE, NULL, "scene"};
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        const struct rp_walk_program *program = &rp_walk_programs[i];
        subjects[i + 2] = (struct subject){PROGRAM, program, program->name};
    }
    for (size_t i = 0; i < 2 * subject_count; i++) {
        bool walks = i < subject_count;
        struct subject *subject = &subjects[i % subject_count];
        (void)snprintf(names[i], sizeof names[i], "%s_%s", subject->name,
                       walks ? "goes_on_elsewhere_at_every_boundary"
                             : "is_not_changed_by_saving_and_rooting");
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func =
                walks ? goes_on_elsewhere_at_every_boundary : saving_and_rooting_change_nothing,
            .initial_state = subject,
        };
    }
    int failed = _cmocka_run_group_tests("snapshot_walk", tests, 2 * subject_count, NULL, NULL);
    free(names);
    free(tests);
    free(subjects);
    rp_walk_close_programs();
    return failed;
}
