/* Names and texts of statuses and traps (layer 0), derived from status.def and trap.def. */
#include "core/compiler.h"
#include "reprise/reprise.h"

struct name_row {
    int value;
    const char *name;
    const char *text;
};

static const struct name_row status_rows[] = {
#define X(name, value, text) {value, #name, text},
#include "reprise/status.def"
#undef X
};

static const struct name_row trap_rows[] = {
#define X(name, value, code, text) {value, code, text},
#include "reprise/trap.def"
#undef X
};

static const struct name_row unknown_row = {-1, "unknown", "unknown"};

/* The lists are short and asked for on cold paths only. */
static const struct name_row *find_row(const struct name_row *rows, size_t count, int value)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].value == value) {
            return &rows[i];
        }
    }
    return &unknown_row;
}

const char *rp_status_name(rp_status status)
{
    return find_row(status_rows, RP_ARRAY_COUNT(status_rows), (int)status)->name;
}

const char *rp_status_text(rp_status status)
{
    return find_row(status_rows, RP_ARRAY_COUNT(status_rows), (int)status)->text;
}

const char *rp_trap_name(rp_trap_code code)
{
    return find_row(trap_rows, RP_ARRAY_COUNT(trap_rows), (int)code)->name;
}

const char *rp_trap_text(rp_trap_code code)
{
    return find_row(trap_rows, RP_ARRAY_COUNT(trap_rows), (int)code)->text;
}
