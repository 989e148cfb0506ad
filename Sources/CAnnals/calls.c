#define _GNU_SOURCE
#include "annals_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

int annals_fallocate(int descriptor, int64_t offset, int64_t count) {
  while (fallocate(descriptor, 0, offset, count) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

void annals_release(int descriptor, int64_t offset, int64_t count) {
  while (fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count) != 0)
    if (errno != EINTR) return;
}

int annals_clone(int target, int source) {
  while (ioctl(target, FICLONE, source) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

void annals_start_writing(int descriptor, int64_t offset, int64_t count) {
  sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

void annals_start_scan(int descriptor, int64_t offset) {
  enum { page = 4096, pages = 16, nowait = 8 };
  char buffer[page];
  struct iovec parts[pages];
  for (int i = 0; i < pages; i++) parts[i] = (struct iovec){buffer, page};
  int64_t start = offset & -page;
  // Who has just read what stands before is taken for one that reads in order.
  if (start > 0 && pread(descriptor, buffer, 1, start - 1) < 0) return;
  // Neither call waits: what is not in memory is being read when it comes back. The second one meets
  // the mark that the first has left, and what is read for it is in larger units already.
  syscall(SYS_preadv2, descriptor, parts, pages, start, 0L, nowait);
  syscall(SYS_preadv2, descriptor, parts, 1, start + pages * page, 0L, nowait);
}

int annals_keeps_blocks(int descriptor) {
  struct statfs status;
  while (fstatfs(descriptor, &status) != 0)
    if (errno != EINTR) return 0;
  switch ((unsigned long)status.f_type) {
  case EXT4_SUPER_MAGIC:  // ext2 and ext3 as well
  case XFS_SUPER_MAGIC:
  case TMPFS_MAGIC: return 1;
  default: return 0;
  }
}

int64_t annals_content_end(int descriptor, int64_t offset, int64_t size) {
  int64_t end = offset;
  // A file that was written from its start on has a few extents; one that has not need not be known
  // exactly.
  for (int rounds = 0; rounds < 64; rounds++) {
    off_t data = lseek(descriptor, end, SEEK_DATA);
    if (data < 0) return errno == ENXIO ? end : -1;
    if (data >= size) return end;
    off_t hole = lseek(descriptor, data, SEEK_HOLE);
    if (hole < 0) return -1;
    end = hole < size ? hole : size;
    if (end == size) return end;
  }
  return size;
}

// Not FUTEX_PRIVATE_FLAG: the sleepers are in other processes.
int annals_futex_wait(const uint32_t *word, uint32_t expected, int64_t nanoseconds) {
  struct timespec limit = {
      .tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
  struct timespec *timeout = nanoseconds < 0 ? NULL : &limit;
  if (syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout, NULL, 0) == 0) return 0;
  // The word had changed, or a signal came: both are a reason to look again.
  return errno == EAGAIN || errno == EINTR ? 0 : errno;
}

int annals_futex_wake(uint32_t *word) {
  long woken = syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
  return woken < 0 ? 0 : (int)woken;
}

void annals_name_thread(const char *name) {
  char kept[16];
  strncpy(kept, name, sizeof kept - 1);
  kept[sizeof kept - 1] = 0;
  pthread_setname_np(pthread_self(), kept);
}
