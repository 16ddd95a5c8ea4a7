/* A guest that calls WASI functions without an engine (layer 7, test support): its memory, a
 * clock, output that is kept. */
#ifndef RP_TESTS_SANDBOX_GUEST_H
#define RP_TESTS_SANDBOX_GUEST_H

#include "sandbox/wasi_call.h"
#include "tests/vfs/tree.h"

#define GUEST_BYTES 65536u
#define GUEST_TIME_NS 5000000000u
#define SUCCESS RP_WASI_ERRNO_SUCCESS

struct guest {
    rp_wasi *wasi;
    struct rp_wasi_host host;
    uint8_t memory[GUEST_BYTES];
    uint64_t now_ns;
    uint64_t random;
    char output[4096];
    size_t output_size;
    unsigned writes;
    unsigned last_stream; /* of the last write */
    bool write_fails;
    const char *input;
    size_t input_piece; /* the most that one read brings */
    uint32_t exit_code;
    enum rp_wasi_version version; /* the module name that calls come by */
};

static inline uint64_t guest_time(void *context)
{
    return ((struct guest *)context)->now_ns;
}

static inline void guest_sleep(void *context, uint64_t ns)
{
    struct guest *guest = context;
    guest->now_ns = ns > UINT64_MAX - guest->now_ns ? UINT64_MAX : guest->now_ns + ns;
}

static inline void guest_random(void *context, void *data, size_t size)
{
    struct guest *guest = context;
    for (size_t i = 0; i < size; i++) {
        guest->random = guest->random * UINT64_C(6364136223846793005) + 1;
        ((uint8_t *)data)[i] = (uint8_t)(guest->random >> 56);
    }
}

static inline rp_status guest_write(void *user, unsigned stream, const void *data, size_t size,
                                    rp_report *report)
{
    struct guest *guest = user;
    if (guest->write_fails) {
        return rp_report_fail(report, RP_ERROR_IO, "stream %u: closed", stream);
    }
    guest->writes++;
    guest->last_stream = stream;
    for (size_t i = 0; i < size && guest->output_size < sizeof guest->output; i++) {
        guest->output[guest->output_size] = ((const char *)data)[i];
        guest->output_size++;
    }
    return RP_OK;
}

static inline rp_status guest_read(void *user, void *data, size_t size, size_t *out_count,
                                   rp_report *report)
{
    struct guest *guest = user;
    if (guest->input == NULL) {
        return rp_report_fail(report, RP_ERROR_IO, "input is broken");
    }
    size_t left = strlen(guest->input);
    size_t count = size < left ? size : left;
    count = count < guest->input_piece ? count : guest->input_piece;
    memcpy(data, guest->input, count);
    guest->input += count;
    *out_count = count;
    return RP_OK;
}

static inline void guest_config(struct guest *guest, rp_wasi_config *config)
{
    *guest = (struct guest){.now_ns = GUEST_TIME_NS, .input = "", .input_piece = 1000};
    guest->host = (struct rp_wasi_host){.context = guest,
                                        .time_ns = guest_time,
                                        .sleep_ns = guest_sleep,
                                        .random_bytes = guest_random};
    rp_wasi_config_init(config);
    config->time_ns = GUEST_TIME_NS;
    config->write = guest_write;
    config->read = guest_read;
    config->user = guest;
}

/* With the configuration, and `/` preopened as descriptor 3. */
static inline void guest_init(struct guest *guest, const rp_wasi_config *config)
{
    rp_report report = {0};
    if (rp_wasi_create(config, &guest->wasi, &report) != RP_OK ||
        rp_wasi_preopen(guest->wasi, "/", false, &report) != RP_OK) {
        fail_msg("%s", report.text);
    }
}

static inline void guest_init_plain(struct guest *guest)
{
    rp_wasi_config config;
    guest_config(guest, &config);
    guest_init(guest, &config);
}

static inline void guest_deinit(struct guest *guest)
{
    const char *broken = rp_vfs_check(guest->wasi->vfs);
    if (broken != NULL) {
        fail_msg("%s", broken);
    }
    rp_wasi_destroy(guest->wasi);
}

static inline uint32_t call_args(struct guest *guest, enum rp_wasi_index index,
                                 const uint64_t *args)
{
    struct rp_wasi_call call = {.wasi = guest->wasi,
                                .host = &guest->host,
                                .version = guest->version,
                                .memory = guest->memory,
                                .memory_size = GUEST_BYTES,
                                .args = args};
    uint32_t answer = rp_wasi_functions[index].implementation(&call);
    guest->exit_code = call.exit_code;
    return answer;
}

/* call(guest, fd_close, 3) */
#define call(guest, name, ...) \
    call_args((guest), RP_WASI_INDEX_##name, (const uint64_t[RP_WASI_PARAMS_MAX]){__VA_ARGS__})

static inline uint32_t guest_u32(const struct guest *guest, uint32_t address)
{
    return rp_get_u32(guest->memory + address);
}

static inline uint64_t guest_u64(const struct guest *guest, uint32_t address)
{
    return rp_get_u64(guest->memory + address);
}

/* A text into guest memory; its length. */
static inline uint32_t guest_text(struct guest *guest, uint32_t address, const char *text)
{
    memcpy(guest->memory + address, text, strlen(text));
    return (uint32_t)strlen(text);
}

static inline void guest_vector(struct guest *guest, uint32_t address, uint32_t at, uint32_t size)
{
    rp_put_u32(guest->memory + address, at);
    rp_put_u32(guest->memory + address + 4, size);
}

#define ALL_RIGHTS RP_RIGHTS_INHERITED

/* path_open below descriptor `fd`; the error number. *out_fd on success. */
static inline uint32_t guest_open_rights(struct guest *guest, uint32_t fd, const char *path,
                                         uint32_t oflags, uint64_t rights, uint32_t *out_fd)
{
    uint32_t size = guest_text(guest, 60000, path);
    uint32_t answer =
        call(guest, path_open, fd, 1, 60000, size, oflags, rights, ALL_RIGHTS, 0, 59996);
    if (answer == SUCCESS) {
        *out_fd = guest_u32(guest, 59996);
    }
    return answer;
}

static inline uint32_t guest_open(struct guest *guest, const char *path, uint32_t oflags)
{
    uint32_t fd = UINT32_MAX;
    uint64_t rights = (oflags & RP_OFLAG_DIRECTORY) != 0 ? RP_RIGHTS_DIRECTORY : RP_RIGHTS_FILE;
    assert_int_equal(guest_open_rights(guest, 3, path, oflags, rights, &fd), SUCCESS);
    return fd;
}

/* Descriptors of a new pipe, as the processes to come will make it. */
static inline uint32_t guest_pipe(struct guest *guest, uint32_t capacity, uint32_t out_fds[2])
{
    static const uint64_t none[RP_WASI_PARAMS_MAX];
    struct rp_wasi_call call = {.wasi = guest->wasi,
                                .host = &guest->host,
                                .memory = guest->memory,
                                .memory_size = GUEST_BYTES,
                                .args = none};
    return rp_wasi_make_pipe(&call, capacity, out_fds);
}

/* Subscription `at` of an array at 0, in the layout of the guest's version; its userdata is 1000
 * and its number. */
static inline void guest_subscribe(struct guest *guest, unsigned at, uint8_t type,
                                   uint32_t clock_or_fd, uint64_t timeout, uint16_t flags)
{
    const struct rp_wasi_layout *layout = &rp_wasi_layouts[guest->version];
    uint8_t *subscription = guest->memory + (size_t)at * layout->subscription_bytes;
    memset(subscription, 0, layout->subscription_bytes);
    rp_put_u64(subscription, 1000 + at);
    subscription[8] = type;
    if (type != RP_EVENTTYPE_CLOCK) {
        rp_put_u32(subscription + RP_WASI_SUBSCRIPTION_FD, clock_or_fd);
        return;
    }
    rp_put_u32(subscription + layout->subscription_clock, clock_or_fd);
    rp_put_u64(subscription + layout->subscription_clock + 8, timeout);
    rp_put_u16(subscription + layout->subscription_clock + 24, flags);
}

/* Everything that a call may change, as a number. */
static inline uint64_t guest_digest(const struct guest *guest)
{
    struct tree_digest digest = {vfs_digest(guest->wasi->vfs)};
    const struct rp_descriptor_table *table = &guest->wasi->descriptors;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct rp_descriptor *item = &table->items[i];
        uint64_t numbers[] = {
            (uint64_t)item->kind, item->flags,  item->rights_base, item->rights_inheriting,
            item->inode,          item->offset, item->reads,       item->preopen_name != NULL,
            item->device,         item->end,    item->read_only};
        digest_bytes(&digest, numbers, sizeof numbers);
    }
    uint64_t numbers[] = {table->open_count, table->lowest_free,        guest->now_ns,
                          guest->random,     guest->wasi->output_bytes, guest->wasi->slept_ns};
    digest_bytes(&digest, numbers, sizeof numbers);
    digest_bytes(&digest, guest->memory, sizeof guest->memory);
    return digest.value;
}

#endif
