/* Reading the suite's tables (layer 7): columns, and the table of exceptions. */
#include "conformance/spec_exceptions.h"

#include "conformance/spec_script.h"
#include "core/report.h"

#include <string.h>

#define COLUMN_FILE 0
#define COLUMN_LINE 1
#define COLUMN_RESULT 5
#define COLUMN_COUNT 6

size_t rp_spec_table_next(const struct rp_buffer *text, size_t *pos, rp_name *out_columns,
                          size_t column_max)
{
    if (*pos >= text->size) {
        return 0;
    }
    size_t count = 0;
    size_t start = *pos;
    size_t at = start;
    const char *data = (const char *)text->data;
    for (;; at++) {
        bool ends = at == text->size || data[at] == '\n';
        if (!ends && data[at] != '\t') {
            continue;
        }
        if (count < column_max) {
            out_columns[count++] = (rp_name){.data = data + start, .size = at - start};
        }
        start = at + 1;
        if (ends) {
            *pos = start;
            return count;
        }
    }
}

bool rp_spec_table_number(rp_name column, uint32_t *out_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < column.size; i++) {
        if (column.data[i] < '0' || column.data[i] > '9' || number > UINT32_MAX / 10) {
            return false;
        }
        number = number * 10 + (unsigned)(column.data[i] - '0');
    }
    *out_number = (uint32_t)number;
    return column.size != 0 && number <= UINT32_MAX;
}

static bool parse_hex(rp_name column, uint8_t out_bytes[16])
{
    static const char digits[] = "0123456789abcdef";
    if (column.size != 32) {
        return false;
    }
    for (size_t i = 0; i < 32; i++) {
        const char *digit = memchr(digits, column.data[i], 16);
        if (digit == NULL) {
            return false;
        }
        uint8_t nibble = (uint8_t)(digit - digits);
        out_bytes[i / 2] = (uint8_t)(i % 2 == 0 ? nibble << 4 : out_bytes[i / 2] | nibble);
    }
    return true;
}

static bool parse_row(const rp_name *columns, size_t count, struct rp_spec_exception *out_row)
{
    out_row->file = columns[COLUMN_FILE];
    return count == COLUMN_COUNT && rp_spec_table_number(columns[COLUMN_LINE], &out_row->line) &&
           parse_hex(columns[COLUMN_RESULT], out_row->result);
}

rp_status rp_spec_exceptions_init(struct rp_spec_exceptions *table, struct rp_allocator *allocator,
                                  const char *path, rp_report *report)
{
    *table = (struct rp_spec_exceptions){0};
    rp_buffer_init(&table->text, allocator);
    rp_status status = rp_spec_file_read(path, &table->text, report);
    if (status != RP_OK) {
        return status;
    }
    rp_name columns[COLUMN_COUNT];
    size_t pos = 0;
    size_t count = rp_spec_table_next(&table->text, &pos, columns, COLUMN_COUNT); /* the heads */
    for (unsigned line = 2;; line++) {
        count = rp_spec_table_next(&table->text, &pos, columns, COLUMN_COUNT);
        if (count == 0) {
            return RP_OK;
        }
        struct rp_spec_exception *rows = rp_grow(allocator, table->rows, &table->row_capacity,
                                                 table->row_count + 1u, sizeof *rows);
        if (rows == NULL) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for %s", path);
        }
        table->rows = rows;
        if (!parse_row(columns, count, &rows[table->row_count])) {
            return rp_report_fail(report, RP_ERROR_MALFORMED, "%s:%u: no row of the table", path,
                                  line);
        }
        table->row_count++;
    }
}

void rp_spec_exceptions_deinit(struct rp_spec_exceptions *table)
{
    rp_free(table->text.allocator, table->rows, table->row_capacity * sizeof *table->rows);
    rp_buffer_deinit(&table->text);
}

const struct rp_spec_exception *rp_spec_exceptions_find(const struct rp_spec_exceptions *table,
                                                        const char *file, uint32_t line)
{
    size_t size = strlen(file);
    for (uint32_t i = 0; i < table->row_count; i++) {
        const struct rp_spec_exception *row = &table->rows[i];
        if (row->line == line && row->file.size == size &&
            memcmp(row->file.data, file, size) == 0) {
            return row;
        }
    }
    return NULL;
}
