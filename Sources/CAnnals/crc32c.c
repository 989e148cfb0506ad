// CRC-32C: the portable tier, and the choice among the tiers.
#include "crc32c.h"

#include <pthread.h>
#include <stdatomic.h>

#include "annals_crc32c.h"

// The Castagnoli polynomial with its bits reflected: bit i stands for x^(31-i).
static const uint32_t polynomial = 0x82f63b78u;

// slices[k][b] is the register that byte b leaves after k further zero bytes.
static uint32_t slices[8][256];
static struct annals_crc32c_hardware hardware;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; bit++) state = (state >> 1) ^ (polynomial & (0u - (state & 1u)));
    slices[0][byte] = state;
  }
  for (int slice = 1; slice < 8; slice++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t state = slices[slice - 1][byte];
      slices[slice][byte] = (state >> 8) ^ slices[0][state & 0xffu];
    }
  hardware = annals_crc32c_detect();
}

// Assembled from bytes, so that it is little-endian and unaligned on every machine; compilers make
// one load of it where that is right.
static uint32_t load_word(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

static uint32_t update_table(uint32_t state, const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint32_t low = load_word(bytes) ^ state;
    uint32_t high = load_word(bytes + 4);
    state = slices[7][low & 0xffu] ^ slices[6][low >> 8 & 0xffu] ^
            slices[5][low >> 16 & 0xffu] ^ slices[4][low >> 24] ^
            slices[3][high & 0xffu] ^ slices[2][high >> 8 & 0xffu] ^
            slices[1][high >> 16 & 0xffu] ^ slices[0][high >> 24];
  }
  for (; count > 0; bytes++, count--) state = (state >> 8) ^ slices[0][(state ^ *bytes) & 0xffu];
  return state;
}

static annals_crc32c_update serial_tier(void) {
  return hardware.serial ? hardware.serial : update_table;
}

static annals_crc32c_update interleaved_tier(void) {
  return hardware.interleaved ? hardware.interleaved : serial_tier();
}

static uint32_t update_first(uint32_t state, const uint8_t *bytes, size_t count);

// The tier in use. It begins as a function that decides, so no program start-up order matters; two
// threads that meet there decide the same. Release pairs with the acquire of the caller: who sees
// the tier sees its tables.
static _Atomic(annals_crc32c_update) chosen = update_first;

static uint32_t update_first(uint32_t state, const uint8_t *bytes, size_t count) {
  pthread_once(&once, prepare);
  annals_crc32c_update tier = interleaved_tier();
  atomic_store_explicit(&chosen, tier, memory_order_release);
  return tier(state, bytes, count);
}

uint32_t annals_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return ~atomic_load_explicit(&chosen, memory_order_acquire)(~crc, bytes, count);
}

int annals_crc32c_tier(void) {
  pthread_once(&once, prepare);
  return hardware.interleaved ? 2 : hardware.serial ? 1 : 0;
}

uint32_t annals_crc32c_table(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&once, prepare);
  return ~update_table(~crc, bytes, count);
}

uint32_t annals_crc32c_serial(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&once, prepare);
  return ~serial_tier()(~crc, bytes, count);
}

uint32_t annals_crc32c_interleaved(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&once, prepare);
  return ~interleaved_tier()(~crc, bytes, count);
}

#if !defined(__x86_64__) && !defined(__aarch64__)
struct annals_crc32c_hardware annals_crc32c_detect(void) {
  return (struct annals_crc32c_hardware){0};
}
#endif
