/* The numbers and layouts of WASI preview 1 and of `wasi_unstable` (layer 4; WebAssembly/WASI,
 * legacy/preview1 and legacy/preview0, typenames.witx). */
#ifndef RP_SANDBOX_WASI_ABI_H
#define RP_SANDBOX_WASI_ABI_H

#include <stdint.h>

enum rp_wasi_errno {
#define X(name) RP_WASI_ERRNO_##name,
#include "sandbox/wasi_errno.def"
#undef X
    RP_WASI_ERRNO_COUNT
};

/* The module names that are offered: `wasi_snapshot_preview1` and `wasi_unstable`. */
enum rp_wasi_version { RP_WASI_PREVIEW1, RP_WASI_UNSTABLE, RP_WASI_VERSION_COUNT };

/* Rights. */
#define RP_RIGHT_FD_DATASYNC (UINT64_C(1) << 0)
#define RP_RIGHT_FD_READ (UINT64_C(1) << 1)
#define RP_RIGHT_FD_SEEK (UINT64_C(1) << 2)
#define RP_RIGHT_FD_FDSTAT_SET_FLAGS (UINT64_C(1) << 3)
#define RP_RIGHT_FD_SYNC (UINT64_C(1) << 4)
#define RP_RIGHT_FD_TELL (UINT64_C(1) << 5)
#define RP_RIGHT_FD_WRITE (UINT64_C(1) << 6)
#define RP_RIGHT_FD_ADVISE (UINT64_C(1) << 7)
#define RP_RIGHT_FD_ALLOCATE (UINT64_C(1) << 8)
#define RP_RIGHT_PATH_CREATE_DIRECTORY (UINT64_C(1) << 9)
#define RP_RIGHT_PATH_CREATE_FILE (UINT64_C(1) << 10)
#define RP_RIGHT_PATH_LINK_SOURCE (UINT64_C(1) << 11)
#define RP_RIGHT_PATH_LINK_TARGET (UINT64_C(1) << 12)
#define RP_RIGHT_PATH_OPEN (UINT64_C(1) << 13)
#define RP_RIGHT_FD_READDIR (UINT64_C(1) << 14)
#define RP_RIGHT_PATH_READLINK (UINT64_C(1) << 15)
#define RP_RIGHT_PATH_RENAME_SOURCE (UINT64_C(1) << 16)
#define RP_RIGHT_PATH_RENAME_TARGET (UINT64_C(1) << 17)
#define RP_RIGHT_PATH_FILESTAT_GET (UINT64_C(1) << 18)
#define RP_RIGHT_PATH_FILESTAT_SET_SIZE (UINT64_C(1) << 19)
#define RP_RIGHT_PATH_FILESTAT_SET_TIMES (UINT64_C(1) << 20)
#define RP_RIGHT_FD_FILESTAT_GET (UINT64_C(1) << 21)
#define RP_RIGHT_FD_FILESTAT_SET_SIZE (UINT64_C(1) << 22)
#define RP_RIGHT_FD_FILESTAT_SET_TIMES (UINT64_C(1) << 23)
#define RP_RIGHT_PATH_SYMLINK (UINT64_C(1) << 24)
#define RP_RIGHT_PATH_REMOVE_DIRECTORY (UINT64_C(1) << 25)
#define RP_RIGHT_PATH_UNLINK_FILE (UINT64_C(1) << 26)
#define RP_RIGHT_POLL_FD_READWRITE (UINT64_C(1) << 27)
/* Bits 28 and 29 are for sockets, which nobody can have; the rest has no meaning. */
#define RP_RIGHTS_KNOWN ((UINT64_C(1) << 28) - 1)

/* What has a meaning for a kind of descriptor; other rights are dropped when one is opened. */
#define RP_RIGHTS_DIRECTORY                                                                    \
    (RP_RIGHT_FD_FDSTAT_SET_FLAGS | RP_RIGHT_FD_SYNC | RP_RIGHT_FD_ADVISE |                    \
     RP_RIGHT_PATH_CREATE_DIRECTORY | RP_RIGHT_PATH_CREATE_FILE | RP_RIGHT_PATH_LINK_SOURCE |  \
     RP_RIGHT_PATH_LINK_TARGET | RP_RIGHT_PATH_OPEN | RP_RIGHT_FD_READDIR |                    \
     RP_RIGHT_PATH_READLINK | RP_RIGHT_PATH_RENAME_SOURCE | RP_RIGHT_PATH_RENAME_TARGET |      \
     RP_RIGHT_PATH_FILESTAT_GET | RP_RIGHT_PATH_FILESTAT_SET_SIZE |                            \
     RP_RIGHT_PATH_FILESTAT_SET_TIMES | RP_RIGHT_FD_FILESTAT_GET |                             \
     RP_RIGHT_FD_FILESTAT_SET_TIMES | RP_RIGHT_PATH_SYMLINK | RP_RIGHT_PATH_REMOVE_DIRECTORY | \
     RP_RIGHT_PATH_UNLINK_FILE)
#define RP_RIGHTS_FILE                                                                           \
    (RP_RIGHT_FD_DATASYNC | RP_RIGHT_FD_READ | RP_RIGHT_FD_SEEK | RP_RIGHT_FD_FDSTAT_SET_FLAGS | \
     RP_RIGHT_FD_SYNC | RP_RIGHT_FD_TELL | RP_RIGHT_FD_WRITE | RP_RIGHT_FD_ADVISE |              \
     RP_RIGHT_FD_ALLOCATE | RP_RIGHT_FD_FILESTAT_GET | RP_RIGHT_FD_FILESTAT_SET_SIZE |           \
     RP_RIGHT_FD_FILESTAT_SET_TIMES | RP_RIGHT_POLL_FD_READWRITE)
/* Beside FD_READ or FD_WRITE: of standard streams, devices that are streams, and pipes. */
#define RP_RIGHTS_STREAM \
    (RP_RIGHT_FD_FDSTAT_SET_FLAGS | RP_RIGHT_FD_FILESTAT_GET | RP_RIGHT_POLL_FD_READWRITE)
#define RP_RIGHTS_PIPE (RP_RIGHTS_STREAM | RP_RIGHT_FD_FILESTAT_SET_TIMES)
/* Devices that are no streams have an offset, which is always 0. */
#define RP_RIGHTS_DEVICE                                                               \
    (RP_RIGHTS_STREAM | RP_RIGHT_FD_READ | RP_RIGHT_FD_WRITE | RP_RIGHT_FD_SEEK |      \
     RP_RIGHT_FD_TELL | RP_RIGHT_FD_SYNC | RP_RIGHT_FD_DATASYNC | RP_RIGHT_FD_ADVISE | \
     RP_RIGHT_FD_FILESTAT_SET_TIMES)
#define RP_RIGHTS_INHERITED (RP_RIGHTS_DIRECTORY | RP_RIGHTS_FILE)
/* Rights that change a file: none has them that was opened through a read-only preopen. */
#define RP_RIGHTS_WRITING (RP_RIGHT_FD_WRITE | RP_RIGHT_FD_ALLOCATE | RP_RIGHT_FD_FILESTAT_SET_SIZE)

/* Kinds of files. */
#define RP_FILETYPE_UNKNOWN 0u
#define RP_FILETYPE_CHARACTER_DEVICE 2u
#define RP_FILETYPE_DIRECTORY 3u
#define RP_FILETYPE_REGULAR_FILE 4u
#define RP_FILETYPE_SYMBOLIC_LINK 7u

#define RP_FDFLAG_APPEND 1u
#define RP_FDFLAG_DSYNC 2u
#define RP_FDFLAG_NONBLOCK 4u
#define RP_FDFLAG_RSYNC 8u
#define RP_FDFLAG_SYNC 16u
#define RP_FDFLAGS_ALL 31u
#define RP_OFLAG_CREAT 1u
#define RP_OFLAG_DIRECTORY 2u
#define RP_OFLAG_EXCL 4u
#define RP_OFLAG_TRUNC 8u
#define RP_OFLAGS_ALL 15u
#define RP_LOOKUP_SYMLINK_FOLLOW 1u
#define RP_FSTFLAG_ATIM 1u
#define RP_FSTFLAG_ATIM_NOW 2u
#define RP_FSTFLAG_MTIM 4u
#define RP_FSTFLAG_MTIM_NOW 8u
#define RP_FSTFLAGS_ALL 15u
#define RP_WHENCE_SET 0u
#define RP_WHENCE_CUR 1u
#define RP_WHENCE_END 2u
#define RP_ADVICE_MAX 5u

#define RP_CLOCK_REALTIME 0u
#define RP_CLOCK_MONOTONIC 1u
#define RP_CLOCK_PROCESS_CPUTIME 2u
#define RP_CLOCK_THREAD_CPUTIME 3u
/* What the monotonic clock says at the start of the run. Not 0: Go's runtime takes 0 for a broken
 * clock and ends, and programs use 0 for "no time yet". */
#define RP_WASI_MONOTONIC_START_NS 1000000000u

#define RP_EVENTTYPE_CLOCK 0u
#define RP_EVENTTYPE_FD_READ 1u
#define RP_EVENTTYPE_FD_WRITE 2u
#define RP_SUBCLOCKFLAG_ABSTIME 1u
#define RP_EVENTRWFLAG_HANGUP 1u

/* Signals: hup 1 int 2 quit 3 ill 4 trap 5 abrt 6 bus 7 fpe 8 kill 9 usr1 10 segv 11 usr2 12 pipe
 * 13 alrm 14 term 15 chld 16 cont 17 stop 18 tstp 19 ttin 20 ttou 21 urg 22 xcpu 23 xfsz 24 vtalrm
 * 25 prof 26 winch 27 poll 28 pwr 29 sys 30. Bit masks by number. */
#define RP_SIGNAL_NONE 0u
#define RP_SIGNAL_MAX 30u
#define RP_SIGNALS_IGNORED (1u << 13 | 1u << 16 | 1u << 17 | 1u << 22 | 1u << 27)
#define RP_SIGNALS_STOPPING (1u << 18 | 1u << 19 | 1u << 20 | 1u << 21)

/* Sizes of structures in guest memory that are the same for both names. */
#define RP_WASI_VECTOR_BYTES 8u
#define RP_WASI_FDSTAT_BYTES 24u
#define RP_WASI_PRESTAT_BYTES 8u
#define RP_WASI_DIRENT_BYTES 24u
#define RP_WASI_EVENT_BYTES 32u

/* What differs (`linkcount` is u32 in wasi_unstable, `subscription_clock` begins with an
 * identifier there, `whence` has another order). Offsets are from the start of the structure. */
struct rp_wasi_layout {
    uint32_t filestat_bytes;
    uint32_t filestat_nlink;
    uint32_t filestat_nlink_bytes;
    uint32_t filestat_size; /* then atim, mtim and ctim, 8 bytes each */
    uint32_t subscription_bytes;
    uint32_t subscription_clock; /* its id; timeout 8, precision 16, flags 24 bytes behind it */
    uint8_t whence[3];           /* RP_WHENCE_* by the guest's number */
};
#define RP_WASI_FILESTAT_BYTES_MAX 64u
#define RP_WASI_SUBSCRIPTION_FD 16u /* offset of the descriptor, in both */

extern const struct rp_wasi_layout rp_wasi_layouts[RP_WASI_VERSION_COUNT];

/* Bounds of one call. */
#define RP_WASI_VECTORS_MAX 1024u
#define RP_WASI_SUBSCRIPTIONS_MAX 4096u

#endif
