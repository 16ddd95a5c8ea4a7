/* A section of a snapshot that is read without trust (layer 0). See section_reader.h. */
#include "core/section_reader.h"

#include "core/report.h"

#include <stdio.h>

bool rp_section_refuse_at(struct rp_section_reader *reader, rp_status status, const uint8_t *at,
                          const char *what)
{
    char thing[64] = "";
    if (reader->status != RP_OK) {
        return false;
    }
    if (reader->thing != NULL) {
        (void)snprintf(thing, sizeof thing, ", %s %llu", reader->thing,
                       (unsigned long long)reader->number);
    }
    reader->status = rp_report_fail(reader->report, status, "%s, byte %llu%s: %s", reader->section,
                                    (unsigned long long)(at - reader->in->start), thing, what);
    return false;
}

bool rp_section_refuse_state(struct rp_section_reader *reader, const char *what)
{
    return rp_section_refuse_at(reader, RP_ERROR_SNAPSHOT_STATE, reader->in->pos, what);
}

bool rp_section_refuse_encoding(struct rp_section_reader *reader, const char *what)
{
    return rp_section_refuse_at(reader, RP_ERROR_SNAPSHOT_ENCODING, reader->in->pos, what);
}

bool rp_section_no_memory(struct rp_section_reader *reader)
{
    if (reader->status == RP_OK) {
        reader->status = rp_report_fail(reader->report, RP_ERROR_NO_MEMORY,
                                        "no memory for the section %s", reader->section);
    }
    return false;
}

bool rp_section_read_well(struct rp_section_reader *reader)
{
    const struct rp_msgpack *in = reader->in;
    if (in->error != NULL) {
        return rp_section_refuse_at(reader, rp_msgpack_status(in), in->error_at, in->error);
    }
    return reader->status == RP_OK;
}
