// Counts calls into the allocator, Swift's reference counting and the locks of the program it is
// preloaded into. For x86-64 Linux with a dynamically linked Swift runtime.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __x86_64__
#error "the trampolines below are written for x86-64"
#endif

// In the order in which CounterFigures.swift names them.
enum { ALLOCATIONS, FREES, RETAINS, RELEASES, OBJECTS, ACCESSES, LOCKS, COUNTERS };

uint64_t annals_counters[COUNTERS];

void annals_counters_read(uint64_t *values, int count) {
  for (int index = 0; index < count && index < COUNTERS; index++)
    values[index] = __atomic_load_n(&annals_counters[index], __ATOMIC_RELAXED);
}

static void count(int counter) {
  __atomic_fetch_add(&annals_counters[counter], 1, __ATOMIC_RELAXED);
}

// glibc's own names for its allocator: no lookup is needed, which would itself allocate.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
  count(ALLOCATIONS);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(ALLOCATIONS);
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  count(ALLOCATIONS);
  return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(ALLOCATIONS);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  count(ALLOCATIONS);
  *memory = __libc_memalign(alignment, size);
  return *memory == NULL ? 12 : 0;
}

void free(void *memory) {
  if (memory != NULL) count(FREES);
  __libc_free(memory);
}

// The runtime's functions have calling conventions of their own: each stub counts, changing no
// register, and jumps to the original, which it looks up at the first call, all registers saved.
void *annals_counters_find(const char *name) { return dlsym(RTLD_NEXT, name); }

#define STUB(function, counter)                                                    \
  __attribute__((visibility("hidden"))) void *annals_original_##function;          \
  __asm__(".pushsection .rodata\n"                                                 \
          "annals_name_" #function ": .asciz \"" #function "\"\n"                  \
          ".popsection\n"                                                          \
          ".text\n.globl " #function "\n.type " #function ", @function\n"          \
          #function ":\n"                                                          \
          "  lock incq annals_counters_hidden+8*" #counter "(%rip)\n"              \
          "  cmpq $0, annals_original_" #function "(%rip)\n"                       \
          "  je 1f\n"                                                              \
          "  jmp *annals_original_" #function "(%rip)\n"                           \
          "1: pushq %rax; pushq %rcx; pushq %rdx; pushq %rsi; pushq %rdi\n"        \
          "  pushq %r8; pushq %r9; pushq %r10; pushq %r11\n"                         \
          "  pushq %r13; pushq %rbp\n"                                            \
          "  movq %rsp, %rbp; andq $-16, %rsp\n"                                   \
          "  leaq annals_name_" #function "(%rip), %rdi\n"                         \
          "  call annals_counters_find@PLT\n"                                      \
          "  movq %rax, annals_original_" #function "(%rip)\n"                     \
          "  movq %rbp, %rsp\n"                                                    \
          "  popq %rbp; popq %r13; popq %r11; popq %r10; popq %r9; popq %r8\n"     \
          "  popq %rdi; popq %rsi; popq %rdx; popq %rcx; popq %rax\n"              \
          "  jmp *annals_original_" #function "(%rip)\n");

extern uint64_t annals_counters_hidden[COUNTERS]
    __attribute__((alias("annals_counters"), visibility("hidden")));

STUB(swift_retain, 2)
STUB(swift_retain_n, 2)
STUB(swift_bridgeObjectRetain, 2)
STUB(swift_release, 3)
STUB(swift_release_n, 3)
STUB(swift_bridgeObjectRelease, 3)
STUB(swift_allocObject, 4)
STUB(swift_beginAccess, 5)
STUB(pthread_mutex_lock, 6)
