/* The suite's table of exceptions, core/deterministic.tsv: what the deterministic profile fixes
 * where a script leaves a choice, or where a NaN is not the positive canonical one (layer 7). */
#ifndef RP_CONFORMANCE_SPEC_EXCEPTIONS_H
#define RP_CONFORMANCE_SPEC_EXCEPTIONS_H

#include "core/buffer.h"
#include "reprise/reprise.h"

struct rp_spec_exception {
    rp_name file; /* as in the manifest; borrowed from the table's text */
    uint32_t line;
    uint8_t result[16]; /* the first result, in memory order */
};

struct rp_spec_exceptions {
    struct rp_buffer text;
    struct rp_spec_exception *rows;
    uint32_t row_count;
    uint32_t row_capacity;
};

/* Reads the table. ERROR_IO naming the path, ERROR_MALFORMED naming the line. Always deinit. */
rp_status rp_spec_exceptions_init(struct rp_spec_exceptions *table, struct rp_allocator *allocator,
                                  const char *path, rp_report *report);
void rp_spec_exceptions_deinit(struct rp_spec_exceptions *table);

/* The row of a command; NULL if it is no exception. */
const struct rp_spec_exception *rp_spec_exceptions_find(const struct rp_spec_exceptions *table,
                                                        const char *file, uint32_t line);

/* The next line of a table of tab-separated columns: cuts it into at most `column_max` columns and
 * moves *pos behind it. The number of columns; 0 at the end of the text. */
size_t rp_spec_table_next(const struct rp_buffer *text, size_t *pos, rp_name *out_columns,
                          size_t column_max);
/* A column that is a decimal number below 2^32. */
bool rp_spec_table_number(rp_name column, uint32_t *out_number);

#endif
