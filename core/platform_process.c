/* A command's process by way of POSIX (layer 0). See platform_process.h. */
#define _DEFAULT_SOURCE /* realpath */

#include "core/platform_process.h"

#include "core/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_STEP_BYTES 65536u
#define POLL_MS 50
#define NS_PER_S 1000000000u
#define REPLACE_TRIES 100u

const char rp_stream_stopped[] = "interrupted";

static void (*interrupt_handler)(void);

struct rp_timer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopped;
    uint64_t first_ns;
    uint64_t interval_ns;
    void (*tick)(void *user);
    void *user;
};

static const char *error_text(int error)
{
    return strerror(error);
}

void rp_process_init(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    int failed = sigaction(SIGPIPE, &ignore, NULL);
    RP_ASSERT(failed == 0);
    for (int descriptor = RP_STREAM_IN; descriptor <= RP_STREAM_ERR; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            /* The lowest free number is this one. Opened the wrong way round: its use fails. */
            (void)open("/dev/null", descriptor == RP_STREAM_IN ? O_WRONLY : O_RDONLY);
        }
    }
}

const char *rp_process_variable(const char *name)
{
    return getenv(name);
}

/* Makes room for `needed` bytes in a block that will be trimmed at the end. */
static bool grow_block(struct rp_allocator *allocator, uint8_t **block, size_t *capacity,
                       size_t needed)
{
    if (needed <= *capacity) {
        return true;
    }
    size_t wanted = *capacity + *capacity / 2;
    wanted = wanted < needed ? needed : wanted;
    uint8_t *moved = rp_realloc(allocator, *block, *capacity, wanted);
    if (!moved) {
        return false;
    }
    *block = moved;
    *capacity = wanted;
    return true;
}

/* Reads to the end. Answers a text on failure; the block is the caller's to free in any case. */
static const char *read_all(int descriptor, struct rp_allocator *allocator, uint64_t limit,
                            uint8_t **block, size_t *capacity, size_t *size)
{
    for (;;) {
        if (!grow_block(allocator, block, capacity, *size + READ_STEP_BYTES)) {
            return "out of memory";
        }
        ssize_t count = read(descriptor, *block + *size, *capacity - *size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_text(errno);
        }
        if (count == 0) {
            return NULL;
        }
        *size += (size_t)count;
        if (*size > limit) {
            return "file too large";
        }
    }
}

const char *rp_file_read(const char *path, struct rp_allocator *allocator, uint64_t limit,
                         uint8_t **out_data, size_t *out_size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_text(errno);
    }
    struct stat info;
    const char *error = NULL;
    uint8_t *block = NULL;
    size_t capacity = 0;
    size_t size = 0;
    if (fstat(descriptor, &info) != 0) {
        error = error_text(errno);
    } else if (S_ISDIR(info.st_mode)) {
        error = error_text(EISDIR);
    } else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > limit) {
        error = "file too large";
    } else if (!grow_block(allocator, &block, &capacity,
                           (S_ISREG(info.st_mode) ? (size_t)info.st_size : 0) + READ_STEP_BYTES)) {
        error = "out of memory";
    } else {
        error = read_all(descriptor, allocator, limit, &block, &capacity, &size);
    }
    (void)close(descriptor);
    uint8_t *trimmed = error ? NULL : rp_realloc(allocator, block, capacity, size);
    if (!error && size != 0 && !trimmed) {
        error = "out of memory";
    }
    if (error) {
        rp_free(allocator, block, capacity);
        return error;
    }
    *out_data = trimmed;
    *out_size = size;
    return NULL;
}

static const char *open_output(const char *path, int flags, int *out_descriptor)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    if (descriptor < 0) {
        return error_text(errno);
    }
    *out_descriptor = descriptor;
    return NULL;
}

const char *rp_file_open_input(const char *path, int *out_descriptor)
{
    struct stat info;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_text(errno);
    }
    bool ok = fstat(descriptor, &info) == 0;
    int error = !ok ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
    if (error != 0) {
        (void)close(descriptor);
        return error_text(error);
    }
    *out_descriptor = descriptor;
    return NULL;
}

void rp_file_close_input(int descriptor)
{
    (void)close(descriptor);
}

const char *rp_file_open_output(const char *path, int *out_descriptor)
{
    return open_output(path, 0, out_descriptor);
}

const char *rp_file_create(const char *path, int *out_descriptor)
{
    return open_output(path, O_TRUNC, out_descriptor);
}

const char *rp_file_close(int descriptor)
{
    return close(descriptor) == 0 ? NULL : error_text(errno);
}

/* Writes and closes; a failure of either counts. */
static const char *write_and_close(int descriptor, const void *data, size_t size)
{
    const char *error = rp_stream_write(descriptor, data, size);
    if (close(descriptor) != 0 && !error) {
        error = error_text(errno);
    }
    return error;
}

const char *rp_file_write(int descriptor, const void *data, size_t size)
{
    struct stat info;
    if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && ftruncate(descriptor, 0) != 0) {
        const char *error = error_text(errno);
        (void)close(descriptor);
        return error;
    }
    return write_and_close(descriptor, data, size);
}

/* A new file beside `path`, whose name is written to `name`. Negative if there is none to be had.
 */
static int open_beside(const char *path, char *name, size_t name_size)
{
    for (unsigned i = 0; i < REPLACE_TRIES; i++) {
        int length = snprintf(name, name_size, "%s.%ld.%u", path, (long)getpid(), i);
        if (length < 0 || (size_t)length >= name_size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST) {
            return descriptor;
        }
    }
    return -1;
}

/* Opens a file beside `target`, which must be the last thing that can fail. */
static const char *begin_beside(const char *target, struct rp_file_replacement *replacement)
{
    int length = snprintf(replacement->target, sizeof(replacement->target), "%s", target);
    if (length < 0 || (size_t)length >= sizeof(replacement->target)) {
        return error_text(ENAMETOOLONG);
    }
    replacement->descriptor = open_beside(target, replacement->name, sizeof(replacement->name));
    return replacement->descriptor < 0 ? error_text(errno) : NULL;
}

const char *rp_file_begin_replace(const char *path, struct rp_file_replacement *out_replacement)
{
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (!exists) {
        return errno == ENOENT ? begin_beside(path, out_replacement) : error_text(errno);
    }
    if (!S_ISREG(info.st_mode)) {
        out_replacement->name[0] = 0;
        out_replacement->descriptor = open(path, O_WRONLY | O_CLOEXEC);
        return out_replacement->descriptor < 0 ? error_text(errno) : NULL;
    }
    char *target = realpath(path, NULL); /* a symlink stays one */
    if (!target) {
        return error_text(errno);
    }
    const char *error = begin_beside(target, out_replacement);
    free(target);
    return error;
}

const char *rp_file_end_replace(const struct rp_file_replacement *replacement, bool keep)
{
    bool is_beside = replacement->name[0] != 0;
    const char *error =
        is_beside && keep && fsync(replacement->descriptor) != 0 ? error_text(errno) : NULL;
    if (close(replacement->descriptor) != 0 && !error) {
        error = error_text(errno);
    }
    if (is_beside && keep && !error && rename(replacement->name, replacement->target) != 0) {
        error = error_text(errno);
    }
    if (is_beside && (!keep || error)) {
        (void)unlink(replacement->name);
    }
    return error;
}

const char *rp_file_replace(const char *path, const void *data, size_t size)
{
    struct rp_file_replacement replacement;
    const char *error = rp_file_begin_replace(path, &replacement);
    if (error) {
        return error;
    }
    error = rp_stream_write(replacement.descriptor, data, size);
    const char *end_error = rp_file_end_replace(&replacement, !error);
    return error ? error : end_error;
}

bool rp_file_is_regular(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool rp_file_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

const char *rp_file_check_replace(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
        return access(path, W_OK) == 0 ? NULL : error_text(errno); /* opening may wait */
    }
    struct rp_file_replacement replacement;
    const char *error = rp_file_begin_replace(path, &replacement);
    return error ? error : rp_file_end_replace(&replacement, false);
}

const char *rp_stream_write(int descriptor, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    while (size != 0) {
        ssize_t count = write(descriptor, bytes, size);
        if (count >= 0) {
            bytes += count;
            size -= (size_t)count;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
            (void)poll(&ready, 1, POLL_MS);
        } else if (errno != EINTR) {
            return error_text(errno);
        }
    }
    return NULL;
}

const char *rp_stream_read(int descriptor, void *data, size_t size, const atomic_bool *stop,
                           size_t *out_size)
{
    for (;;) {
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        int count = poll(&ready, 1, POLL_MS);
        if (atomic_load(stop)) {
            return rp_stream_stopped;
        }
        if (count == 0 || (count < 0 && errno == EINTR)) {
            continue;
        }
        ssize_t bytes = read(descriptor, data, size);
        if (bytes >= 0) {
            *out_size = (size_t)bytes;
            return NULL;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return error_text(errno);
        }
    }
}

static void handle_interrupt(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    interrupt_handler();
    errno = saved;
}

void rp_process_on_interrupt(void (*handler)(void))
{
    static struct sigaction before;
    int failed = 0;
    if (handler) {
        struct sigaction action = {.sa_handler = handle_interrupt, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        bool is_first = !interrupt_handler;
        interrupt_handler = handler;
        failed = sigaction(SIGINT, &action, is_first ? &before : NULL);
    } else if (interrupt_handler) {
        failed = sigaction(SIGINT, &before, NULL);
        interrupt_handler = NULL;
    }
    RP_ASSERT(failed == 0);
}

static struct timespec deadline_after(struct timespec from, uint64_t ns)
{
    uint64_t total = (uint64_t)from.tv_nsec + ns % NS_PER_S;
    uint64_t seconds = ns / NS_PER_S + total / NS_PER_S;
    uint64_t room = (uint64_t)(INT64_MAX - from.tv_sec);
    from.tv_sec += (time_t)(seconds < room ? seconds : room);
    from.tv_nsec = (long)(total % NS_PER_S);
    return from;
}

static void *run_timer(void *argument)
{
    struct rp_timer *timer = argument;
    struct timespec deadline;
    int failed = clock_gettime(CLOCK_MONOTONIC, &deadline);
    RP_ASSERT(failed == 0);
    deadline = deadline_after(deadline, timer->first_ns);
    failed = pthread_mutex_lock(&timer->mutex);
    RP_ASSERT(failed == 0);
    while (!timer->stopped) {
        if (pthread_cond_timedwait(&timer->changed, &timer->mutex, &deadline) != ETIMEDOUT) {
            continue;
        }
        timer->tick(timer->user);
        if (timer->interval_ns == 0) {
            break;
        }
        deadline = deadline_after(deadline, timer->interval_ns);
    }
    (void)pthread_mutex_unlock(&timer->mutex);
    return NULL;
}

struct rp_timer *rp_timer_start(uint64_t first_ns, uint64_t interval_ns, void (*tick)(void *user),
                                void *user)
{
    struct rp_timer *timer = malloc(sizeof(*timer));
    if (!timer) {
        return NULL;
    }
    *timer = (struct rp_timer){
        .first_ns = first_ns, .interval_ns = interval_ns, .tick = tick, .user = user};
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    failed |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_mutex_init(&timer->mutex, NULL);
    failed |= pthread_cond_init(&timer->changed, &attributes);
    RP_ASSERT(failed == 0);
    (void)pthread_condattr_destroy(&attributes);
    /* Signals go to the thread that runs the guest, which may be waiting for input. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&timer->thread, NULL, run_timer, timer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        (void)pthread_cond_destroy(&timer->changed);
        (void)pthread_mutex_destroy(&timer->mutex);
        free(timer);
        return NULL;
    }
    return timer;
}

void rp_timer_stop(struct rp_timer *timer)
{
    if (!timer) {
        return;
    }
    int failed = pthread_mutex_lock(&timer->mutex);
    RP_ASSERT(failed == 0);
    timer->stopped = true;
    failed = pthread_cond_signal(&timer->changed);
    failed |= pthread_mutex_unlock(&timer->mutex);
    failed |= pthread_join(timer->thread, NULL);
    RP_ASSERT(failed == 0);
    (void)pthread_cond_destroy(&timer->changed);
    (void)pthread_mutex_destroy(&timer->mutex);
    free(timer);
}
