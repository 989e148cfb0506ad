#pragma once
#include <stddef.h>
#include <stdint.h>

/// Words and bits in memory that other threads or processes change at the same time.
///
/// Swift's own atomics cannot be laid over mapped bytes. An address MUST be aligned to the word.

/// Loads a word of two bytes; what its writer stored before a releasing store is seen after.
static inline uint16_t annals_load16_acquire(const void *address) {
  return __atomic_load_n((const uint16_t *)address, __ATOMIC_ACQUIRE);
}

/// Stores a word of two bytes in the place of another; whether that stood there. Acquires and
/// releases.
static inline int annals_replace16(void *address, uint16_t old, uint16_t value) {
  return __atomic_compare_exchange_n(
      (uint16_t *)address, &old, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/// Loads a word; orders nothing.
static inline uint32_t annals_load32_relaxed(const void *address) {
  return __atomic_load_n((const uint32_t *)address, __ATOMIC_RELAXED);
}

/// Loads a word; what its writer stored before a releasing store is seen after.
static inline uint32_t annals_load32_acquire(const void *address) {
  return __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE);
}

/// Stores a word; orders nothing.
static inline void annals_store32_relaxed(void *address, uint32_t value) {
  __atomic_store_n((uint32_t *)address, value, __ATOMIC_RELAXED);
}

/// Stores a word after everything stored before.
static inline void annals_store32_release(void *address, uint32_t value) {
  __atomic_store_n((uint32_t *)address, value, __ATOMIC_RELEASE);
}

/// Adds to a word, wrapping, and returns what it was; acquires and releases.
static inline uint32_t annals_add32(void *address, uint32_t value) {
  return __atomic_fetch_add((uint32_t *)address, value, __ATOMIC_ACQ_REL);
}

/// Loads a word of eight bytes; orders nothing.
static inline uint64_t annals_load64_relaxed(const void *address) {
  return __atomic_load_n((const uint64_t *)address, __ATOMIC_RELAXED);
}

/// Loads a word of eight bytes; what its writer stored before a releasing store is seen after.
static inline uint64_t annals_load64_acquire(const void *address) {
  return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}

/// Stores a word of eight bytes; orders nothing.
static inline void annals_store64_relaxed(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELAXED);
}

/// Stores a word of eight bytes after everything stored before.
static inline void annals_store64_release(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}

/// Makes everything loaded before it stay before what is loaded and stored after it.
static inline void annals_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/// Whether bit `index`, counted from the lowest bit of the first byte, is set; acquires.
static inline int annals_bit_test(const void *bits, size_t index) {
  const uint8_t *byte = (const uint8_t *)bits + index / 8;
  return __atomic_load_n(byte, __ATOMIC_ACQUIRE) >> (index % 8) & 1;
}

/// Sets bit `index`; the neighbours in its byte may be set by others meanwhile. Acquires and
/// releases.
static inline void annals_bit_set(void *bits, size_t index) {
  uint8_t *byte = (uint8_t *)bits + index / 8;
  __atomic_fetch_or(byte, (uint8_t)(1u << (index % 8)), __ATOMIC_ACQ_REL);
}

/// Asks the processor to fetch the line at `address`, which need not be readable.
static inline void annals_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
