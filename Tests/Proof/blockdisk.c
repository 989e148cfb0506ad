// A disk that forgets: one file of a FUSE file system, to be the backing file of a loop device.
//
// What was written and not flushed is lost, kept or reordered at a cut, sector by sector, as a disk
// with a volatile cache may do it. Commands are written to the file `control` beside the disk:
//
//   cut SEED PERCENT   the power goes now: each unflushed sector write stays with that probability,
//                      in order; what is written from now on goes nowhere
//   on                 the power is back: the disk holds what the cut left
//   fail-writes N      the next N writes to the disk fail with EIO
//   fail-flushes N     the next N flushes fail with EIO, and what they were to flush is lost later
//   fail-reads N       the next N reads fail with EIO
//   honest | lying     whether a flush flushes; a lying disk is a planted bug: who relies on
//                      flushes must be seen to fail on it
//
// Reading `control` gives counters. usage: blockdisk MOUNTPOINT MEBIBYTES (stays in the foreground)
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { sector = 512 };

struct pending {
  size_t offset;
  unsigned char bytes[sector];
};

static size_t size;
// What the machine sees, what is on the platter, and what the last cut left.
static unsigned char *live, *durable, *left;
static struct pending *pending;
static size_t pending_count, pending_capacity;
static long failing_writes, failing_flushes, failing_reads;
static int is_lying;
static unsigned long writes, flushes, reads, failures, lost;

static unsigned char *image(void) {
  void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bytes == MAP_FAILED) {
    perror("blockdisk: mmap");
    exit(1);
  }
  return bytes;
}

// SplitMix64.
static uint64_t next_random(uint64_t *state) {
  uint64_t mixed = *state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

static void note_write(size_t offset) {
  if (pending_count == pending_capacity) {
    pending_capacity = pending_capacity ? pending_capacity * 2 : 4096;
    pending = realloc(pending, pending_capacity * sizeof *pending);
    if (!pending) {
      perror("blockdisk: realloc");
      exit(1);
    }
  }
  pending[pending_count].offset = offset;
  memcpy(pending[pending_count].bytes, live + offset, sector);
  pending_count++;
}

static void settle(void) {
  for (size_t index = 0; index < pending_count; index++)
    memcpy(durable + pending[index].offset, pending[index].bytes, sector);
  pending_count = 0;
}

static void cut(uint64_t seed, unsigned percent) {
  memcpy(left, durable, size);
  for (size_t index = 0; index < pending_count; index++) {
    if (next_random(&seed) % 100 < percent)
      memcpy(left + pending[index].offset, pending[index].bytes, sector);
    else
      lost++;
  }
}

static void power_on(void) {
  memcpy(live, left, size);
  memcpy(durable, left, size);
  pending_count = 0;
  failing_writes = failing_flushes = failing_reads = 0;
}

static int command(const char *text) {
  unsigned long seed, percent;
  long count;
  if (sscanf(text, "cut %lu %lu", &seed, &percent) == 2) cut(seed, (unsigned)percent);
  else if (!strncmp(text, "on", 2)) power_on();
  else if (sscanf(text, "fail-writes %ld", &count) == 1) failing_writes = count;
  else if (sscanf(text, "fail-flushes %ld", &count) == 1) failing_flushes = count;
  else if (sscanf(text, "fail-reads %ld", &count) == 1) failing_reads = count;
  else if (!strncmp(text, "honest", 6)) is_lying = 0;
  else if (!strncmp(text, "lying", 5)) is_lying = 1;
  else return -EINVAL;
  return 0;
}

static int is_disk(const char *path) { return !strcmp(path, "/disk"); }
static int is_control(const char *path) { return !strcmp(path, "/control"); }

static int get_attributes(const char *path, struct stat *found, struct fuse_file_info *file) {
  (void)file;
  memset(found, 0, sizeof *found);
  found->st_nlink = 1;
  if (!strcmp(path, "/")) {
    found->st_mode = S_IFDIR | 0755;
    found->st_nlink = 2;
  } else if (is_disk(path)) {
    found->st_mode = S_IFREG | 0600;
    found->st_size = (off_t)size;
    found->st_blksize = 4096;
    found->st_blocks = (blkcnt_t)(size / sector);
  } else if (is_control(path)) {
    found->st_mode = S_IFREG | 0600;
    found->st_size = 256;
  } else {
    return -ENOENT;
  }
  return 0;
}

static int read_directory(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                          struct fuse_file_info *file, enum fuse_readdir_flags flags) {
  (void)path, (void)offset, (void)file, (void)flags;
  fill(buffer, "disk", NULL, 0, 0);
  fill(buffer, "control", NULL, 0, 0);
  return 0;
}

static int open_file(const char *path, struct fuse_file_info *file) {
  (void)path;
  // No page cache of the disk itself: what the loop device writes arrives at once.
  file->direct_io = 1;
  return 0;
}

static int truncate_file(const char *path, off_t length, struct fuse_file_info *file) {
  (void)path, (void)length, (void)file;
  return 0;
}

static int read_file(const char *path, char *buffer, size_t count, off_t offset,
                     struct fuse_file_info *file) {
  (void)file;
  if (is_control(path)) {
    char text[256];
    int length = snprintf(text, sizeof text,
                          "writes %lu flushes %lu reads %lu failures %lu pending %zu lost %lu\n",
                          writes, flushes, reads, failures, pending_count, lost);
    if (offset >= length) return 0;
    if (count > (size_t)(length - offset)) count = (size_t)(length - offset);
    memcpy(buffer, text + offset, count);
    return (int)count;
  }
  reads++;
  if (failing_reads > 0) {
    failing_reads--;
    failures++;
    return -EIO;
  }
  if ((size_t)offset >= size) return 0;
  if (count > size - (size_t)offset) count = size - (size_t)offset;
  memcpy(buffer, live + offset, count);
  return (int)count;
}

static int write_file(const char *path, const char *buffer, size_t count, off_t offset,
                      struct fuse_file_info *file) {
  (void)file;
  if (is_control(path)) {
    char text[128];
    size_t length = count < sizeof text - 1 ? count : sizeof text - 1;
    memcpy(text, buffer, length);
    text[length] = 0;
    int failure = command(text);
    return failure ? failure : (int)count;
  }
  writes++;
  if (failing_writes > 0) {
    failing_writes--;
    failures++;
    return -EIO;
  }
  // A loop device writes whole sectors.
  if (offset % sector || count % sector || (size_t)offset + count > size) return -EINVAL;
  memcpy(live + offset, buffer, count);
  for (size_t done = 0; done < count; done += sector) note_write((size_t)offset + done);
  return (int)count;
}

static int flush_file(const char *path, int only_data, struct fuse_file_info *file) {
  (void)only_data, (void)file;
  if (!is_disk(path)) return 0;
  flushes++;
  if (failing_flushes > 0) {
    failing_flushes--;
    failures++;
    // The cache has given up on it: it reads back until the power goes, and is not there then.
    pending_count = 0;
    return -EIO;
  }
  if (!is_lying) settle();
  return 0;
}

static int allocate(const char *path, int mode, off_t offset, off_t length,
                    struct fuse_file_info *file) {
  (void)path, (void)mode, (void)offset, (void)length, (void)file;
  return -EOPNOTSUPP;
}

static const struct fuse_operations operations = {
    .getattr = get_attributes,
    .readdir = read_directory,
    .open = open_file,
    .read = read_file,
    .write = write_file,
    .fsync = flush_file,
    .truncate = truncate_file,
    .fallocate = allocate,
};

int main(int count, char **arguments) {
  if (count != 3 || atol(arguments[2]) <= 0) {
    fprintf(stderr, "usage: blockdisk MOUNTPOINT MEBIBYTES\n");
    return 64;
  }
  size = (size_t)atol(arguments[2]) << 20;
  live = image();
  durable = image();
  left = image();
  // One thread: a cut is one instant.
  char *words[] = {arguments[0], "-f", "-s", arguments[1], NULL};
  return fuse_main(4, words, &operations, NULL);
}
