// Telling a process from its forked children, without a system call and without a lock: a lock
// held by another thread at the fork would never be released in the child.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "annals_calls.h"

static _Atomic(_Atomic uint32_t *) page;

// The last number given out. Ordinary memory, so children inherit it and count on from it.
static _Atomic uint32_t generation = 1;

static void renew(_Atomic uint32_t *word) {
  uint32_t expected = 0;
  uint32_t next = atomic_fetch_add(&generation, 1) + 1;
  // Two threads may meet here; the first number stands, the other one is never used.
  atomic_compare_exchange_strong(word, &expected, next);
}

static void wipe(void) {
  _Atomic uint32_t *word = atomic_load(&page);
  if (word) atomic_store(word, 0);
}

static _Atomic uint32_t *fork_page(void) {
  _Atomic uint32_t *word = atomic_load_explicit(&page, memory_order_acquire);
  if (word) return word;
  size_t byte_count = (size_t)sysconf(_SC_PAGESIZE);
  void *memory =
      mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  // Kernels before 4.14 cannot; there the C library's `fork` wipes, and only a bare `clone`
  // escapes.
  if (madvise(memory, byte_count, MADV_WIPEONFORK) != 0) pthread_atfork(NULL, NULL, wipe);
  atomic_store((_Atomic uint32_t *)memory, 1);
  if (atomic_compare_exchange_strong(&page, &word, (_Atomic uint32_t *)memory)) return memory;
  munmap(memory, byte_count);
  return word;
}

const uint32_t *annals_fork_page(void) { return (const uint32_t *)fork_page(); }

uint32_t annals_process_generation(void) {
  _Atomic uint32_t *word = fork_page();
  // Without memory for the page all generations are one, and forked children go unnoticed.
  if (!word) return 1;
  if (atomic_load(word) == 0) renew(word);
  return atomic_load(word);
}
