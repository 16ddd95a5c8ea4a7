/* The section "wasi" from its bytes, which nobody vouches for (layer 4; the grammar stands in
 * wasi_part.c). What each descriptor says is checked here as far as it goes without the tree. */
#include "core/section_reader.h"
#include "sandbox/device.h"
#include "sandbox/shared_text.h"
#include "sandbox/wasi_part.h"

struct loader {
    struct rp_allocator *allocator;
    struct rp_section_reader reader;
    struct rp_wasi_copy *copy;
    bool packs;             /* leave no gaps between descriptors: nobody will use them */
    uint64_t number_behind; /* the descriptors read so far */
};

static uint64_t read_number(struct loader *loader)
{
    return rp_msgpack_uint(loader->reader.in, UINT64_MAX);
}

/* ---- arguments and environment ---- */

/* A guest's string holds no zero; a variable is NAME=value. */
static bool string_is_valid(struct rp_span text, bool is_variable)
{
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL) {
        return false;
    }
    const uint8_t *equals = text.size > 0 ? memchr(text.data, '=', text.size) : NULL;
    return !is_variable || (equals != NULL && equals != text.data);
}

/* Twice over the same bytes: how large they are, then into their place. */
static bool read_strings(struct loader *loader, bool is_variables,
                         struct rp_wasi_strings *out_strings)
{
    uint32_t count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    struct rp_msgpack start = *loader->reader.in;
    uint64_t size = 0;
    for (uint32_t i = 0; i < count && rp_section_read_well(&loader->reader); i++) {
        struct rp_span text = rp_msgpack_bytes(loader->reader.in, RP_WASI_STRINGS_BYTES_MAX);
        if (loader->reader.in->error == NULL && !string_is_valid(text, is_variables)) {
            return rp_section_refuse_state(&loader->reader,
                                           is_variables ? "a variable that is not NAME=value"
                                                        : "an argument with a zero in it");
        }
        size += text.size + 1;
    }
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (size > RP_WASI_STRINGS_BYTES_MAX) {
        return rp_section_refuse_state(&loader->reader,
                                       "more arguments or variables than there can be");
    }
    if (size == 0) {
        return true;
    }
    char *bytes = rp_shared_text_create(loader->allocator, NULL, (size_t)size);
    if (bytes == NULL) {
        return rp_section_no_memory(&loader->reader);
    }
    *out_strings = (struct rp_wasi_strings){.bytes = bytes, .size = (uint32_t)size, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        struct rp_span text = rp_msgpack_bytes(&start, RP_WASI_STRINGS_BYTES_MAX);
        if (text.size > 0) {
            memcpy(bytes, text.data, text.size);
        }
        bytes[text.size] = '\0';
        bytes += text.size + 1;
    }
    return true;
}

/* ---- descriptors ---- */

static bool check_rights(struct loader *loader, uint64_t rights, uint64_t most)
{
    return (rights & ~most) == 0 ||
           rp_section_refuse_state(&loader->reader,
                                   "a descriptor with a right that its kind cannot have");
}

static bool read_stream(struct loader *loader, struct rp_descriptor *descriptor)
{
    uint64_t device = read_number(loader);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (device != RP_DEVICE_STDIN && device != RP_DEVICE_STDOUT && device != RP_DEVICE_STDERR) {
        return rp_section_refuse_state(&loader->reader, "a standard stream that does not exist");
    }
    const struct rp_descriptor_table *table = &loader->copy->descriptors;
    for (uint32_t number = 0; number < table->count; number++) {
        if (table->items[number].kind == RP_DESCRIPTOR_STREAM &&
            table->items[number].device == device) {
            return rp_section_refuse_state(&loader->reader, "a standard stream is open twice");
        }
    }
    descriptor->device = (uint32_t)device;
    return check_rights(loader, descriptor->rights_base,
                        RP_RIGHTS_STREAM |
                            (device == RP_DEVICE_STDIN ? RP_RIGHT_FD_READ : RP_RIGHT_FD_WRITE));
}

static bool read_file(struct loader *loader, struct rp_descriptor *descriptor)
{
    descriptor->offset = read_number(loader);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (descriptor->offset > RP_VFS_FILE_BYTES_MAX) {
        return rp_section_refuse_state(&loader->reader, "an offset beyond where files can end");
    }
    return check_rights(loader, descriptor->rights_base,
                        RP_RIGHTS_FILE & ~(descriptor->read_only ? RP_RIGHTS_WRITING : 0));
}

static bool read_preopen(struct loader *loader, struct rp_descriptor *descriptor)
{
    if (rp_msgpack_is_nil(loader->reader.in)) {
        return true;
    }
    struct rp_span name = rp_msgpack_bytes(loader->reader.in, UINT32_MAX);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (name.size == 0 || memchr(name.data, 0, name.size) != NULL) {
        return rp_section_refuse_state(&loader->reader, "a name that no preopen can have");
    }
    char *text = rp_shared_text_create(loader->allocator, name.data, name.size);
    if (text == NULL) {
        return rp_section_no_memory(&loader->reader);
    }
    descriptor->preopen_name = text;
    descriptor->preopen_name_size = name.size;
    struct rp_vfs_path path;
    return rp_wasi_guest_path(text, &path, NULL) == RP_OK ||
           rp_section_refuse_state(&loader->reader, "a name that no preopen can have");
}

static bool read_directory(struct loader *loader, struct rp_descriptor *descriptor)
{
    descriptor->rights_inheriting = read_number(loader);
    descriptor->reads = rp_msgpack_bool(loader->reader.in);
    return rp_section_read_well(&loader->reader) &&
           check_rights(loader, descriptor->rights_base, RP_RIGHTS_DIRECTORY) &&
           check_rights(loader, descriptor->rights_inheriting, RP_RIGHTS_INHERITED) &&
           read_preopen(loader, descriptor);
}

static bool read_pipe(struct loader *loader, struct rp_descriptor *descriptor)
{
    uint64_t end = read_number(loader);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (end != RP_VFS_END_READ && end != RP_VFS_END_WRITE) {
        return rp_section_refuse_state(&loader->reader, "an end that pipes do not have");
    }
    descriptor->end = (enum rp_vfs_end)end;
    return check_rights(loader, descriptor->rights_base,
                        RP_RIGHTS_PIPE |
                            (end == RP_VFS_END_READ ? RP_RIGHT_FD_READ : RP_RIGHT_FD_WRITE));
}

static bool read_rest(struct loader *loader, struct rp_descriptor *descriptor)
{
    if (descriptor->kind == RP_DESCRIPTOR_STREAM) {
        return read_stream(loader, descriptor);
    }
    descriptor->inode = read_number(loader);
    if (descriptor->kind == RP_DESCRIPTOR_PIPE) {
        return read_pipe(loader, descriptor);
    }
    descriptor->read_only = rp_msgpack_bool(loader->reader.in);
    switch (descriptor->kind) {
    case RP_DESCRIPTOR_FILE:
        return read_file(loader, descriptor);
    case RP_DESCRIPTOR_DIRECTORY:
        return read_directory(loader, descriptor);
    case RP_DESCRIPTOR_DEVICE: /* what rights it may have, the device says (wasi_part_check.c) */
    case RP_DESCRIPTOR_STREAM:
    case RP_DESCRIPTOR_PIPE:
    case RP_DESCRIPTOR_CLOSED:
        break;
    }
    return rp_section_read_well(&loader->reader);
}

static bool read_descriptor(struct loader *loader)
{
    struct rp_descriptor_table *table = &loader->copy->descriptors;
    uint32_t value_count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    uint64_t number = read_number(loader);
    uint64_t kind = read_number(loader);
    uint64_t flags = read_number(loader);
    struct rp_descriptor descriptor = {.rights_base = read_number(loader)};
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (number < loader->number_behind) {
        return rp_section_refuse_encoding(&loader->reader,
                                          "the descriptors are not in order of their numbers");
    }
    if (kind == RP_DESCRIPTOR_CLOSED || kind > RP_DESCRIPTOR_PIPE) {
        return rp_section_refuse_state(&loader->reader,
                                       "a descriptor of a kind that does not exist");
    }
    descriptor.kind = (enum rp_descriptor_kind)kind;
    if (value_count != rp_descriptor_value_count(descriptor.kind)) {
        return rp_section_refuse_encoding(
            &loader->reader, "a descriptor with more or fewer values than its kind has");
    }
    /* each new descriptor gets the lowest free number */
    if (number >= table->max || flags > RP_FDFLAGS_ALL) {
        return rp_section_refuse_state(
            &loader->reader, number >= table->max ? "a descriptor has a number beyond the limit"
                                                  : "a descriptor with a flag that does not exist");
    }
    descriptor.flags = (uint16_t)flags;
    loader->number_behind = number + 1;
    uint32_t place = loader->packs ? table->count : (uint32_t)number;
    if (!rp_descriptor_table_make_room(table, place + 1)) {
        return rp_section_no_memory(&loader->reader);
    }
    bool read = read_rest(loader, &descriptor);
    rp_descriptor_put(table, place, &descriptor); /* the table frees the name */
    return read;
}

/* ---- the whole ---- */

static bool read_quotas(struct loader *loader, struct rp_wasi_quotas *out_quotas)
{
    (void)rp_msgpack_tuple(loader->reader.in, 8);
    out_quotas->output_bytes_max = read_number(loader);
    uint64_t descriptors_max = read_number(loader);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (out_quotas->output_bytes_max == 0 || descriptors_max < 3 || descriptors_max > UINT32_MAX) {
        return rp_section_refuse_state(&loader->reader, "a quota that none can be");
    }
    out_quotas->descriptors_max = (uint32_t)descriptors_max;
    return true;
}

static bool check_quotas(struct loader *loader, const struct rp_wasi_quotas *found,
                         const struct rp_wasi_quotas *here)
{
    if (here == NULL || (found->output_bytes_max == here->output_bytes_max &&
                         found->descriptors_max == here->descriptors_max)) {
        return true;
    }
    bool output = found->output_bytes_max != here->output_bytes_max;
    loader->reader.status = rp_report_fail(
        loader->reader.report, RP_ERROR_SNAPSHOT_CONFIG,
        "wasi: the snapshot's %s is %llu; here it is %llu",
        output ? "output_bytes_max" : "descriptors_max",
        (unsigned long long)(output ? found->output_bytes_max : found->descriptors_max),
        (unsigned long long)(output ? here->output_bytes_max : here->descriptors_max));
    return false;
}

static bool read_wasi(struct loader *loader, const struct rp_wasi_quotas *here)
{
    struct rp_wasi_copy *copy = loader->copy;
    struct rp_wasi_quotas quotas;
    if (!read_quotas(loader, &quotas) || !check_quotas(loader, &quotas, here)) {
        return false;
    }
    rp_descriptor_table_init(&copy->descriptors, loader->allocator, quotas.descriptors_max);
    copy->output_bytes = read_number(loader);
    copy->start_ns = read_number(loader);
    copy->slept_ns = read_number(loader);
    if (copy->output_bytes > quotas.output_bytes_max) {
        return rp_section_refuse_state(&loader->reader, "more output than its limit");
    }
    if (!read_strings(loader, false, &copy->args) || !read_strings(loader, true, &copy->env)) {
        return false;
    }
    uint32_t count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    if (count > quotas.descriptors_max) {
        return rp_section_refuse_state(&loader->reader, "more descriptors than their limit");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_descriptor(loader)) {
            return false;
        }
    }
    return rp_section_read_well(&loader->reader);
}

rp_status rp_wasi_copy_load(struct rp_wasi_copy *copy, struct rp_allocator *allocator,
                            const struct rp_wasi_quotas *quotas, struct rp_msgpack *in,
                            rp_report *report)
{
    struct loader loader = {.allocator = allocator,
                            .copy = copy,
                            .packs = quotas == NULL,
                            .reader = {.in = in, .section = "wasi", .report = report}};
    bool read = read_wasi(&loader, quotas);
    RP_ASSERT(read == (loader.reader.status == RP_OK));
    return loader.reader.status;
}

rp_status rp_wasi_read_quotas(struct rp_msgpack *in, struct rp_wasi_quotas *out_quotas,
                              rp_report *report)
{
    struct loader loader = {.reader = {.in = in, .section = "wasi", .report = report}};
    struct rp_wasi_quotas quotas;
    if (read_quotas(&loader, &quotas)) {
        *out_quotas = quotas;
    }
    return loader.reader.status;
}

void rp_wasi_copy_release(struct rp_wasi_copy *copy, struct rp_allocator *allocator)
{
    rp_vfs_destroy(copy->vfs);
    if (copy->descriptors.allocator != NULL) {
        rp_descriptor_table_deinit(&copy->descriptors);
    }
    rp_shared_text_release(allocator, copy->args.bytes, copy->args.size);
    rp_shared_text_release(allocator, copy->env.bytes, copy->env.size);
    *copy = (struct rp_wasi_copy){0};
}
