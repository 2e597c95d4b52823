/* Lets one call fail with which a process changes files: a library for LD_PRELOAD, on Linux.

   It stands between a program and the C library, so it also sees what SQLite does. While it is
   armed it counts every call that changes something in one folder or below: making, writing,
   truncating, linking, renaming and removing files, and forcing them to the disk. At call number
   N, from 0, a fault happens:

       -SIGKILL   half of a write is done, nothing of another call, and the process is gone
       EIO        half of a write is done, nothing of another call, and the call fails
       ENOSPC     the same, and so do all later calls that need room

   The calls themselves are made by syscall(), so that none of them comes back here. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if !defined(__linux__) || !defined(__LP64__)
#error "offsets are passed to the kernel in one register: 64-bit Linux only"
#endif

enum { MOST_CALLS = 1 << 16, NAME_BYTES = 64 };
enum room { NO_ROOM, ROOM };

static char folder[PATH_MAX]; /* empty: not armed */
static int fault;
static long fault_at;
static atomic_long calls;
static char names[MOST_CALLS][NAME_BYTES];

/* ---- what a test calls ---- */

/* From now on count the calls on a folder; the fault comes at call `at`, never for -1. */
void arm(const char *path, int which, long at)
{
    fault = which;
    fault_at = at;
    atomic_store(&calls, 0);
    snprintf(folder, sizeof folder, "%s", path);
}

/* Count no more, and let nothing fail. */
void disarm(void) { folder[0] = 0; }

/* Calls so far. */
long counted(void) { return atomic_load(&calls); }

/* The name of a call and of its file. */
const char *name_of(long call)
{
    return call >= 0 && call < MOST_CALLS && call < counted() ? names[call] : "";
}

/* ---- which file a call is about ---- */

/* The absolute path of `name`, seen from an open folder, into `path`; whether that worked. */
static int find_path(char path[PATH_MAX], int at, const char *name)
{
    char link[64];
    ssize_t length = 0;

    if (!folder[0])
        return 0;
    if (name[0] != '/') {
        if (at == AT_FDCWD)
            snprintf(link, sizeof link, "/proc/self/cwd");
        else
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        length = readlink(link, path, PATH_MAX - 1);
        if (length < 0)
            return 0;
        if (name[0])
            path[length++] = '/';
    }
    return snprintf(path + length, PATH_MAX - length, "%s", name) < PATH_MAX - length;
}

/* Count a call; 0 when it is to be made, else the fault that happens instead. */
static int count(const char *call, int at, const char *name, enum room room)
{
    char path[PATH_MAX];
    size_t length = strlen(folder);
    int before = errno;
    int found = find_path(path, at, name);

    errno = before;
    if (!found || strncmp(path, folder, length) || (path[length] && path[length] != '/'))
        return 0;
    long number = atomic_fetch_add(&calls, 1);
    if (number < MOST_CALLS) {
        const char *last = strrchr(path, '/');
        snprintf(names[number], NAME_BYTES, "%s %s", call, last + 1);
    }
    if (fault_at < 0 || number < fault_at)
        return 0;
    if (fault == ENOSPC)
        return room == ROOM ? ENOSPC : 0;
    return number == fault_at ? fault : 0;
}

/* The end of a call at which a fault happens. */
static int fail(int error)
{
    if (error == -SIGKILL)
        kill(getpid(), SIGKILL);
    errno = error;
    return -1;
}

/* ---- writes ---- */

ssize_t write(int file, const void *data, size_t bytes)
{
    int error = count("write", file, "", ROOM);
    if (!error)
        return syscall(SYS_write, file, data, bytes);
    syscall(SYS_write, file, data, bytes / 2);
    return fail(error);
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t offset)
{
    int error = count("pwrite", file, "", ROOM);
    if (!error)
        return syscall(SYS_pwrite64, file, data, bytes, offset);
    syscall(SYS_pwrite64, file, data, bytes / 2, offset);
    return fail(error);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t offset)
{
    return pwrite64(file, data, bytes, offset);
}

ssize_t writev(int file, const struct iovec *parts, int number)
{
    int error = count("writev", file, "", ROOM);
    if (!error)
        return syscall(SYS_writev, file, parts, number);
    syscall(SYS_writev, file, parts, number / 2);
    return fail(error);
}

int ftruncate64(int file, off64_t bytes)
{
    struct stat now;
    int grows = fstat(file, &now) == 0 && bytes > now.st_size;
    int error = count("ftruncate", file, "", grows ? ROOM : NO_ROOM);
    return error ? fail(error) : syscall(SYS_ftruncate, file, bytes);
}

int ftruncate(int file, off_t bytes) { return ftruncate64(file, bytes); }

/* Room is given late by some file systems: when a file is forced to the disk. */
int fsync(int file)
{
    int error = count("fsync", file, "", ROOM);
    return error ? fail(error) : syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    int error = count("fdatasync", file, "", ROOM);
    return error ? fail(error) : syscall(SYS_fdatasync, file);
}

/* ---- names ---- */

int openat64(int at, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    /* one that is there is opened, which changes nothing */
    if (flags & O_CREAT && folder[0] && faccessat(at, path, F_OK, 0) != 0) {
        int error = count("create", at, path, ROOM);
        if (error)
            return fail(error);
    }
    return syscall(SYS_openat, at, path, flags | O_LARGEFILE, mode);
}

/* The other names of the same call; those without a mode pass one that nobody reads. */
#define MODE_OF(flags, mode)                      \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    mode_t mode = (flags) & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest)

int openat(int at, const char *path, int flags, ...)
{
    MODE_OF(flags, mode);
    return openat64(at, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode);
    return openat64(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode);
    return openat64(AT_FDCWD, path, flags, mode);
}

int mkdirat(int at, const char *path, mode_t mode)
{
    int error = count("mkdir", at, path, ROOM);
    return error ? fail(error) : syscall(SYS_mkdirat, at, path, mode);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int renameat2(int from, const char *path, int at, const char *to, unsigned flags)
{
    int error = count("rename", at, to, NO_ROOM);
    return error ? fail(error) : syscall(SYS_renameat2, from, path, at, to, flags);
}

int renameat(int from, const char *path, int at, const char *to)
{
    return renameat2(from, path, at, to, 0);
}

int rename(const char *path, const char *to) { return renameat2(AT_FDCWD, path, AT_FDCWD, to, 0); }

int linkat(int from, const char *path, int at, const char *to, int flags)
{
    int error = count("link", at, to, ROOM);
    return error ? fail(error) : syscall(SYS_linkat, from, path, at, to, flags);
}

int link(const char *path, const char *to) { return linkat(AT_FDCWD, path, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags)
{
    int error = count("unlink", at, path, NO_ROOM);
    return error ? fail(error) : syscall(SYS_unlinkat, at, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
