/* Values of a trace, as text or as JSON (layer 4; docs/wasi.md, "Trace").
 *
 * A writer appends to a buffer and cuts what is long: strings after a number of bytes, lists after
 * a number of items, so that a line has a bound whatever a guest passes. Output is valid UTF-8
 * without controls. Failures of memory are kept in the buffer. */
#ifndef RP_SANDBOX_TRACE_WRITER_H
#define RP_SANDBOX_TRACE_WRITER_H

#include "core/buffer.h"

/* What text shows of a string, in bytes: of contents, of names and arguments, of paths. */
#define RP_TRACE_CONTENTS_BYTES 64u
#define RP_TRACE_NAME_BYTES 255u
#define RP_TRACE_PATH_BYTES 4096u
/* Items of a list in text. */
#define RP_TRACE_LIST_ITEMS 32u
/* What a line of JSON shows: bytes of all strings, items of all lists. */
#define RP_TRACE_JSON_BYTES 65536u
#define RP_TRACE_JSON_ITEMS 1024u

struct rp_trace_writer {
    struct rp_buffer text;
    bool is_json;
    bool follows;      /* a value stands before, in the same list or object */
    size_t bytes_left; /* JSON: of strings, in this line */
    size_t items_left; /* of lists: in this line (JSON), in this list (text) */
};

void rp_trace_writer_init(struct rp_trace_writer *writer, struct rp_allocator *allocator,
                          bool is_json);
void rp_trace_writer_deinit(struct rp_trace_writer *writer);

/* Appends as it stands. */
void rp_trace_raw(struct rp_trace_writer *writer, const char *text);
/* Where another value of a list or object begins: the comma, if one is due. */
void rp_trace_next(struct rp_trace_writer *writer);
/* The name of a member; the value comes next. `suffix` is a part of it, "" for none. */
void rp_trace_name(struct rp_trace_writer *writer, const char *name, size_t name_size,
                   const char *suffix);
void rp_trace_open(struct rp_trace_writer *writer, char bracket); /* '{' or '[' */
void rp_trace_close(struct rp_trace_writer *writer, char bracket);
/* Whether a list that has `left` items to come shows another one; if not, says so in it. */
bool rp_trace_more(struct rp_trace_writer *writer, uint64_t left);
/* Instead of the rest of a list: `...`, in JSON {"what":count}. */
void rp_trace_omit(struct rp_trace_writer *writer, const char *what, uint64_t count);

void rp_trace_u64(struct rp_trace_writer *writer, uint64_t number);
void rp_trace_i64(struct rp_trace_writer *writer, int64_t number);
void rp_trace_time(struct rp_trace_writer *writer, uint64_t ns); /* text: seconds */
void rp_trace_word(struct rp_trace_writer *writer, const char *word);
/* An address instead of what cannot be read there. */
void rp_trace_address(struct rp_trace_writer *writer, uint32_t address);
/* words[number], or the number if there is none. */
void rp_trace_choice(struct rp_trace_writer *writer, const char *const *words, size_t count,
                     uint64_t number);
/* The words of the bits that are set, and what is left of them as a number. Of the first `group`
 * bits (0: none) text says `all`, or `~(a|b)`, all but these, if most are set. */
void rp_trace_flags(struct rp_trace_writer *writer, const char *const *words, size_t count,
                    uint64_t flags, size_t group);
/* A string of any bytes. Text shows `text_max` of them. */
void rp_trace_string(struct rp_trace_writer *writer, const uint8_t *data, uint64_t size,
                     size_t text_max);

#endif
