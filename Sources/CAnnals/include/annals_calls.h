#pragma once
#include <stdint.h>

/// System calls that Swift's C library modules lack, and what belongs beside them.

/// Reserves blocks for `count` bytes at `offset` and raises the file's size to cover them.
///
/// Returns 0 or the errno; is never interrupted. EOPNOTSUPP and ENOSYS mean that this file system
/// or kernel cannot.
int annals_fallocate(int descriptor, int64_t offset, int64_t count);

/// Gives the blocks under a range of the file back, which then reads as zeros, and leaves its size.
///
/// Only advice: what fails, or is not known here, leaves the file as it is.
void annals_release(int descriptor, int64_t offset, int64_t count);

/// Makes the file `target` share the blocks of all of `source` until either is written.
///
/// Returns 0 or the errno; is never interrupted. EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV and EINVAL mean
/// that the file system, or the two of them, cannot.
int annals_clone(int target, int source);

/// The offset behind the last byte from `offset` up to `size` that the file system has written;
/// `offset` if there is none, -1 if the file system does not tell.
///
/// Moves the descriptor's own offset.
int64_t annals_content_end(int descriptor, int64_t offset, int64_t size);

/// Has the kernel begin to write what of a range is only in its cache; does not wait for it, and
/// promises nothing. Only advice: what fails is tried again by a sync.
void annals_start_writing(int descriptor, int64_t offset, int64_t count);

/// Has the kernel begin to read the file from `offset` on as it does for who reads it in order, and
/// does not wait for more than a page. Only advice.
///
/// The mark that the kernel leaves behind what it reads is met by who reads on, also through a
/// mapping, and then has it read on ahead of that, in large units.
void annals_start_scan(int descriptor, int64_t offset);

/// Whether blocks that a file of `descriptor`'s file system has are the file's own for ever, so that
/// writing to them through a mapping cannot run out of space.
///
/// True for file systems that are known to write in place, false for all others.
int annals_keeps_blocks(int descriptor);

/// Sleeps while `*word` is `expected`, for at most `nanoseconds`; for ever if that is negative.
///
/// Works between processes that map the same file, also read-only. Returns ETIMEDOUT when the time
/// has passed and 0 otherwise, which does not mean that the word has changed: look again.
int annals_futex_wait(const uint32_t *word, uint32_t expected, int64_t nanoseconds);

/// Wakes all threads of all processes that sleep on `word`; returns how many there were.
int annals_futex_wake(uint32_t *word);

/// A page whose first word is not zero here and becomes zero in a forked child, at a cost of one
/// load. NULL if there is no memory.
///
/// The word is 1 in a process that has not itself been forked from a user of the page; see
/// `annals_process_generation`, which also sets it.
const uint32_t *annals_fork_page(void);

/// A number that differs between this process and all it was forked from; never zero.
///
/// Remember it with what a child must not use, and compare it with the first word of the page.
uint32_t annals_process_generation(void);

/// Names the calling thread for debuggers; cuts the name to the 15 bytes the kernel keeps.
void annals_name_thread(const char *name);
