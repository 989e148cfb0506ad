// The guarded copy: reads mapped memory whose file may have been cut by another program, or whose
// disk may not answer; both arrive as SIGBUS at the load.
//
// 1. The handler jumps only if this thread is inside a guarded copy and the address is in its
//    source; all else is passed on unchanged.
// 2. Nothing between arming and disarming takes a lock or allocates, so a jump leaves nothing
//    half-done.
// 3. Arming costs no system call: the signal mask is not saved by the copy but taken, in the rare
//    case of a jump, from what the kernel saved of it for the handler.
#define _GNU_SOURCE
#include "annals_guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

// One copy in progress. A copy made by a signal handler that interrupted another one stacks up.
struct guard {
  sigjmp_buf resume;
  uintptr_t first;
  uintptr_t end;
  struct guard *outer;
};

// Initial-exec: the other models may allocate at first use, which a handler must not.
static _Thread_local struct guard *volatile innermost __attribute__((tls_model("initial-exec")));

static struct sigaction earlier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int install_error;

// A memory error names a block of 2^si_addr_lsb bytes rather than the byte that was loaded.
static int is_source(const struct guard *guard, const siginfo_t *info) {
  uintptr_t first = (uintptr_t)info->si_addr;
  uintptr_t length = 1;
#if defined(BUS_MCEERR_AR)
  if (info->si_code == BUS_MCEERR_AR) {
    length = (uintptr_t)1 << info->si_addr_lsb;
    first &= ~(length - 1);
  }
#endif
  return first < guard->end && first + length > guard->first;
}

static void pass_on(int signal_number, siginfo_t *info, void *context) {
  int has_information = (earlier.sa_flags & SA_SIGINFO) != 0;
  if (!has_information && earlier.sa_handler == SIG_IGN && info->si_code <= 0) return;
  if (!has_information && (earlier.sa_handler == SIG_IGN || earlier.sa_handler == SIG_DFL)) {
    // As the kernel does for a faulting load, which cannot be ignored: die. A fault recurs when
    // the handler returns, with the registers a core file should show; a sent signal must be
    // repeated.
    signal(signal_number, SIG_DFL);
    if (info->si_code <= 0) raise(signal_number);
    return;
  }
  sigset_t blocked = earlier.sa_mask, before;
  if (!(earlier.sa_flags & SA_NODEFER)) sigaddset(&blocked, signal_number);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  if (has_information)
    earlier.sa_sigaction(signal_number, info, context);
  else
    earlier.sa_handler(signal_number);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// Sets the mask that the interrupted copy had. Ours is the same, but not if a handler was installed
// on top of this one and passed the signal on: the thread sanitizer's blocks everything, and a
// SIGBUS that is blocked when it occurs kills.
static void restore_mask(const ucontext_t *context) {
  // The kernel saves one bit for each of its 64 signals; the C library's type is longer than that.
  sigset_t mask;
  sigemptyset(&mask);
  memcpy(&mask, &context->uc_sigmask, sizeof(uint64_t));
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void handle(int signal_number, siginfo_t *info, void *context) {
  struct guard *guard = innermost;
  // A code of zero or less marks a signal that somebody sent: it has no address.
  if (guard && info->si_code > 0 && is_source(guard, info)) {
    restore_mask(context);
    siglongjmp(guard->resume, 1);
  }
  pass_on(signal_number, info, context);
}

static void install(void) {
  // Asked for first, so that the handler never runs before it knows whom to pass on to.
  if (sigaction(SIGBUS, NULL, &earlier) != 0) {
    install_error = 1;
    return;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  install_error = sigaction(SIGBUS, &action, NULL) != 0;
}

// Once and not "unless it is there": a later handler may itself pass on to this one, and
// installing again on top of it would make the two call each other for ever.
int annals_guard_install(void) {
  pthread_once(&once, install);
  return install_error;
}

int annals_guard_copy(void *target, const void *source, size_t count) {
  struct guard guard;
  guard.first = (uintptr_t)source;
  guard.end = guard.first + count;
  guard.outer = innermost;
  if (sigsetjmp(guard.resume, 0)) {
    innermost = guard.outer;
    return -1;
  }
  innermost = &guard;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  memcpy(target, source, count);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  innermost = guard.outer;
  return 0;
}
