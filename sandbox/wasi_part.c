/* WASI as a part of a store's state (layer 4): saving, exchanging, checkpoints. In MessagePack,
 * where text in brackets is an array:
 *
 *   vfs        = as rp_vfs_save writes it
 *   wasi       = [output_bytes_max, descriptors_max, output_bytes, start_ns, slept_ns,
 *                 [argument:bin ...], [variable:bin ...], [descriptor ...]]     by number
 *   descriptor = [number, kind, flags, rights, rest]
 *   rest of 1  = device                                        a standard stream from the start
 *   rest of 2  = inode, read_only:bool, offset                 a file
 *   rest of 3  = inode, read_only:bool, rights_inheriting, reads:bool, preopen:bin|nil
 *                                                              a directory
 *   rest of 4  = inode, read_only:bool                         a device opened by its path
 *   rest of 5  = inode, end                                    an end of a pipe */
#include "sandbox/wasi_part.h"

#include "core/page_hash.h"
#include "sandbox/shared_text.h"

/* ---- saving ---- */

static void save_strings(const struct rp_wasi_strings *strings, struct rp_buffer *out)
{
    rp_msgpack_put_array(out, strings->count);
    uint32_t at = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        uint32_t size = (uint32_t)strlen(strings->bytes + at);
        rp_msgpack_put_bytes(out, strings->bytes + at, size);
        at += size + 1;
    }
    RP_ASSERT(at == strings->size);
}

static void save_rest(const struct rp_descriptor *descriptor, struct rp_buffer *out)
{
    if (descriptor->kind == RP_DESCRIPTOR_STREAM) {
        rp_msgpack_put_uint(out, descriptor->device);
        return;
    }
    rp_msgpack_put_uint(out, descriptor->inode);
    if (descriptor->kind == RP_DESCRIPTOR_PIPE) {
        rp_msgpack_put_uint(out, (uint64_t)descriptor->end);
        return;
    }
    rp_msgpack_put_bool(out, descriptor->read_only);
    if (descriptor->kind == RP_DESCRIPTOR_FILE) {
        rp_msgpack_put_uint(out, descriptor->offset);
    } else if (descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        rp_msgpack_put_uint(out, descriptor->rights_inheriting);
        rp_msgpack_put_bool(out, descriptor->reads);
        if (descriptor->preopen_name == NULL) {
            rp_msgpack_put_nil(out);
        } else {
            rp_msgpack_put_bytes(out, descriptor->preopen_name,
                                 (uint32_t)descriptor->preopen_name_size);
        }
    }
}

/* How many values the array of a descriptor has, by its kind. */
static const uint8_t value_counts[] = {
    [RP_DESCRIPTOR_STREAM] = 5, [RP_DESCRIPTOR_FILE] = 7, [RP_DESCRIPTOR_DIRECTORY] = 9,
    [RP_DESCRIPTOR_DEVICE] = 6, [RP_DESCRIPTOR_PIPE] = 6,
};

uint32_t rp_descriptor_value_count(enum rp_descriptor_kind kind)
{
    return value_counts[kind];
}

static void save_descriptors(const struct rp_descriptor_table *table, struct rp_buffer *out)
{
    rp_msgpack_put_array(out, table->open_count);
    for (uint32_t number = 0; number < table->count; number++) {
        const struct rp_descriptor *descriptor = &table->items[number];
        if (descriptor->kind == RP_DESCRIPTOR_CLOSED) {
            continue;
        }
        rp_msgpack_put_array(out, rp_descriptor_value_count(descriptor->kind));
        rp_msgpack_put_uint(out, number);
        rp_msgpack_put_uint(out, (uint64_t)descriptor->kind);
        rp_msgpack_put_uint(out, descriptor->flags);
        rp_msgpack_put_uint(out, descriptor->rights_base);
        save_rest(descriptor, out);
    }
}

static void save_wasi(const struct rp_wasi *wasi, struct rp_buffer *out)
{
    rp_msgpack_put_array(out, 8);
    rp_msgpack_put_uint(out, wasi->output_bytes_max);
    rp_msgpack_put_uint(out, wasi->descriptors.max);
    rp_msgpack_put_uint(out, wasi->output_bytes);
    rp_msgpack_put_uint(out, wasi->start_ns);
    rp_msgpack_put_uint(out, wasi->slept_ns);
    save_strings(&wasi->args, out);
    save_strings(&wasi->env, out);
    save_descriptors(&wasi->descriptors, out);
}

static rp_status save_section(void *user, unsigned section, struct rp_buffer *out,
                              rp_report *report)
{
    const struct rp_wasi *wasi = user;
    if (section == RP_WASI_SECTION_VFS) {
        rp_vfs_save(wasi->vfs, out);
    } else {
        save_wasi(wasi, out);
    }
    return out->failed
               ? rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the state of WASI")
               : RP_OK;
}

static rp_status root_section(void *user, unsigned section, uint8_t out_root[RP_HASH_BYTES],
                              rp_report *report)
{
    const struct rp_wasi *wasi = user;
    bool done = false;
    if (section == RP_WASI_SECTION_VFS) {
        done = rp_vfs_root(wasi->vfs, out_root);
    } else {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &allocator);
        save_wasi(wasi, &bytes);
        done = !bytes.failed;
        if (done) {
            rp_component_hash(bytes.data, bytes.size, out_root);
        }
        rp_buffer_deinit(&bytes);
    }
    return done ? RP_OK
                : rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the roots of WASI");
}

static rp_status root_of_section(struct rp_allocator *allocator, unsigned section,
                                 struct rp_span bytes, uint8_t out_root[RP_HASH_BYTES],
                                 rp_report *report)
{
    struct rp_msgpack in;
    rp_msgpack_init(&in, bytes.data, 0, bytes.size);
    struct rp_wasi_copy copy = {0};
    rp_status status = section == RP_WASI_SECTION_VFS
                           ? rp_vfs_root_of(allocator, &in, out_root, report)
                           : rp_wasi_copy_load(&copy, allocator, NULL, &in, report);
    rp_wasi_copy_release(&copy, allocator);
    if (status == RP_OK && in.pos != in.end) {
        status = rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                                "byte %llu: there is something behind the state of WASI",
                                (unsigned long long)rp_msgpack_offset(&in));
    }
    if (status == RP_OK && section == RP_WASI_SECTION_WASI) {
        rp_component_hash(bytes.data, bytes.size, out_root);
    }
    return status;
}

/* ---- restoring ---- */

static void discard(void *user, void *beside)
{
    struct rp_wasi *wasi = user;
    rp_wasi_copy_release(beside, &wasi->allocator);
    rp_free(&wasi->allocator, beside, sizeof(struct rp_wasi_copy));
}

static rp_status load_section(void *user, unsigned section, struct rp_msgpack *in, void **beside,
                              rp_report *report)
{
    struct rp_wasi *wasi = user;
    if (*beside == NULL) {
        *beside = rp_alloc_zero(&wasi->allocator, 1, sizeof(struct rp_wasi_copy));
        if (*beside == NULL) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a second WASI state");
        }
    }
    struct rp_wasi_copy *copy = *beside;
    if (section == RP_WASI_SECTION_VFS) {
        struct rp_vfs_limits limits = rp_vfs_get_limits(wasi->vfs);
        return rp_vfs_load(&wasi->allocator, &limits, in, &copy->vfs, report);
    }
    struct rp_wasi_quotas quotas = {.output_bytes_max = wasi->output_bytes_max,
                                    .descriptors_max = wasi->descriptors.max};
    return rp_wasi_copy_load(copy, &wasi->allocator, &quotas, in, report);
}

/* The table beside gets as much room as the live one has: what a checkpoint relies on. */
static rp_status finish(void *user, void *beside, rp_report *report)
{
    struct rp_wasi *wasi = user;
    struct rp_wasi_copy *copy = beside;
    RP_ASSERT(copy->vfs != NULL && copy->descriptors.allocator != NULL);
    rp_status status = rp_wasi_copy_check(copy, &wasi->allocator, report);
    if (status == RP_OK &&
        !rp_descriptor_table_make_room(&copy->descriptors, wasi->descriptors.capacity)) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for descriptors");
    }
    return status;
}

#define EXCHANGE(a, b)           \
    do {                         \
        __typeof__(a) was = (a); \
        (a) = (b);               \
        (b) = was;               \
    } while (0)

static void exchange(void *user, void *beside)
{
    struct rp_wasi *wasi = user;
    struct rp_wasi_copy *copy = beside;
    EXCHANGE(wasi->vfs, copy->vfs);
    EXCHANGE(wasi->descriptors, copy->descriptors);
    EXCHANGE(wasi->args, copy->args);
    EXCHANGE(wasi->env, copy->env);
    EXCHANGE(wasi->output_bytes, copy->output_bytes);
    EXCHANGE(wasi->start_ns, copy->start_ns);
    EXCHANGE(wasi->slept_ns, copy->slept_ns);
}

/* ---- checkpoints ---- */

static void keep_strings(struct rp_wasi_strings *strings)
{
    rp_shared_text_keep(strings->bytes);
}

static void *checkpoint(void *user)
{
    struct rp_wasi *wasi = user;
    struct rp_wasi_copy *copy = rp_alloc_zero(&wasi->allocator, 1, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    rp_descriptor_table_init(&copy->descriptors, &wasi->allocator, wasi->descriptors.max);
    copy->vfs = rp_vfs_clone(wasi->vfs);
    if (copy->vfs == NULL ||
        !rp_descriptor_table_make_room(&copy->descriptors, wasi->descriptors.count)) {
        discard(wasi, copy);
        return NULL;
    }
    rp_descriptor_table_become(&copy->descriptors, &wasi->descriptors);
    copy->args = wasi->args;
    copy->env = wasi->env;
    keep_strings(&copy->args);
    keep_strings(&copy->env);
    copy->output_bytes = wasi->output_bytes;
    copy->start_ns = wasi->start_ns;
    copy->slept_ns = wasi->slept_ns;
    return copy;
}

static void become_strings(struct rp_allocator *allocator, struct rp_wasi_strings *strings,
                           const struct rp_wasi_strings *other)
{
    struct rp_wasi_strings kept = *other;
    keep_strings(&kept);
    rp_shared_text_release(allocator, strings->bytes, strings->size);
    *strings = kept;
}

/* The live table has room: it had when the checkpoint was made, and tables never shrink, nor does
 * one take the place of a larger one (finish). */
static void roll_back(void *user, void *checkpoint)
{
    struct rp_wasi *wasi = user;
    const struct rp_wasi_copy *copy = checkpoint;
    rp_vfs_become(wasi->vfs, copy->vfs);
    rp_descriptor_table_become(&wasi->descriptors, &copy->descriptors);
    become_strings(&wasi->allocator, &wasi->args, &copy->args);
    become_strings(&wasi->allocator, &wasi->env, &copy->env);
    wasi->output_bytes = copy->output_bytes;
    wasi->start_ns = copy->start_ns;
    wasi->slept_ns = copy->slept_ns;
}

/* ---- the part ---- */

void rp_wasi_part_init(struct rp_wasi *wasi)
{
    wasi->part = (struct rp_store_part){.user = wasi,
                                        .section_count = RP_WASI_SECTION_COUNT,
                                        .sections = {"vfs", "wasi"},
                                        .save = save_section,
                                        .root = root_section,
                                        .root_of = root_of_section,
                                        .load = load_section,
                                        .finish = finish,
                                        .exchange = exchange,
                                        .discard = discard,
                                        .checkpoint = checkpoint,
                                        .rollback = roll_back,
                                        .forget = discard};
}
