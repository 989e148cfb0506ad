#pragma once
#include <stdint.h>

/// Allocations, frees, retains, releases, objects, accesses and locks so far.
void annals_counters_read(uint64_t *values, int count);
