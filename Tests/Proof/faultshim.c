// Makes the n-th system call on a store fail, fall short, be interrupted, or kill the process.
//
// Preloaded into the real command: cc -O1 -shared -fPIC -o faultshim.so faultshim.c -ldl
//
//   FAULT_PATH   only calls on paths that hold this text are counted
//   FAULT_LOG    a file that gets a line for each counted call
//   FAULT_NTH    which of them is hit, counted from 1; none if it is not set
//   FAULT_MODE   fail, short, interrupt, kill (before the call), killafter, torn
//   FAULT_ERRNO  the error of a failing call; 5 (EIO) if it is not set
//   FAULT_STICKY 1: every counted call from the n-th on
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long counter;
static long nth;
static int failure = EIO;
static int is_sticky;
static int log_file = -1;
static const char *wanted;
static const char *mode = "fail";

__attribute__((constructor)) static void prepare(void) {
  const char *text;
  wanted = getenv("FAULT_PATH");
  if ((text = getenv("FAULT_NTH"))) nth = atol(text);
  if ((text = getenv("FAULT_ERRNO"))) failure = atoi(text);
  if ((text = getenv("FAULT_STICKY"))) is_sticky = atoi(text);
  if ((text = getenv("FAULT_MODE"))) mode = text;
  if ((text = getenv("FAULT_LOG")))
    log_file = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void path_of(int descriptor, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  path[count < 0 ? 0 : count] = 0;
}

// Counts a call on `descriptor`, or on `name` in it; whether it is to be hit.
static int counts(const char *call, int descriptor, const char *name) {
  if (!wanted) return 0;
  int before = errno;
  char path[2 * PATH_MAX] = "";
  if (!name || name[0] != '/') {
    if (descriptor != AT_FDCWD) path_of(descriptor, path);
    if (name) {
      strcat(path, "/");
      strncat(path, name, PATH_MAX - 1);
    }
  } else {
    strncpy(path, name, PATH_MAX - 1);
  }
  int is_hit = 0;
  if (strstr(path, wanted)) {
    long number = atomic_fetch_add(&counter, 1) + 1;
    is_hit = nth > 0 && (number == nth || (is_sticky && number > nth));
    if (log_file >= 0) {
      char line[2 * PATH_MAX + 64];
      int count = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
      syscall(SYS_write, log_file, line, count);
    }
  }
  errno = before;
  return is_hit;
}

static int is(const char *word) { return !strcmp(mode, word); }

static void die(void) {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

// What happens before a call that is hit.
#define BEFORE(result) \
  if (is_hit) { \
    if (is("kill")) die(); \
    if (is("fail")) { errno = failure; return result; } \
    if (is("interrupt")) { static __thread int was; if (!was++) { errno = EINTR; return result; } } \
  }

#define AFTER() if (is_hit && is("killafter")) die()

#define CALL(type, name, parameters, arguments, descriptor, path) \
  type name parameters { \
    REAL(name); \
    int is_hit = counts(#name, descriptor, path); \
    BEFORE((type)-1) \
    type result = real arguments; \
    AFTER(); \
    return result; \
  }

#define WRITING(name, parameters, all, half) \
  ssize_t name parameters { \
    REAL(name); \
    int is_hit = counts(#name, descriptor, NULL); \
    BEFORE(-1) \
    if (is_hit && is("short") && count > 1) return real half; \
    if (is_hit && is("torn")) { real half; die(); } \
    ssize_t result = real all; \
    AFTER(); \
    return result; \
  }

WRITING(pwrite, (int descriptor, const void *bytes, size_t count, off_t offset),
  (descriptor, bytes, count, offset), (descriptor, bytes, count / 2 + count % 2, offset))
WRITING(pwrite64, (int descriptor, const void *bytes, size_t count, off64_t offset),
  (descriptor, bytes, count, offset), (descriptor, bytes, count / 2 + count % 2, offset))

// The first part alone is what falls short.
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  REAL(pwritev);
  int is_hit = counts("pwritev", descriptor, NULL);
  BEFORE(-1)
  if (is_hit && is("short") && count > 1) return real(descriptor, parts, 1, offset);
  if (is_hit && is("torn")) { real(descriptor, parts, 1, offset); die(); }
  ssize_t result = real(descriptor, parts, count, offset);
  AFTER();
  return result;
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
  REAL(pread);
  int is_hit = counts("pread", descriptor, NULL);
  BEFORE(-1)
  if (is_hit && is("short") && count > 1) count /= 2;
  return real(descriptor, bytes, count, offset);
}

CALL(int, fsync, (int descriptor), (descriptor), descriptor, NULL)
CALL(int, fdatasync, (int descriptor), (descriptor), descriptor, NULL)
CALL(int, ftruncate, (int descriptor, off_t size), (descriptor, size), descriptor, NULL)
CALL(int, fallocate, (int descriptor, int how, off_t offset, off_t count),
  (descriptor, how, offset, count), descriptor, NULL)
CALL(int, flock, (int descriptor, int how), (descriptor, how), descriptor, NULL)
CALL(int, renameat, (int from, const char *old, int to, const char *new),
  (from, old, to, new), to, new)
CALL(int, linkat, (int from, const char *old, int to, const char *new, int flags),
  (from, old, to, new, flags), to, new)
CALL(int, unlinkat, (int descriptor, const char *path, int flags), (descriptor, path, flags),
  descriptor, path)
CALL(int, mkdirat, (int descriptor, const char *path, mode_t rights), (descriptor, path, rights),
  descriptor, path)
CALL(int, fstat, (int descriptor, struct stat *facts), (descriptor, facts), descriptor, NULL)
CALL(int, fstatat, (int descriptor, const char *path, struct stat *facts, int flags),
  (descriptor, path, facts, flags), descriptor, path)

void *mmap(void *at, size_t count, int rights, int flags, int descriptor, off_t offset) {
  REAL(mmap);
  int is_hit = descriptor >= 0 && counts("mmap", descriptor, NULL);
  // No kernel interrupts it.
  if (!is("interrupt")) { BEFORE(MAP_FAILED) }
  void *result = real(at, count, rights, flags, descriptor, offset);
  AFTER();
  return result;
}

int openat(int descriptor, const char *path, int flags, ...) {
  REAL(openat);
  mode_t rights = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list list;
    va_start(list, flags);
    rights = va_arg(list, mode_t);
    va_end(list);
  }
  int is_hit = counts("openat", descriptor, path);
  BEFORE(-1)
  int result = real(descriptor, path, flags, rights);
  AFTER();
  return result;
}
