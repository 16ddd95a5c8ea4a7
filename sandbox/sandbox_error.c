/* Errors and names of a sandbox (layer 4). */
#include "sandbox/sandbox_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rp_sandbox_error_name(rp_sandbox_error_code code)
{
    switch (code) {
#define X(name, value, text, explanation) \
    case RP_SANDBOX_##name:               \
        return text;
#include "reprise/sandbox_error.def"
#undef X
    default:
        return "UNKNOWN";
    }
}

const char *rp_sandbox_status_name(rp_sandbox_status status)
{
    switch (status) {
    case RP_SANDBOX_CREATED:
        return "created";
    case RP_SANDBOX_LOADED:
        return "loaded";
    case RP_SANDBOX_RUNNING:
        return "running";
    case RP_SANDBOX_SUSPENDED:
        return "suspended";
    case RP_SANDBOX_DESTROYED:
        return "destroyed";
    default:
        return "unknown";
    }
}

rp_sandbox_error_code rp_sandbox_fail(rp_sandbox_error *error, rp_sandbox_error_code code,
                                      const char *format, ...)
{
    if (error != NULL) {
        memset(error, 0, sizeof *error);
        error->code = code;
        va_list args;
        va_start(args, format);
        vsnprintf(error->message, sizeof error->message, format, args);
        va_end(args);
    }
    return code;
}

rp_sandbox_error_code rp_sandbox_fail_below(rp_sandbox_error *error, rp_sandbox_error_code code,
                                            const rp_report *report)
{
    bool lacks_memory = report->status == RP_ERROR_NO_MEMORY;
    code = lacks_memory ? RP_SANDBOX_HOST_FAILURE : code;
    if (report->has_offset) {
        rp_sandbox_fail(error, code, "byte 0x%llx: %s", (unsigned long long)report->offset,
                        report->text);
    } else {
        rp_sandbox_fail(error, code, "%s", report->text);
    }
    if (error != NULL) {
        error->status = report->status;
    }
    return code;
}

bool rp_sandbox_is_in(const rp_sandbox *sandbox, unsigned statuses)
{
    return (statuses >> sandbox->status & 1) != 0;
}

rp_sandbox_error_code rp_sandbox_refuse(const rp_sandbox *sandbox, const char *call,
                                        rp_sandbox_error *error)
{
    rp_sandbox_error_code code = sandbox->status == RP_SANDBOX_DESTROYED
                                     ? RP_SANDBOX_INSTANCE_DESTROYED
                                     : RP_SANDBOX_INVALID_STATE;
    return rp_sandbox_fail(error, code, "%s: sandbox %s is %s", call, sandbox->id,
                           rp_sandbox_status_name(sandbox->status));
}
