/* Shifts the wall clock of a process and its children by CLOCK_SHIFT_S seconds (LD_PRELOAD).
 *
 * The monotonic clock is not shifted: waits and time-outs last as long as ever. Times of files are
 * shifted with the clock. Programs that call the kernel themselves (Go: the NATS server) have the
 * true time. libfaketime shifts both clocks or breaks the sleep of Python 3.11, so it does not do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) \
    ({ \
        static __typeof__(&name) next; \
        if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
        next; \
    })

static long shift_s(void) {
    const char *text = getenv("CLOCK_SHIFT_S");
    return text ? atol(text) : 0;
}

static struct timespec now(void) {
    struct timespec at;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &at);
    at.tv_sec += shift_s();
    return at;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return syscall(SYS_clock_gettime, clock, at);
    *at = now();
    return 0;
}

int gettimeofday(struct timeval *at, void *zone) {
    (void)zone;
    struct timespec current = now();
    at->tv_sec = current.tv_sec;
    at->tv_usec = current.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    time_t current = now().tv_sec;
    if (at) *at = current;
    return current;
}

#define SHIFT(result, file) \
    ({ \
        int shifted = (result); \
        if (!shifted) { \
            (file)->st_mtim.tv_sec += shift_s(); \
            (file)->st_ctim.tv_sec += shift_s(); \
            (file)->st_atim.tv_sec += shift_s(); \
        } \
        shifted; \
    })

/* Python calls those whose names end with 64. */
#define STAT(kind) \
    int kind(const char *path, struct kind *file) { return SHIFT(NEXT(kind)(path, file), file); } \
    int l##kind(const char *path, struct kind *file) { \
        return SHIFT(NEXT(l##kind)(path, file), file); \
    } \
    int f##kind(int number, struct kind *file) { return SHIFT(NEXT(f##kind)(number, file), file); }
STAT(stat)
STAT(stat64)

int fstatat(int folder, const char *path, struct stat *file, int flags) {
    return SHIFT(NEXT(fstatat)(folder, path, file, flags), file);
}

int fstatat64(int folder, const char *path, struct stat64 *file, int flags) {
    return SHIFT(NEXT(fstatat64)(folder, path, file, flags), file);
}

static const struct timespec *unshifted(const struct timespec times[2], struct timespec copy[2]) {
    for (int i = 0; times && i < 2; i++) {
        copy[i] = times[i];
        if (copy[i].tv_nsec != UTIME_NOW && copy[i].tv_nsec != UTIME_OMIT)
            copy[i].tv_sec -= shift_s();
    }
    return times ? copy : NULL;
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
    struct timespec copy[2];
    return NEXT(utimensat)(folder, path, unshifted(times, copy), flags);
}

int futimens(int number, const struct timespec times[2]) {
    struct timespec copy[2];
    return NEXT(futimens)(number, unshifted(times, copy));
}

/* The servers start with an environment of their own: add ours. */
int execve(const char *path, char *const arguments[], char *const environment[]) {
    static const char *const ours[] = {"CLOCK_SHIFT_S", "LD_PRELOAD"};
    size_t count = 0;
    while (environment && environment[count]) count++;
    char *all[count + 3];
    if (count) memcpy(all, environment, count * sizeof *all);
    for (int i = 0; i < 2; i++) {
        const char *value = getenv(ours[i]);
        size_t length = strlen(ours[i]);
        int is_there = value == NULL;
        for (size_t n = 0; n < count; n++)
            is_there |= !strncmp(all[n], ours[i], length) && all[n][length] == '=';
        if (is_there) continue;
        char *entry = malloc(length + strlen(value) + 2); /* until the new program begins */
        strcpy(entry, ours[i]);
        strcat(entry, "=");
        strcat(entry, value);
        all[count++] = entry;
    }
    all[count] = NULL;
    return NEXT(execve)(path, arguments, all);
}
