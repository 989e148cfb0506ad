// CRC-32C with the instructions of ARMv8; optional in 8.0, so the kernel is asked.
//
// Only one chain: the three-chain form of x86-64 could be joined with PMULL in the same way, but
// there was no such machine to measure or test it on.
#include "crc32c.h"

#if defined(__aarch64__)
#include <arm_acle.h>
#include <string.h>
#include <sys/auxv.h>

// HWCAP_CRC32 of <asm/hwcap.h>, spelt here because not every C library installs that header.
static const unsigned long crc_capability = 1ul << 7;

__attribute__((target("crc"))) static uint32_t update_serial(
    uint32_t state, const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    state = __crc32cd(state, word);
  }
  for (; count > 0; bytes++, count--) state = __crc32cb(state, *bytes);
  return state;
}

struct annals_crc32c_hardware annals_crc32c_detect(void) {
  struct annals_crc32c_hardware found = {0};
  if (getauxval(AT_HWCAP) & crc_capability) found.serial = update_serial;
  return found;
}
#endif
