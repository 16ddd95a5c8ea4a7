/* A stateful counter: every run of this program goes on where the last one stopped.
 *
 *   counter counter.wasm state.wsnp PAYLOAD       prints what add(PAYLOAD) answers
 *
 * The whole state of the guest, its code included, lies in the file between two runs. Nothing is
 * read from the module once the state exists. */
#include <reprise/sandbox.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    unsigned char *data;
    size_t size;
};

static int read_file(const char *path, struct file *file)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return 0;
    }
    size_t capacity = 1 << 20;
    file->data = malloc(capacity);
    file->size = file->data == NULL ? 0 : fread(file->data, 1, capacity, stream);
    int whole = file->data != NULL && feof(stream);
    fclose(stream);
    return whole;
}

static int write_file(const char *path, const void *data, size_t size)
{
    FILE *stream = fopen(path, "wb");
    if (stream == NULL) {
        return 0;
    }
    int written = fwrite(data, 1, size, stream) == size;
    return fclose(stream) == 0 && written;
}

static int fail(const char *what, const rp_sandbox_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", what, rp_sandbox_error_name(error->code), error->message);
    return 1;
}

/* The state of last time if there is one, else a fresh instance of the module. */
static int begin(rp_sandbox *sandbox, const char *module_path, const char *state_path)
{
    struct file file = {0};
    rp_sandbox_error error = {0};
    int failed = 0;
    if (read_file(state_path, &file)) {
        if (rp_sandbox_restore(sandbox, file.data, file.size, &error) != RP_SANDBOX_OK) {
            failed = fail(state_path, &error);
        }
    } else if (read_file(module_path, &file)) {
        if (rp_sandbox_load(sandbox, file.data, file.size, &error) != RP_SANDBOX_OK) {
            failed = fail(module_path, &error);
        }
    } else {
        fprintf(stderr, "%s: cannot be read\n", module_path);
        failed = 1;
    }
    free(file.data);
    return failed;
}

/* The state in an envelope with its module, so that another process needs nothing else. */
static int save(rp_sandbox *sandbox, const char *path)
{
    rp_sandbox_error error = {0};
    rp_report report = {0};
    rp_bytes state = {0};
    rp_bytes packed = {0};
    rp_instance *instance = rp_store_instance(rp_sandbox_store(sandbox), 0);
    rp_pack_options options = {
        .struct_size = sizeof options, .module = rp_instance_module(instance), .compress = true};
    int failed = 0;
    if (rp_sandbox_snapshot(sandbox, &state, &error) != RP_SANDBOX_OK) {
        failed = fail("snapshot", &error);
    } else if (rp_snapshot_pack(state.data, state.size, &options, &packed, &report) != RP_OK) {
        fprintf(stderr, "pack: %s\n", report.text);
        failed = 1;
    } else if (!write_file(path, packed.data, packed.size)) {
        fprintf(stderr, "%s: cannot be written\n", path);
        failed = 1;
    }
    rp_bytes_release(&state);
    rp_bytes_release(&packed);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "use: %s counter.wasm state.wsnp PAYLOAD\n", argv[0]);
        return 2;
    }
    rp_sandbox *sandbox;
    rp_sandbox_error error = {0};
    if (rp_sandbox_create(NULL, NULL, &sandbox, &error) != RP_SANDBOX_OK) {
        return fail("create", &error);
    }
    rp_sandbox_result result = {0};
    int failed = begin(sandbox, argv[1], argv[2]);
    if (!failed) {
        rp_sandbox_error_code code =
            rp_sandbox_execute(sandbox, "add", argv[3], strlen(argv[3]), NULL, &result, &error);
        if (code == RP_SANDBOX_OK) {
            printf("%s\n", result.value);
            fprintf(stderr, "gas %llu, %llu since the first run\n",
                    (unsigned long long)result.gas_used,
                    (unsigned long long)result.metrics.gas_total);
            failed = save(sandbox, argv[2]);
        } else {
            failed = fail("add", &error);
        }
    }
    rp_sandbox_result_release(&result);
    rp_sandbox_free(sandbox);
    return failed;
}
