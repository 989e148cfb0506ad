#pragma once
#include <stddef.h>

/// Installs the handler that turns a SIGBUS inside `annals_guard_copy` into its result; every
/// other SIGBUS goes on to the handler that was there before.
///
/// Installs once however often and from however many threads it is called. Returns 0, or 1 if the
/// system refused.
int annals_guard_install(void);

/// Copies `count` bytes; 0 if all were copied, -1 if a page of `source` could not be read.
///
/// After -1 any part of `target` may have been written. Without `annals_guard_install` it is a
/// plain copy that may end the process.
int annals_guard_copy(void *target, const void *source, size_t count);
