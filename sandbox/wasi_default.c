/* The usual places of a guest's tree (layer 4). Made on a clone: all of them are there, or none. */
#include "sandbox/device.h"
#include "sandbox/wasi_call.h"

#include <stdio.h>

static const struct rp_vfs_start root_start = {.directory = RP_VFS_ROOT};

static const char *const directories[] = {"tmp", "home/user", "bin", "usr/bin", "dev"};

static struct rp_vfs_path path_of(const char *text)
{
    return (struct rp_vfs_path){text, strlen(text)};
}

static enum rp_vfs_error make_directories(struct rp_vfs *vfs, const char **out_failed)
{
    enum rp_vfs_error error = RP_VFS_OK;
    for (size_t i = 0; i < RP_ARRAY_COUNT(directories) && error == RP_VFS_OK; i++) {
        *out_failed = directories[i];
        error = rp_wasi_make_directories(vfs, path_of(directories[i]));
    }
    return error;
}

static enum rp_vfs_error mount_devices(struct rp_vfs *vfs, const char **out_failed)
{
    enum rp_vfs_error error = RP_VFS_OK;
    for (uint32_t i = 0; i < RP_DEVICE_COUNT && error == RP_VFS_OK; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "dev/%s", rp_devices[i].name);
        *out_failed = rp_devices[i].name;
        error = rp_vfs_mount_device(vfs, root_start, path_of(path), rp_devices[i].number);
        if (error == RP_VFS_EXIST) {
            error = RP_VFS_OK;
        }
    }
    return error;
}

static bool has_root_preopen(const struct rp_wasi *wasi)
{
    for (uint32_t i = 0; i < wasi->descriptors.count; i++) {
        const char *name = wasi->descriptors.items[i].preopen_name;
        if (name != NULL && strcmp(name, "/") == 0) {
            return true;
        }
    }
    return false;
}

rp_status rp_wasi_default_tree(rp_wasi *wasi, rp_report *report)
{
    if (wasi->bindings != NULL) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "the default tree comes before rp_wasi_define");
    }
    struct rp_vfs *before = rp_vfs_clone(wasi->vfs);
    if (before == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the default tree");
    }
    const char *failed = "";
    enum rp_vfs_error error = make_directories(wasi->vfs, &failed);
    if (error == RP_VFS_OK) {
        error = mount_devices(wasi->vfs, &failed);
    }
    rp_status status = RP_OK;
    if (error != RP_VFS_OK) {
        status = rp_wasi_report_vfs(report, failed, error);
    } else if (!has_root_preopen(wasi)) {
        status = rp_wasi_add_preopen(wasi, "/", false, report);
    }
    struct rp_vfs *loser = before;
    if (status != RP_OK) {
        loser = wasi->vfs;
        wasi->vfs = before;
    }
    rp_vfs_destroy(loser);
    return status;
}
