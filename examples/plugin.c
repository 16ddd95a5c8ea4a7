/* A host of plug-ins from strangers: what may be uploaded is data, what runs is bounded.
 *
 *   plugin TEXT plugin.wasm...       lets every plug-in transform the text
 *
 * A plug-in exports `__alloc(size)` and `transform(ptr, len) -> i64`, takes and gives a JSON
 * string, and may import `host.log(i32)` and nothing else. */
#include <reprise/sandbox.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* host.log(number). */
static rp_host_result log_number(void *user, rp_caller *caller, const rp_value *args,
                                 rp_value *results)
{
    (void)caller;
    (void)results;
    printf("%s logs %d\n", *(const char *const *)user, args[0].of.i32);
    return RP_HOST_RETURN;
}

/* Refused at upload, before anything runs. */
static rp_policy make_policy(void)
{
    static const char *const imports[] = {"host.log"};
    static const char *const exports[] = {"memory", "__alloc", "transform"};
    return (rp_policy){.struct_size = sizeof(rp_policy),
                       .refuse_floats = true,
                       .refuse_simd = true,
                       .refuse_start = true,
                       .module_bytes_max = 64 * 1024,
                       .functions_max = 100,
                       .memory_pages_max = 4,
                       .imports = imports,
                       .import_count = 1,
                       .exports = exports,
                       .export_count = 3};
}

static void tell(const char *path, const char *what, const rp_sandbox_error *error)
{
    printf("%s %s: %s: %s\n", path, what, rp_sandbox_error_name(error->code), error->message);
}

/* One plug-in, one text. */
static void run(rp_sandbox *sandbox, const char *path, const char *json)
{
    static unsigned char bytes[1 << 20];
    rp_sandbox_error error = {0};
    rp_sandbox_result result = {0};
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        printf("%s cannot be read\n", path);
        return;
    }
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    if (rp_sandbox_load(sandbox, bytes, size, &error) != RP_SANDBOX_OK) {
        tell(path, "is refused", &error);
    } else if (rp_sandbox_execute(sandbox, "transform", json, strlen(json), NULL, &result,
                                  &error) != RP_SANDBOX_OK) {
        tell(path, "is stopped", &error);
    } else {
        printf("%s answers %s, gas %llu\n", path, result.value,
               (unsigned long long)result.gas_used);
    }
    rp_sandbox_result_release(&result);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "use: %s TEXT plugin.wasm...\n", argv[0]);
        return 2;
    }
    static const rp_valkind params[] = {RP_I32};
    const char *running = NULL;
    rp_sandbox_host_func host_log = {.module = "host",
                                     .name = "log",
                                     .type = {params, 1, NULL, 0},
                                     .handler = log_number,
                                     .user = &running};
    rp_policy policy = make_policy();
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.memory_max_bytes = 4 * 65536;
    config.gas_per_execution = 1000000;
    config.timeout_ms = 1000;
    config.host_funcs = &host_log;
    config.host_func_count = 1;
    config.policy = &policy;

    rp_sandbox *sandbox;
    rp_sandbox_error error = {0};
    if (rp_sandbox_create(NULL, &config, &sandbox, &error) != RP_SANDBOX_OK) {
        tell("the sandbox", "is not made", &error);
        return 1;
    }
    char json[1024];
    if (snprintf(json, sizeof json, "\"%s\"", argv[1]) >= (int)sizeof json) {
        fprintf(stderr, "the text is too long\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        running = argv[i];
        run(sandbox, argv[i], json);
    }
    rp_sandbox_free(sandbox);
    return 0;
}
