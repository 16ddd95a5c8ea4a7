/* Reports (layer 0). */
#include "core/report.h"

#include "core/assert.h"
#include "core/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Takes the rest of a cut UTF-8 sequence off the end of a text that filled its buffer. */
static void trim_cut_sequence(char *text)
{
    size_t size = strlen(text);
    for (size_t tail = 1; tail <= 3 && tail <= size; tail++) {
        uint8_t byte = (uint8_t)text[size - tail];
        if (byte >= 0xc0) {
            if (rp_utf8_sequence((const uint8_t *)text + size - tail, tail) == 0) {
                text[size - tail] = '\0';
            }
            return;
        }
        if (byte < 0x80) {
            return;
        }
    }
}

static RP_PRINTF(3, 0) void write_text(rp_report *report, rp_status status, const char *format,
                                       va_list args)
{
    report->status = status;
    int length = vsnprintf(report->text, sizeof report->text, format, args);
    if (length < 0) {
        report->text[0] = '\0';
    } else if ((size_t)length >= sizeof report->text) {
        trim_cut_sequence(report->text);
    }
}

rp_status rp_report_fail(rp_report *report, rp_status status, const char *format, ...)
{
    RP_ASSERT(status != RP_OK);
    if (report != NULL && report->status == RP_OK) {
        va_list args;
        va_start(args, format);
        write_text(report, status, format, args);
        va_end(args);
    }
    return status;
}

rp_status rp_report_fail_at(rp_report *report, rp_status status, uint64_t offset,
                            const char *format, ...)
{
    RP_ASSERT(status != RP_OK);
    if (report != NULL && report->status == RP_OK) {
        va_list args;
        va_start(args, format);
        write_text(report, status, format, args);
        va_end(args);
        report->has_offset = true;
        report->offset = offset;
    }
    return status;
}
