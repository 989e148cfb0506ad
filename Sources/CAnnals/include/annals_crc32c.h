#pragma once
#include <stddef.h>
#include <stdint.h>

/// The CRC-32C (Castagnoli) of `count` bytes, continuing `crc`; begin with zero.
///
/// Continuing equals concatenating: crc(crc(0, a), b) == crc(0, ab). The check value of
/// "123456789" is 0xe3069283. Chooses the fastest tier of the machine at its first call.
uint32_t annals_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Which tier `annals_crc32c` uses here: 0 table, 1 serial, 2 interleaved.
int annals_crc32c_tier(void);

/// The portable tier, for tests.
uint32_t annals_crc32c_table(uint32_t crc, const void *bytes, size_t count);

/// One chain of the processor's CRC instruction, for tests; the table tier where there is none.
uint32_t annals_crc32c_serial(uint32_t crc, const void *bytes, size_t count);

/// Three chains at once, for tests; the serial tier where they cannot be joined.
uint32_t annals_crc32c_interleaved(uint32_t crc, const void *bytes, size_t count);
