#pragma once

/// What Swift cannot say well: hardware checksums, a few system calls, shared words, and the
/// guarded copy. Nothing here knows the format of a store.

#include "annals_calls.h"
#include "annals_crc32c.h"
#include "annals_guard.h"
#include "annals_words.h"
