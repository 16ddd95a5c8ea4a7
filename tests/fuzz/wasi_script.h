/* The language of fuzz_wasi's inputs (tests): bytes that stand for a sequence of WASI calls.
 *
 *   input  = settings record*
 *   record = function (0 to 191, modulo the rows of wasi.def) version byte*       a call
 *          | 192 to 207, address u16, size, byte*                                patches memory
 *          | 208 to 223, slot, address, size                                     a vector
 *          | 224 to 239, slot, version, byte* (SCRIPT_SUBSCRIPTION_BYTES)        a subscription
 *          | 240 to 243, k                                   allocation k of the next call fails
 *          | 244 to 247, capacity                            a pipe is made
 *          | 248 to 255                                      the tree is cloned, as a checkpoint
 *
 * A call has one byte for each thing that the function's row tells of its parameters (the kinds of
 * wasi.def). Below SCRIPT_BORDER it picks something plausible of that kind; the others are numbers
 * at the borders of types and of memory. What is missing at the end reads as 0. */
#ifndef RP_TESTS_FUZZ_WASI_SCRIPT_H
#define RP_TESTS_FUZZ_WASI_SCRIPT_H

#include "sandbox/wasi_call.h"

enum {
    SCRIPT_PATCH = 192,
    SCRIPT_VECTOR = 208,
    SCRIPT_SUBSCRIPTION = 224,
    SCRIPT_FAIL = 240,
    SCRIPT_PIPE = 244,
    SCRIPT_CLONE = 248,
    SCRIPT_BORDER = 224, /* of an argument */
    SCRIPT_SUBSCRIPTION_BYTES = 4
};

/* The kinds of wasi.def that stand for two parameters. */
#define SCRIPT_PAIRS "pvzbPNDA"

/* Settings. */
#define SCRIPT_DEFAULT_TREE 1u
#define SCRIPT_READ_ONLY 2u /* a second preopen, read-only, of the same tree */
#define SCRIPT_FEW_DESCRIPTORS 4u
#define SCRIPT_LITTLE_OUTPUT 8u
#define SCRIPT_INPUT 16u /* standard input brings something */
#define SCRIPT_NO_MEMORY 32u
#define SCRIPT_TICKS 64u      /* time passes between calls */
#define SCRIPT_FEW_BYTES 128u /* and few inodes */

/* Where things are in the guest's memory. */
#define SCRIPT_MEMORY_BYTES 65536u
#define SCRIPT_PATHS 1024u /* SCRIPT_PATH_BYTES each */
#define SCRIPT_PATH_BYTES 32u
#define SCRIPT_VECTORS 4096u
#define SCRIPT_VECTOR_COUNT 16u
#define SCRIPT_SUBSCRIPTIONS 4352u
#define SCRIPT_SUBSCRIPTION_COUNT 8u
#define SCRIPT_RESULTS 8192u
#define SCRIPT_EVENTS 12288u
#define SCRIPT_BUFFER 16384u
#define SCRIPT_DATA 24576u /* what vectors name */
#define SCRIPT_LONG 49152u /* a name of 255 bytes, one of 256, and a path that is too long */
#define SCRIPT_DEEP 57344u /* "../" again and again */

static const char *const script_paths[] = {
    "a",         "b",        "c",          "d",         "d/a",        "d/d", "d/d/a",  "a/",
    "d/",        "d/..",     "d/../a",     "..",        ".",          "/",   "/a",     "",
    "l",         "l/a",      "l/",         "m",         "../a",       "d/l", "d/./a",  "dev/null",
    "dev/zero",  "dev/full", "dev/random", "dev/stdin", "dev/stdout", "dev", "tmp",    "tmp/a",
    "home/user", "bin/x",    "e//f",       "\xff\xfe",  "a b",        "d/.", "d/d/..", "l/../b",
};
#define SCRIPT_PATH_COUNT (sizeof script_paths / sizeof *script_paths)
/* Behind these: the long name, the name that is too long, the long path, the deep path. */
#define SCRIPT_PATH_CHOICES (SCRIPT_PATH_COUNT + 4)

#endif
