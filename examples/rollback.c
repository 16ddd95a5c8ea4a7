/* A game loop that saves and rolls back: the other player's inputs come eight frames late, are
 * guessed until then, and a wrong guess is played again.
 *
 *   rollback game.wasm FRAMES
 *
 * Before each frame a checkpoint goes into a ring. When an input arrives that was guessed wrongly,
 * the store returns to the checkpoint of its frame and the frames since are played again. At the
 * end the game must be exactly what it is without any delay. */
#include <reprise/reprise.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY 8
#define SLOTS (DELAY + 1)

struct game {
    rp_store *store;
    uint32_t frame, digest, score; /* functions */
};

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
        exit(1);
    }
}

static rp_module *load(rp_engine *engine, const char *path)
{
    static unsigned char bytes[1 << 20];
    rp_report report = {0};
    rp_module *module;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    require(rp_module_load(engine, bytes, size, &module, &report), &report);
    return module;
}

static uint32_t find(const rp_instance *instance, const char *name)
{
    rp_extern found;
    rp_name text = {name, strlen(name)};
    if (rp_instance_export(instance, text, &found) != RP_OK) {
        fprintf(stderr, "no export \"%s\"\n", name);
        exit(1);
    }
    return found.index;
}

static struct game start(rp_engine *engine, const rp_module *module)
{
    struct game game;
    rp_report report = {0};
    rp_instance *instance;
    rp_outcome outcome;
    require(rp_store_create(engine, NULL, &game.store, &report), &report);
    require(rp_store_define_builtins(game.store, &report), &report);
    require(rp_store_instantiate(game.store, module, &instance, &outcome, &report), &report);
    game.frame = find(instance, "frame");
    game.digest = find(instance, "digest");
    game.score = find(instance, "score");
    return game;
}

static rp_value call(const struct game *game, uint32_t func, const rp_value *args, size_t arg_count,
                     size_t result_count)
{
    rp_report report = {0};
    rp_outcome outcome;
    rp_value result = {0};
    require(
        rp_store_call(game->store, func, args, arg_count, &result, result_count, &outcome, &report),
        &report);
    if (outcome.kind != RP_OUTCOME_RETURNED) {
        fprintf(stderr, "the game stopped: %s\n", outcome.message);
        exit(1);
    }
    return result;
}

static void play(const struct game *game, int left, int right)
{
    rp_value args[] = {{.kind = RP_I32, .of.i32 = left}, {.kind = RP_I32, .of.i32 = right}};
    call(game, game->frame, args, 2, 0);
}

/* What the players do: -1, 0 or 1. */
static int left_input(int frame)
{
    return frame / 13 % 3 - 1;
}

static int right_input(int frame)
{
    return frame * frame / 7 % 3 - 1;
}

/* The input of the other side as far as it is known at `now`: the last one goes on. */
static int guess(int frame, int now)
{
    int known = now - DELAY;
    return known < 0 ? 0 : right_input(frame < known ? frame : known);
}

/* Saves and plays frame `frame` as it looks at `now`. */
static void step(const struct game *game, rp_checkpoint **ring, int *guesses, int frame, int now)
{
    rp_report report = {0};
    rp_checkpoint **slot = &ring[frame % SLOTS];
    require(*slot == NULL ? rp_store_checkpoint(game->store, slot, &report)
                          : rp_store_checkpoint_again(game->store, *slot, &report),
            &report);
    guesses[frame % SLOTS] = guess(frame, now);
    play(game, left_input(frame), guesses[frame % SLOTS]);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "use: %s game.wasm FRAMES\n", argv[0]);
        return 2;
    }
    int frames = atoi(argv[2]);
    rp_report report = {0};
    rp_engine *engine;
    require(rp_engine_create(NULL, &engine, &report), &report);
    rp_module *module = load(engine, argv[1]);
    struct game game = start(engine, module);
    rp_checkpoint *ring[SLOTS] = {0};
    int guesses[SLOTS] = {0};
    int rollbacks = 0;
    for (int now = 0; now < frames + DELAY; now++) {
        int arrived = now - DELAY;
        if (arrived >= 0 && guesses[arrived % SLOTS] != right_input(arrived)) {
            require(rp_store_rollback(game.store, ring[arrived % SLOTS], &report), &report);
            rollbacks++;
            for (int frame = arrived; frame < now && frame < frames; frame++) {
                step(&game, ring, guesses, frame, now);
            }
        }
        if (now < frames) {
            step(&game, ring, guesses, now, now);
        }
    }

    struct game undelayed = start(engine, module);
    for (int frame = 0; frame < frames; frame++) {
        play(&undelayed, left_input(frame), right_input(frame));
    }
    int64_t late = call(&game, game.digest, NULL, 0, 1).of.i64;
    int64_t prompt = call(&undelayed, undelayed.digest, NULL, 0, 1).of.i64;
    rp_value sides[] = {{.kind = RP_I32, .of.i32 = 0}, {.kind = RP_I32, .of.i32 = 1}};
    printf("%d frames, %d rollbacks, score %d:%d, %s\n", frames, rollbacks,
           call(&game, game.score, &sides[0], 1, 1).of.i32,
           call(&game, game.score, &sides[1], 1, 1).of.i32,
           late == prompt ? "the same game as without delay" : "ANOTHER GAME");
    for (int i = 0; i < SLOTS; i++) {
        rp_checkpoint_destroy(ring[i]);
    }
    rp_store_destroy(game.store);
    rp_store_destroy(undelayed.store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    return late == prompt ? 0 : 1;
}
