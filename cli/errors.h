/* Every error explained (layer 7): code, meaning, likely causes, remedy. */
#ifndef RP_CLI_ERRORS_H
#define RP_CLI_ERRORS_H

#include "core/buffer.h"

enum rp_error_kind { RP_ERROR_KIND_STATUS, RP_ERROR_KIND_TRAP, RP_ERROR_KIND_SANDBOX };

struct rp_error_info {
    enum rp_error_kind kind;
    const char *code;
    const char *meaning;
    const char *causes; /* NULL: errors.def has no row, which a test refuses */
    const char *remedy;
};

/* The row at *row, from 0, and the place of the next one; false behind the last. Success is left
 * out. */
bool rp_error_next(unsigned *row, struct rp_error_info *out_info);
/* False if there is none of that code, in whatever case. */
bool rp_error_find(const char *code, struct rp_error_info *out_info);
/* The reference part of docs/errors.md. */
void rp_cli_put_errors(struct rp_buffer *out);

#endif
