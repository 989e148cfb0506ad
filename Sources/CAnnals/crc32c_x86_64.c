// CRC-32C with the SSE4.2 instruction, alone and in three chains joined by a carry-less product.
//
// `crc32q` takes 3 cycles but can start every cycle. One chain therefore uses a third of it; three
// independent chains over three neighbouring thirds of a block use all of it.
//
// Joining. Let a block be three lanes of k words, their registers a, b and c. Polynomials are
// reflected: bit i of a register stands for x^(31-i), and a register that 64n bits follow counts
// as multiplied by x^(64n) modulo P. So lane a owes a factor x^(64*2k), lane b x^(64*k).
// The carry-less product of two 32-bit registers has its bit i standing for x^(62-i); read as a
// 64-bit message word, bit i stands for x^(63-i), and `crc32q` multiplies a word by x^32. Feeding
// clmul(a, K) to `crc32q` thus yields a*K*x^33, and with
//
//     K[j] = x^(64j-33) mod P
//
// it yields a*x^(64j): exactly what is owed for j following words. Both products are XORed onto
// the last word of lane c, so the whole join costs two products and no instruction `crc32q`.
//
// Fetching. Three lanes at a time, from page to page, are no run that the processor finds out by
// itself: what is not in its caches is asked for two blocks ahead, whatever the bytes end at, since
// what is read next mostly follows. From memory that is 31 GB/s for 11; from the caches as before.
#include "crc32c.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

// 3 * 170 words are 4,080 bytes: a page in one block. Longer lanes gain nothing measurable.
enum { lane_words_max = 170, block_bytes = 3 * 8 * lane_words_max, line_bytes = 64 };

// Below this the serial chain is as fast as splitting and joining.
enum { interleaved_min = 216 };

static uint32_t join[2 * lane_words_max + 1];

static inline uint64_t load_word(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) static uint32_t update_serial(
    uint32_t state, const uint8_t *bytes, size_t count) {
  uint64_t wide = state;
  for (; count >= 8; bytes += 8, count -= 8) wide = _mm_crc32_u64(wide, load_word(bytes));
  state = (uint32_t)wide;
  if (count & 4) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    state = _mm_crc32_u32(state, word);
    bytes += 4;
  }
  if (count & 2) {
    uint16_t word;
    memcpy(&word, bytes, sizeof word);
    state = _mm_crc32_u16(state, word);
    bytes += 2;
  }
  return count & 1 ? _mm_crc32_u8(state, *bytes) : state;
}

// The low 64 bits of the product of two registers; 63 bits at most, so nothing is lost.
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t product(uint64_t a, uint32_t b) {
  __m128i left = _mm_cvtsi64_si128((long long)a);
  __m128i right = _mm_cvtsi64_si128((long long)b);
  return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(left, right, 0));
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t update_interleaved(
    uint32_t state, const uint8_t *bytes, size_t count) {
  while (count >= interleaved_min) {
    size_t words = count / 24;
    if (words > lane_words_max) words = lane_words_max;
    const uint8_t *first = bytes;
    const uint8_t *second = first + 8 * words;
    const uint8_t *third = second + 8 * words;
    uint64_t a = state, b = 0, c = 0;
    size_t last = 8 * (words - 1);
    size_t offset = 0;
    while (words == lane_words_max && offset + line_bytes <= last) {
      __builtin_prefetch(first + offset + 2 * block_bytes);
      __builtin_prefetch(second + offset + 2 * block_bytes);
      __builtin_prefetch(third + offset + 2 * block_bytes);
      for (size_t end = offset + line_bytes; offset < end; offset += 8) {
        a = _mm_crc32_u64(a, load_word(first + offset));
        b = _mm_crc32_u64(b, load_word(second + offset));
        c = _mm_crc32_u64(c, load_word(third + offset));
      }
    }
    for (; offset < last; offset += 8) {
      a = _mm_crc32_u64(a, load_word(first + offset));
      b = _mm_crc32_u64(b, load_word(second + offset));
      c = _mm_crc32_u64(c, load_word(third + offset));
    }
    a = _mm_crc32_u64(a, load_word(first + last));
    b = _mm_crc32_u64(b, load_word(second + last));
    uint64_t owed = product(a, join[2 * words]) ^ product(b, join[words]);
    state = (uint32_t)_mm_crc32_u64(c, load_word(third + last) ^ owed);
    bytes += 24 * words;
    count -= 24 * words;
  }
  return update_serial(state, bytes, count);
}

// K[1] = x^31 is bit 0 alone; each next K is the former times x^64, which is what `crc32q` of a
// zero word does to a register.
__attribute__((target("sse4.2"))) static void fill_join(void) {
  uint64_t power = 1;
  for (size_t j = 1; j <= 2 * lane_words_max; j++) {
    join[j] = (uint32_t)power;
    power = _mm_crc32_u64(power, 0);
  }
}

struct annals_crc32c_hardware annals_crc32c_detect(void) {
  struct annals_crc32c_hardware found = {0};
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2")) return found;
  found.serial = update_serial;
  if (!__builtin_cpu_supports("pclmul")) return found;
  fill_join();
  found.interleaved = update_interleaved;
  return found;
}
#endif
