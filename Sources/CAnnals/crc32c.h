#pragma once
#include <stddef.h>
#include <stdint.h>

/// Advances the raw register, without the inversions before and after, over `count` bytes.
typedef uint32_t (*annals_crc32c_update)(uint32_t state, const uint8_t *bytes, size_t count);

/// The two hardware tiers of a processor family; NULL where the processor at hand lacks one.
///
/// Exactly one source file per family defines this. MUST be called under the once of `crc32c.c`,
/// because it may fill tables.
struct annals_crc32c_hardware {
  annals_crc32c_update serial;
  annals_crc32c_update interleaved;
};
struct annals_crc32c_hardware annals_crc32c_detect(void);
