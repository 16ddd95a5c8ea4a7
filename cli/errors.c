/* Every error explained (layer 7): see errors.h and errors.def. */
#include "cli/errors.h"

#include "core/assert.h"

#include <string.h>

/* One row for each member of the three lists, by its name; errors.def fills in the help. */
enum error_row {
#define X(name, value, text) ROW_STATUS_##name,
#include "reprise/status.def"
#undef X
#define X(name, value, code, text) ROW_TRAP_##name,
#include "reprise/trap.def"
#undef X
#define X(name, value, code, text) ROW_SANDBOX_##name,
#include "reprise/sandbox_error.def"
#undef X
    ROW_COUNT
};

struct help {
    const char *causes;
    const char *remedy;
};

static const struct help helps[ROW_COUNT] = {
#define RP_STATUS_HELP(name, causes, remedy) [ROW_STATUS_##name] = {causes, remedy},
#define RP_TRAP_HELP(name, causes, remedy) [ROW_TRAP_##name] = {causes, remedy},
#define RP_SANDBOX_HELP(name, causes, remedy) [ROW_SANDBOX_##name] = {causes, remedy},
#include "cli/errors.def"
};

static const struct error_name {
    enum rp_error_kind kind;
    const char *code;
    const char *meaning;
} names[ROW_COUNT] = {
#define X(name, value, text) [ROW_STATUS_##name] = {RP_ERROR_KIND_STATUS, #name, text},
#include "reprise/status.def"
#undef X
#define X(name, value, code, text) [ROW_TRAP_##name] = {RP_ERROR_KIND_TRAP, code, text},
#include "reprise/trap.def"
#undef X
#define X(name, value, code, text) [ROW_SANDBOX_##name] = {RP_ERROR_KIND_SANDBOX, code, text},
#include "reprise/sandbox_error.def"
#undef X
};

static bool is_success(unsigned row)
{
    return row == ROW_STATUS_OK || row == ROW_TRAP_NONE || row == ROW_SANDBOX_OK;
}

bool rp_error_next(unsigned *row, struct rp_error_info *out_info)
{
    while (*row < ROW_COUNT && is_success(*row)) {
        (*row)++;
    }
    if (*row >= ROW_COUNT) {
        return false;
    }
    *out_info = (struct rp_error_info){.kind = names[*row].kind,
                                       .code = names[*row].code,
                                       .meaning = names[*row].meaning,
                                       .causes = helps[*row].causes,
                                       .remedy = helps[*row].remedy};
    (*row)++;
    return true;
}

static bool is_same_word(const char *a, const char *b)
{
    size_t i = 0;
    for (; a[i] != 0 && b[i] != 0; i++) {
        char left = a[i] >= 'a' && a[i] <= 'z' ? (char)(a[i] - 'a' + 'A') : a[i];
        char right = b[i] >= 'a' && b[i] <= 'z' ? (char)(b[i] - 'a' + 'A') : b[i];
        if (left != right) {
            return false;
        }
    }
    return a[i] == b[i];
}

bool rp_error_find(const char *code, struct rp_error_info *out_info)
{
    struct rp_error_info info;
    for (unsigned row = 0; rp_error_next(&row, &info);) {
        if (is_same_word(info.code, code)) {
            *out_info = info;
            return true;
        }
    }
    return false;
}

void rp_cli_put_errors(struct rp_buffer *out)
{
    static const char *const heads[] = {
        [RP_ERROR_KIND_STATUS] = "Statuses of the library, and `error.code` of results",
        [RP_ERROR_KIND_TRAP] = "Traps",
        [RP_ERROR_KIND_SANDBOX] = "Errors of a sandbox",
    };
    struct rp_error_info info;
    enum rp_error_kind kind = RP_ERROR_KIND_SANDBOX;
    bool first = true;
    for (unsigned row = 0; rp_error_next(&row, &info); first = false) {
        if (first || info.kind != kind) {
            kind = info.kind;
            rp_buffer_printf(out,
                             "%s## %s\n\n| code | meaning | likely causes | remedy |\n"
                             "|---|---|---|---|\n",
                             first ? "" : "\n", heads[kind]);
        }
        RP_ASSERT(info.causes && info.remedy);
        rp_buffer_printf(out, "| `%s` | %s | %s | %s |\n", info.code, info.meaning, info.causes,
                         info.remedy);
    }
}
