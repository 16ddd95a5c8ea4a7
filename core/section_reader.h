/* A section of a snapshot that is read without trust (layer 0): the cursor and the first refusal,
 * which names the section, the byte and, where there are numbered things in it, the thing. */
#ifndef RP_CORE_SECTION_READER_H
#define RP_CORE_SECTION_READER_H

#include "core/compiler.h"
#include "core/msgpack.h"
#include "reprise/reprise.h"

struct rp_section_reader {
    struct rp_msgpack *in;
    const char *section; /* constants */
    const char *thing;   /* "inode"; NULL: nothing is numbered */
    uint64_t number;     /* of the thing in work */
    rp_status status;    /* the first refusal */
    rp_report *report;
};

/* Each answers false, and keeps an earlier refusal. `what` is said of the bytes at `at`, or where
 * the cursor stands. */
bool rp_section_refuse_at(struct rp_section_reader *reader, rp_status status, const uint8_t *at,
                          const char *what) RP_COLD;
bool rp_section_refuse_state(struct rp_section_reader *reader, const char *what) RP_COLD;
bool rp_section_refuse_encoding(struct rp_section_reader *reader, const char *what) RP_COLD;
bool rp_section_no_memory(struct rp_section_reader *reader) RP_COLD;
/* Whether everything read so far was in order; if not, it is refused. */
bool rp_section_read_well(struct rp_section_reader *reader);

#endif
