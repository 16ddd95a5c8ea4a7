/* What an rp_wasi must be for a restore (layer 4; include/reprise/wasi.h). */
#include "sandbox/wasi_part.h"
#include "snapshot/opened.h"

static void read_body(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                      struct rp_msgpack *out_in)
{
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(out_in, wsnp->data, start, start + section->body.size);
}

static rp_status read_quotas(const struct rp_wsnp *wsnp, rp_wasi_config *config, bool *out_found,
                             rp_report *report)
{
    const struct rp_wsnp_section *vfs = rp_wsnp_find(wsnp, "vfs");
    const struct rp_wsnp_section *wasi = rp_wsnp_find(wsnp, "wasi");
    if (vfs == NULL || wasi == NULL) {
        if (vfs != wasi) {
            return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                                  "the snapshot has a section \"%s\" and no \"%s\"",
                                  vfs != NULL ? "vfs" : "wasi", vfs != NULL ? "wasi" : "vfs");
        }
        *out_found = false;
        return RP_OK;
    }
    struct rp_msgpack in;
    struct rp_vfs_limits limits;
    struct rp_wasi_quotas quotas;
    read_body(wsnp, vfs, &in);
    rp_status status = rp_vfs_read_limits(&in, &limits, report);
    if (status == RP_OK) {
        read_body(wsnp, wasi, &in);
        status = rp_wasi_read_quotas(&in, &quotas, report);
    }
    if (status != RP_OK) {
        return status;
    }
    config->vfs_bytes_max = limits.bytes_max;
    config->inodes_max = limits.inodes_max;
    config->descriptors_max = quotas.descriptors_max;
    config->output_bytes_max = quotas.output_bytes_max == UINT64_MAX ? 0 : quotas.output_bytes_max;
    *out_found = true;
    return RP_OK;
}

rp_status rp_wasi_config_from_snapshot(const void *snapshot, size_t size,
                                       const rp_restore_options *options, rp_wasi_config *config,
                                       bool *out_found, rp_report *report)
{
    if (config->struct_size != sizeof *config) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_wasi_config: struct_size is %zu, not %zu", config->struct_size,
                              sizeof *config);
    }
    struct rp_opened opened;
    rp_status status = rp_opened_init(&opened, snapshot, size, options, report);
    if (status == RP_OK) {
        status = read_quotas(&opened.wsnp, config, out_found, report);
    }
    rp_opened_deinit(&opened);
    return status;
}
