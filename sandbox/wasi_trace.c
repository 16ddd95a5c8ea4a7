/* The line that a trace tells of one WASI call (layer 4). See wasi_trace.h.
 *
 * A row's `trace` names parts, in the order of the parameters; part by part the line is written,
 * first what is given, then, if the call succeeds, what results. */
#include "sandbox/wasi_trace.h"

#define GAS_COLUMNS 12
#define RIGHTS_OF_FILES 28u /* the first rights; those behind them are for sockets */

struct part {
    const char *name;
    size_t name_size;
    char kind;
    unsigned param;   /* its first parameter */
    const char *rest; /* the parts behind it */
};

/* ---- words ---- */

#define WORDS(name, ...) static const char *const name[] = {__VA_ARGS__}
WORDS(clock_words, "realtime", "monotonic", "process_cputime_id", "thread_cputime_id");
WORDS(whence_words, "set", "cur", "end"); /* by RP_WHENCE_* */
WORDS(advice_words, "normal", "sequential", "random", "willneed", "dontneed", "noreuse");
WORDS(lookup_words, "symlink_follow");
WORDS(oflag_words, "creat", "directory", "excl", "trunc");
WORDS(fdflag_words, "append", "dsync", "nonblock", "rsync", "sync");
WORDS(fstflag_words, "atim", "atim_now", "mtim", "mtim_now");
WORDS(sdflag_words, "rd", "wr");
WORDS(riflag_words, "recv_peek", "recv_waitall");
WORDS(roflag_words, "recv_data_truncated");
WORDS(subclockflag_words, "abstime");
WORDS(eventrwflag_words, "hangup");
WORDS(eventtype_words, "clock", "fd_read", "fd_write");
WORDS(filetype_words, "unknown", "block_device", "character_device", "directory", "regular_file",
      "socket_dgram", "socket_stream", "symbolic_link");
WORDS(signal_words, "none", "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill",
      "usr1", "segv", "usr2", "pipe", "alrm", "term", "chld", "cont", "stop", "tstp", "ttin",
      "ttou", "urg", "xcpu", "xfsz", "vtalrm", "prof", "winch", "poll", "pwr", "sys");
WORDS(right_words, "fd_datasync", "fd_read", "fd_seek", "fd_fdstat_set_flags", "fd_sync", "fd_tell",
      "fd_write", "fd_advise", "fd_allocate", "path_create_directory", "path_create_file",
      "path_link_source", "path_link_target", "path_open", "fd_readdir", "path_readlink",
      "path_rename_source", "path_rename_target", "path_filestat_get", "path_filestat_set_size",
      "path_filestat_set_times", "fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times",
      "path_symlink", "path_remove_directory", "path_unlink_file", "poll_fd_readwrite",
      "sock_shutdown", "sock_accept");

/* What a number of one parameter means. */
struct vocabulary {
    char kind;
    bool is_flags;
    size_t count;
    const char *const *words;
};
#define CHOICE(letter, list) {letter, false, RP_ARRAY_COUNT(list), list}
#define FLAGS(letter, list) {letter, true, RP_ARRAY_COUNT(list), list}
static const struct vocabulary vocabularies[] = {
    CHOICE('c', clock_words), CHOICE('a', advice_words),    CHOICE('g', signal_words),
    FLAGS('l', lookup_words), FLAGS('o', oflag_words),      FLAGS('x', fdflag_words),
    FLAGS('r', right_words),  FLAGS('m', fstflag_words),    FLAGS('h', sdflag_words),
    FLAGS('i', riflag_words), {'j', true, 0, riflag_words}, /* siflags: none is defined */
};

#define PUT_CHOICE(writer, words, number) \
    rp_trace_choice(writer, words, RP_ARRAY_COUNT(words), number)
#define PUT_FLAGS(writer, words, flags) \
    rp_trace_flags(writer, words, RP_ARRAY_COUNT(words), flags, 0)
#define PUT_NAME(writer, name) rp_trace_name(writer, name, sizeof(name) - 1, "")

static void put_rights(struct rp_trace_writer *writer, uint64_t rights)
{
    rp_trace_flags(writer, right_words, RP_ARRAY_COUNT(right_words), rights, RIGHTS_OF_FILES);
}

static void put_u64_member(struct rp_trace_writer *writer, const char *name, uint64_t number)
{
    rp_trace_name(writer, name, strlen(name), "");
    rp_trace_u64(writer, number);
}

static void put_time_member(struct rp_trace_writer *writer, const char *name, uint64_t ns)
{
    rp_trace_name(writer, name, strlen(name), "");
    rp_trace_time(writer, ns);
}

/* ---- structures ---- */

static void put_filestat(struct rp_trace_writer *writer, const struct rp_wasi_layout *layout,
                         const uint8_t *at)
{
    const uint8_t *size_at = at + layout->filestat_size;
    const uint8_t *links_at = at + layout->filestat_nlink;
    rp_trace_open(writer, '{');
    put_u64_member(writer, "dev", rp_get_u64(at));
    put_u64_member(writer, "ino", rp_get_u64(at + 8));
    PUT_NAME(writer, "filetype");
    PUT_CHOICE(writer, filetype_words, at[16]);
    put_u64_member(writer, "nlink",
                   layout->filestat_nlink_bytes == 4 ? rp_get_u32(links_at) : rp_get_u64(links_at));
    put_u64_member(writer, "size", rp_get_u64(size_at));
    put_time_member(writer, "atim", rp_get_u64(size_at + 8));
    put_time_member(writer, "mtim", rp_get_u64(size_at + 16));
    put_time_member(writer, "ctim", rp_get_u64(size_at + 24));
    rp_trace_close(writer, '}');
}

static void put_fdstat(struct rp_trace_writer *writer, const uint8_t *at)
{
    rp_trace_open(writer, '{');
    PUT_NAME(writer, "filetype");
    PUT_CHOICE(writer, filetype_words, at[0]);
    PUT_NAME(writer, "flags");
    PUT_FLAGS(writer, fdflag_words, rp_get_u16(at + 2));
    PUT_NAME(writer, "rights_base");
    put_rights(writer, rp_get_u64(at + 8));
    PUT_NAME(writer, "rights_inheriting");
    put_rights(writer, rp_get_u64(at + 16));
    rp_trace_close(writer, '}');
}

static void put_prestat(struct rp_trace_writer *writer, const uint8_t *at)
{
    WORDS(prestat_words, "dir");
    rp_trace_open(writer, '{');
    PUT_NAME(writer, "type");
    PUT_CHOICE(writer, prestat_words, at[0]);
    put_u64_member(writer, "name_len", rp_get_u32(at + 4));
    rp_trace_close(writer, '}');
}

static void put_subscription(struct rp_trace_writer *writer, const struct rp_wasi_layout *layout,
                             const uint8_t *at)
{
    rp_trace_open(writer, '{');
    put_u64_member(writer, "userdata", rp_get_u64(at));
    PUT_NAME(writer, "type");
    PUT_CHOICE(writer, eventtype_words, at[8]);
    if (at[8] == RP_EVENTTYPE_CLOCK) {
        const uint8_t *clock = at + layout->subscription_clock;
        PUT_NAME(writer, "id");
        PUT_CHOICE(writer, clock_words, rp_get_u32(clock));
        put_time_member(writer, "timeout", rp_get_u64(clock + 8));
        put_time_member(writer, "precision", rp_get_u64(clock + 16));
        PUT_NAME(writer, "flags");
        PUT_FLAGS(writer, subclockflag_words, rp_get_u16(clock + 24));
    } else if (at[8] <= RP_EVENTTYPE_FD_WRITE) {
        put_u64_member(writer, "fd", rp_get_u32(at + RP_WASI_SUBSCRIPTION_FD));
    }
    rp_trace_close(writer, '}');
}

static void put_event(struct rp_trace_writer *writer, const uint8_t *at)
{
    rp_trace_open(writer, '{');
    put_u64_member(writer, "userdata", rp_get_u64(at));
    PUT_NAME(writer, "error");
    rp_trace_choice(writer, rp_wasi_errno_names, RP_WASI_ERRNO_COUNT, rp_get_u16(at + 8));
    PUT_NAME(writer, "type");
    PUT_CHOICE(writer, eventtype_words, at[10]);
    if (at[10] != RP_EVENTTYPE_CLOCK) {
        put_u64_member(writer, "nbytes", rp_get_u64(at + 16));
        PUT_NAME(writer, "flags");
        PUT_FLAGS(writer, eventrwflag_words, rp_get_u16(at + 24));
    }
    rp_trace_close(writer, '}');
}

/* How many whole entries there are; *out_rest: bytes behind them, of one that did not fit. */
static uint64_t count_entries(const uint8_t *at, uint64_t size, uint64_t *out_rest)
{
    uint64_t count = 0;
    while (size >= RP_WASI_DIRENT_BYTES && rp_get_u32(at + 16) <= size - RP_WASI_DIRENT_BYTES) {
        uint64_t entry_size = (uint64_t)RP_WASI_DIRENT_BYTES + rp_get_u32(at + 16);
        at += entry_size;
        size -= entry_size;
        count++;
    }
    *out_rest = size;
    return count;
}

static void put_entries(struct rp_trace_writer *writer, const uint8_t *at, uint64_t size)
{
    uint64_t rest = 0;
    uint64_t left = count_entries(at, size, &rest);
    rp_trace_open(writer, '[');
    for (; rp_trace_more(writer, left); left--) {
        uint32_t name_size = rp_get_u32(at + 16);
        rp_trace_open(writer, '{');
        put_u64_member(writer, "next", rp_get_u64(at));
        put_u64_member(writer, "ino", rp_get_u64(at + 8));
        PUT_NAME(writer, "type");
        PUT_CHOICE(writer, filetype_words, at[20]);
        PUT_NAME(writer, "name");
        rp_trace_string(writer, at + RP_WASI_DIRENT_BYTES, name_size, RP_TRACE_NAME_BYTES);
        rp_trace_close(writer, '}');
        at += (uint64_t)RP_WASI_DIRENT_BYTES + name_size;
    }
    if (left == 0 && rest > 0) {
        rp_trace_omit(writer, "cut", rest);
    }
    rp_trace_close(writer, ']');
}

/* ---- parts ---- */

/* Parameters that a part takes. */
static unsigned part_width(char kind)
{
    return strchr("pvbPNzDA", kind) != NULL ? 2 : 1;
}

static bool is_result(char kind)
{
    return strchr("48RTsqkEbPNzDA", kind) != NULL;
}

/* The part at `at`; false at the end. */
static bool read_part(const char *at, unsigned param, struct part *out_part)
{
    at += strspn(at, " ");
    size_t name_size = strcspn(at, ":");
    if (at[name_size] == '\0') {
        return false;
    }
    *out_part = (struct part){.name = at,
                              .name_size = name_size,
                              .kind = at[name_size + 1],
                              .param = param,
                              .rest = at + name_size + 2};
    return true;
}

static bool next_part(struct part *part)
{
    return read_part(part->rest, part->param + part_width(part->kind), part);
}

static void put_part_name(struct rp_wasi_trace_line *line, const struct part *part,
                          const char *suffix)
{
    rp_trace_name(&line->writer, part->name, part->name_size, suffix);
}

static uint8_t *part_bytes(const struct rp_wasi_trace_line *line, const struct part *part,
                           uint64_t size)
{
    return rp_guest_bytes(line->call, rp_arg_u32(line->call, part->param), size);
}

/* An address where nothing can be read or written. */
static void put_address(struct rp_wasi_trace_line *line, const struct part *part)
{
    put_part_name(line, part, "");
    rp_trace_address(&line->writer, rp_arg_u32(line->call, part->param));
}

static void put_second(struct rp_wasi_trace_line *line, const struct part *part, const char *suffix)
{
    put_part_name(line, part, suffix);
    rp_trace_u64(&line->writer, line->call->args[part->param + 1]);
}

/* ---- what is given ---- */

static void put_number(struct rp_wasi_trace_line *line, const struct part *part)
{
    struct rp_trace_writer *writer = &line->writer;
    uint64_t number = line->call->args[part->param];
    put_part_name(line, part, "");
    for (size_t i = 0; i < RP_ARRAY_COUNT(vocabularies); i++) {
        const struct vocabulary *words = &vocabularies[i];
        if (words->kind == part->kind && words->is_flags) {
            rp_trace_flags(writer, words->words, words->count, number,
                           part->kind == 'r' ? RIGHTS_OF_FILES : 0);
            return;
        }
        if (words->kind == part->kind) {
            rp_trace_choice(writer, words->words, words->count, number);
            return;
        }
    }
    if (part->kind == 'w') {
        const uint8_t *whence = rp_wasi_layout_of(line->call)->whence;
        PUT_CHOICE(writer, whence_words, number < 3 ? whence[number] : number);
    } else if (part->kind == 't') {
        rp_trace_time(writer, number);
    } else if (part->kind == 'd') {
        rp_trace_i64(writer, (int64_t)number);
    } else {
        RP_ASSERT(part->kind == 'f' || part->kind == 'u');
        rp_trace_u64(writer, number);
    }
}

static void put_path(struct rp_wasi_trace_line *line, const struct part *part)
{
    uint64_t size = line->call->args[part->param + 1];
    const uint8_t *bytes = part_bytes(line, part, size);
    if (bytes == NULL) {
        put_address(line, part);
        put_second(line, part, "_len");
        return;
    }
    put_part_name(line, part, "");
    rp_trace_string(&line->writer, bytes, size, RP_TRACE_PATH_BYTES);
}

/* Vectors whose bytes are given: these; whose bytes are filled: how many there is room for. */
static void put_vectors(struct rp_wasi_trace_line *line, const struct part *part, bool given)
{
    struct rp_trace_writer *writer = &line->writer;
    uint64_t left = line->call->args[part->param + 1];
    const uint8_t *at = part_bytes(line, part, left * RP_WASI_VECTOR_BYTES);
    if (at == NULL) {
        put_address(line, part);
        put_second(line, part, "_count");
        return;
    }
    if (!given && left <= RP_WASI_VECTORS_MAX) {
        rp_buffer_append(&line->vectors, at, (size_t)left * RP_WASI_VECTOR_BYTES);
    }
    put_part_name(line, part, given ? "" : "_len");
    rp_trace_open(writer, '[');
    for (; rp_trace_more(writer, left); left--) {
        uint32_t base = rp_get_u32(at);
        uint32_t size = rp_get_u32(at + 4);
        const uint8_t *bytes = rp_guest_bytes(line->call, base, size);
        if (bytes == NULL) {
            rp_trace_open(writer, '{');
            PUT_NAME(writer, "base");
            if (writer->is_json) {
                rp_trace_u64(writer, base);
            } else {
                rp_trace_address(writer, base);
            }
            put_u64_member(writer, "len", size);
            rp_trace_close(writer, '}');
        } else if (given) {
            rp_trace_string(writer, bytes, size, RP_TRACE_CONTENTS_BYTES);
        } else {
            rp_trace_u64(writer, size);
        }
        at += RP_WASI_VECTOR_BYTES;
    }
    rp_trace_close(writer, ']');
}

static void put_subscriptions(struct rp_wasi_trace_line *line, const struct part *part)
{
    const struct rp_wasi_layout *layout = rp_wasi_layout_of(line->call);
    uint64_t left = line->call->args[part->param + 2];
    const uint8_t *at = part_bytes(line, part, left * layout->subscription_bytes);
    if (at == NULL) {
        put_address(line, part);
        return;
    }
    put_part_name(line, part, "");
    rp_trace_open(&line->writer, '[');
    for (; rp_trace_more(&line->writer, left); left--) {
        put_subscription(&line->writer, layout, at);
        at += layout->subscription_bytes;
    }
    rp_trace_close(&line->writer, ']');
}

/* Bytes that a result of one parameter needs in memory. */
static uint64_t result_bytes(const struct rp_wasi_trace_line *line, const struct part *part)
{
    const struct rp_wasi_layout *layout = rp_wasi_layout_of(line->call);
    switch (part->kind) {
    case 'R':
        return 2;
    case '4':
        return 4;
    case 's':
        return layout->filestat_bytes;
    case 'q':
        return RP_WASI_FDSTAT_BYTES;
    case 'E':
        return line->call->args[part->param + 1] * RP_WASI_EVENT_BYTES;
    default:
        return 8; /* '8', 'T', 'k': a prestat has 8 bytes too */
    }
}

/* Where strings would go, if that is nowhere. */
static void put_strings_room(struct rp_wasi_trace_line *line, const struct part *part)
{
    const struct rp_wasi *wasi = line->call->wasi;
    const struct rp_wasi_strings *strings =
        line->function->offer == RP_OFFER_ARGS ? &wasi->args : &wasi->env;
    uint32_t bytes_at = rp_arg_u32(line->call, part->param + 1);
    if (part_bytes(line, part, (uint64_t)strings->count * 4) == NULL) {
        put_address(line, part);
    }
    if (rp_guest_bytes(line->call, bytes_at, strings->size) == NULL) {
        put_part_name(line, part, "_buf");
        rp_trace_address(&line->writer, bytes_at);
    }
}

/* Before the call, of a result: how much room there is, and where it is if that is nowhere. */
static void put_room(struct rp_wasi_trace_line *line, const struct part *part)
{
    bool is_buffer = strchr("bPND", part->kind) != NULL;
    if (part->kind == 'z') {
        put_vectors(line, part, false);
        return;
    }
    if (part->kind == 'A') {
        put_strings_room(line, part);
        return;
    }
    uint64_t size = is_buffer ? line->call->args[part->param + 1] : result_bytes(line, part);
    if (part_bytes(line, part, size) == NULL) {
        put_address(line, part);
    }
    if (is_buffer) {
        put_second(line, part, "_len");
    }
}

static void put_given(struct rp_wasi_trace_line *line, const struct part *part)
{
    if (is_result(part->kind)) {
        put_room(line, part);
    } else if (part->kind == 'p') {
        put_path(line, part);
    } else if (part->kind == 'v') {
        put_vectors(line, part, true);
    } else if (part->kind == 'S') {
        put_subscriptions(line, part);
    } else {
        put_number(line, part);
    }
}

/* ---- what results ---- */

static uint64_t read_result(const struct rp_wasi_trace_line *line, const struct part *part)
{
    uint64_t number = 0;
    uint64_t size = result_bytes(line, part);
    const uint8_t *at = part_bytes(line, part, size);
    RP_ASSERT(size <= sizeof number && at != NULL); /* the call has written it */
    memcpy(&number, at, (size_t)size);
    return number;
}

/* How much of the `most` items or bytes of a part the call has used: a number that results further
 * on says it. */
static uint64_t find_amount(const struct rp_wasi_trace_line *line, const struct part *part,
                            uint64_t most)
{
    struct part other = *part;
    while (next_part(&other)) {
        if (other.kind == '4') {
            uint64_t amount = read_result(line, &other);
            return amount < most ? amount : most;
        }
    }
    return most;
}

static void put_filled_vectors(struct rp_wasi_trace_line *line, const struct part *part)
{
    const uint8_t *at = line->vectors.data;
    uint64_t count = line->vectors.size / RP_WASI_VECTOR_BYTES;
    uint64_t amount = find_amount(line, part, UINT32_MAX);
    uint64_t left = 0; /* vectors that were reached */
    for (uint64_t sum = 0; left < count && sum < amount; left++) {
        sum += rp_get_u32(at + left * RP_WASI_VECTOR_BYTES + 4);
    }
    rp_trace_open(&line->writer, '[');
    for (; rp_trace_more(&line->writer, left); left--) {
        uint64_t size = rp_get_u32(at + 4);
        size = size < amount ? size : amount;
        const uint8_t *bytes = rp_guest_bytes(line->call, rp_get_u32(at), size);
        RP_ASSERT(bytes != NULL); /* the call has filled it */
        rp_trace_string(&line->writer, bytes, size, RP_TRACE_CONTENTS_BYTES);
        amount -= size;
        at += RP_WASI_VECTOR_BYTES;
    }
    rp_trace_close(&line->writer, ']');
}

/* Strings by the pointers that the call has written; they may have been written over since. */
static void put_strings(struct rp_wasi_trace_line *line, const struct part *part)
{
    const struct rp_wasi_call *call = line->call;
    const struct rp_wasi_strings *strings =
        line->function->offer == RP_OFFER_ARGS ? &call->wasi->args : &call->wasi->env;
    uint64_t left = strings->count;
    const uint8_t *at = part_bytes(line, part, left * 4);
    RP_ASSERT(at != NULL);
    rp_trace_open(&line->writer, '[');
    for (; rp_trace_more(&line->writer, left); left--, at += 4) {
        uint32_t address = rp_get_u32(at);
        const uint8_t *bytes = rp_guest_bytes(call, address, 0);
        if (bytes == NULL) {
            rp_trace_address(&line->writer, address);
            continue;
        }
        uint64_t size = call->memory_size - address;
        size = size < strings->size ? size : strings->size;
        const uint8_t *end = size == 0 ? NULL : memchr(bytes, 0, (size_t)size);
        size = end != NULL ? (uint64_t)(end - bytes) : size;
        rp_trace_string(&line->writer, bytes, size, RP_TRACE_NAME_BYTES);
    }
    rp_trace_close(&line->writer, ']');
}

static void put_events(struct rp_wasi_trace_line *line, const struct part *part)
{
    uint64_t left = find_amount(line, part, line->call->args[part->param + 1]);
    const uint8_t *at = part_bytes(line, part, left * RP_WASI_EVENT_BYTES);
    RP_ASSERT(at != NULL);
    rp_trace_open(&line->writer, '[');
    for (; rp_trace_more(&line->writer, left); left--) {
        put_event(&line->writer, at);
        at += RP_WASI_EVENT_BYTES;
    }
    rp_trace_close(&line->writer, ']');
}

static void put_buffer(struct rp_wasi_trace_line *line, const struct part *part)
{
    const struct rp_wasi_call *call = line->call;
    uint64_t size = find_amount(line, part, call->args[part->param + 1]);
    if (part->kind == 'N') {
        const struct rp_descriptor *preopen = rp_wasi_descriptor(call, 0);
        RP_ASSERT(preopen != NULL && preopen->preopen_name_size <= size);
        size = preopen->preopen_name_size;
    }
    const uint8_t *bytes = part_bytes(line, part, size);
    RP_ASSERT(bytes != NULL);
    if (part->kind == 'D') {
        put_entries(&line->writer, bytes, size);
        return;
    }
    rp_trace_string(&line->writer, bytes, size,
                    part->kind == 'b' ? RP_TRACE_CONTENTS_BYTES : RP_TRACE_PATH_BYTES);
}

static void put_structure(struct rp_wasi_trace_line *line, const struct part *part)
{
    const uint8_t *at = part_bytes(line, part, result_bytes(line, part));
    RP_ASSERT(at != NULL);
    if (part->kind == 's') {
        put_filestat(&line->writer, rp_wasi_layout_of(line->call), at);
    } else if (part->kind == 'q') {
        put_fdstat(&line->writer, at);
    } else {
        put_prestat(&line->writer, at);
    }
}

static void put_result(struct rp_wasi_trace_line *line, const struct part *part)
{
    put_part_name(line, part, "");
    switch (part->kind) {
    case '4':
    case '8':
        rp_trace_u64(&line->writer, read_result(line, part));
        break;
    case 'R':
        PUT_FLAGS(&line->writer, roflag_words, read_result(line, part));
        break;
    case 'T':
        rp_trace_time(&line->writer, read_result(line, part));
        break;
    case 'E':
        put_events(line, part);
        break;
    case 'z':
        put_filled_vectors(line, part);
        break;
    case 'A':
        put_strings(line, part);
        break;
    case 'b':
    case 'P':
    case 'N':
    case 'D':
        put_buffer(line, part);
        break;
    default:
        put_structure(line, part);
        break;
    }
}

/* ---- the line ---- */

static void put_head(struct rp_wasi_trace_line *line, uint64_t gas)
{
    struct rp_trace_writer *writer = &line->writer;
    const char *module = rp_wasi_version_names[line->call->version];
    if (!writer->is_json) {
        bool is_usual = line->call->version == RP_WASI_PREVIEW1;
        rp_buffer_printf(&writer->text, "%*llu %s%s%s(", GAS_COLUMNS, (unsigned long long)gas,
                         is_usual ? "" : module, is_usual ? "" : ".", line->function->name);
        return;
    }
    rp_trace_open(writer, '{');
    PUT_NAME(writer, "trace");
    rp_trace_word(writer, "wasi");
    put_u64_member(writer, "gas", gas);
    put_u64_member(writer, "cost", line->cost);
    PUT_NAME(writer, "module");
    rp_trace_word(writer, module);
    PUT_NAME(writer, "function");
    rp_trace_word(writer, line->function->name);
    PUT_NAME(writer, "args");
    rp_trace_open(writer, '{');
}

void rp_wasi_trace_begin(struct rp_wasi_trace_line *line, const struct rp_wasi_call *call,
                         const struct rp_wasi_function *function, uint64_t gas, uint64_t cost)
{
    struct rp_wasi *wasi = call->wasi;
    *line = (struct rp_wasi_trace_line){.call = call, .function = function, .cost = cost};
    rp_trace_writer_init(&line->writer, &wasi->allocator, wasi->trace_format == RP_WASI_TRACE_JSON);
    rp_buffer_init(&line->vectors, &wasi->allocator);
    put_head(line, gas);
    struct part part;
    for (bool more = read_part(function->trace, 0, &part); more; more = next_part(&part)) {
        put_given(line, &part);
    }
    if (line->writer.is_json) {
        rp_trace_close(&line->writer, '}');
    } else {
        rp_trace_raw(&line->writer, ") = ");
    }
}

static void put_results(struct rp_wasi_trace_line *line)
{
    struct part part;
    for (bool more = read_part(line->function->trace, 0, &part); more; more = next_part(&part)) {
        if (is_result(part.kind)) {
            put_result(line, &part);
        }
    }
}

/* How a call ended that did not return. */
static void put_end(struct rp_wasi_trace_line *line, uint32_t answer)
{
    if (answer == RP_WASI_EXITS) {
        put_u64_member(&line->writer, "exit_code", line->call->exit_code);
    } else if (answer == RP_WASI_FAILS) {
        const char *text = line->call->report.text;
        PUT_NAME(&line->writer, "host_failure");
        rp_trace_string(&line->writer, (const uint8_t *)text, strlen(text), SIZE_MAX);
    }
}

static void put_tail(struct rp_wasi_trace_line *line, uint32_t answer)
{
    struct rp_trace_writer *writer = &line->writer;
    bool returned = answer < RP_WASI_ERRNO_COUNT;
    const char *error = returned ? rp_wasi_errno_names[answer] : writer->is_json ? "null" : "?";
    if (writer->is_json) {
        PUT_NAME(writer, "errno");
    }
    if (returned) {
        rp_trace_word(writer, error);
    } else {
        rp_trace_raw(writer, error);
    }
    if (writer->is_json) {
        PUT_NAME(writer, "results");
        rp_trace_open(writer, '{');
    } else {
        rp_trace_raw(writer, " ");
        writer->follows = false;
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        put_results(line);
    }
    if (writer->is_json) {
        rp_trace_close(writer, '}');
        put_end(line, answer);
        rp_trace_close(writer, '}');
        return;
    }
    put_end(line, answer);
    rp_buffer_printf(&writer->text, "%s[gas %llu]", writer->follows ? "  " : " ",
                     (unsigned long long)line->cost);
}

uint32_t rp_wasi_trace_end(struct rp_wasi_trace_line *line, struct rp_wasi_call *call,
                           uint32_t answer)
{
    struct rp_wasi *wasi = call->wasi;
    struct rp_buffer *text = &line->writer.text;
    if (!line->vectors.failed) {
        put_tail(line, answer);
    }
    if (text->failed || line->vectors.failed) {
        rp_report_fail(&call->report, RP_ERROR_NO_MEMORY,
                       "WASI: the host has no memory left for the trace, or "
                       "allocation_limit_bytes is reached");
        answer = RP_WASI_FAILS;
    } else {
        bool is_json = line->writer.is_json;
        RP_ASSERT(text->size <= (is_json ? RP_WASI_TRACE_JSON_MAX : RP_WASI_TRACE_TEXT_MAX));
        rp_status status =
            wasi->trace(wasi->trace_user, (const char *)text->data, text->size, &call->report);
        answer = status == RP_OK ? answer : RP_WASI_FAILS;
    }
    rp_buffer_deinit(&line->vectors);
    rp_trace_writer_deinit(&line->writer);
    return answer;
}

void rp_wasi_set_trace(rp_wasi *wasi, rp_wasi_trace_format format, rp_wasi_trace trace, void *user)
{
    wasi->trace = trace;
    wasi->trace_user = user;
    wasi->trace_format = format;
}
