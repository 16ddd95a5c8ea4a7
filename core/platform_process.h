/* What a command needs of its process and of named files (layer 0; platform_process.c): whole
 * files, the standard streams, signals, timers, the environment. For programs; the library reads no
 * clock and installs no signal handler.
 *
 * Functions that can fail answer NULL for success, else a constant text for people: "No such file
 * or directory". */
#ifndef RP_CORE_PLATFORM_PROCESS_H
#define RP_CORE_PLATFORM_PROCESS_H

#include "core/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RP_STREAM_IN 0
#define RP_STREAM_OUT 1
#define RP_STREAM_ERR 2

/* Called first: writing into a closed pipe becomes an error instead of a signal, and the numbers of
 * standard streams that are closed are kept from files opened later; their use fails. */
void rp_process_init(void);

/* NULL if the variable is not set. */
const char *rp_process_variable(const char *name);

/* ---- files ---- */

/* Reads a whole file, also one without a size (a pipe). More than `limit` bytes are refused.
 * *out_data belongs to the caller, allocated with *out_size bytes or NULL for none. */
const char *rp_file_read(const char *path, struct rp_allocator *allocator, uint64_t limit,
                         uint8_t **out_data, size_t *out_size) RP_NODISCARD;

/* Opens a file that is read with rp_stream_read; a folder is refused. */
const char *rp_file_open_input(const char *path, int *out_descriptor) RP_NODISCARD;
void rp_file_close_input(int descriptor);

/* Opens a file for output, made if it is not there; its contents stay until rp_file_write. */
const char *rp_file_open_output(const char *path, int *out_descriptor) RP_NODISCARD;
/* Opens a file that is written piece by piece with rp_stream_write: made, or emptied if it is
 * there.
 */
const char *rp_file_create(const char *path, int *out_descriptor) RP_NODISCARD;
/* Closes what rp_file_create opened; what could not be written may be told only now. */
const char *rp_file_close(int descriptor) RP_NODISCARD;
bool rp_file_exists(const char *path);     /* anything of that name; a symlink too */
bool rp_file_is_regular(const char *path); /* what it leads to has a size: no pipe, no folder */
/* Replaces the contents and closes the file, whatever happens. */
const char *rp_file_write(int descriptor, const void *data, size_t size) RP_NODISCARD;
/* Makes or replaces a file in one step: nobody sees a part of it, on failure nothing has
 * changed, and its contents are on the disk before its name is. What is no regular file (a
 * terminal, a pipe) is written to. */
const char *rp_file_replace(const char *path, const void *data, size_t size) RP_NODISCARD;
/* The same for a file that is written piece by piece, with rp_stream_write to `descriptor`. After a
 * begin without an error comes one end: with `keep` false, nothing has changed. */
struct rp_file_replacement {
    int descriptor;
    char name[4096]; /* of the file beside; empty: written in place */
    char target[4096];
};
const char *rp_file_begin_replace(const char *path,
                                  struct rp_file_replacement *out_replacement) RP_NODISCARD;
const char *rp_file_end_replace(const struct rp_file_replacement *replacement,
                                bool keep) RP_NODISCARD;
/* Says beforehand whether rp_file_replace could write there. Nothing is left behind. */
const char *rp_file_check_replace(const char *path) RP_NODISCARD;

/* ---- streams ---- */

/* Writes all bytes; waits where the stream makes it wait. */
const char *rp_stream_write(int descriptor, const void *data, size_t size) RP_NODISCARD;
/* Reads what is there, at most `size` bytes, waiting for the first; *out_size 0 is the end. When
 * `stop` becomes true while it waits it fails with rp_stream_stopped. */
const char *rp_stream_read(int descriptor, void *data, size_t size, const atomic_bool *stop,
                           size_t *out_size) RP_NODISCARD;
extern const char rp_stream_stopped[];

/* ---- signals and timers ---- */

/* The first interrupt (Ctrl-C) calls `handler`, which may only do what is allowed in a signal
 * handler; the second one ends the process. NULL: as at the start. */
void rp_process_on_interrupt(void (*handler)(void));

/* Calls `tick` from a thread of its own, first after `first_ns`, then every `interval_ns` (0:
 * once). */
struct rp_timer;
struct rp_timer *rp_timer_start(uint64_t first_ns, uint64_t interval_ns, void (*tick)(void *user),
                                void *user); /* NULL if the host refuses a thread */
/* When it returns `tick` is over and will not be called again. NULL is a no-op. */
void rp_timer_stop(struct rp_timer *timer);

#endif
