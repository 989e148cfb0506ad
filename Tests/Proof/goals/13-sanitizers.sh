# The suites under the address and the thread sanitizer: odd seeds the one, even seeds the other.
#
# A sanitizer makes each step many times as dear. So the harnesses that count their cases try fewer:
# ANNALS_SHARE says how many of a hundred, here five. All suites run, and all their tests.
id=G13
name=sanitizers
title="Suites without a report of the address and thread sanitizers (5 % of the counted cases)"
target=2

short() { skip "building both takes longer than the short form has"; }
round() {
  export ANNALS_SHARE=5
  if ((ANNALS_SEED % 2)); then
    # Leaks are not looked for: the test runner itself leaks.
    ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-asan || exit 1
  else
    export TSAN_OPTIONS="suppressions=$PWD/Tests/Proof/tsan.txt"
    swift test --sanitize=thread --scratch-path .build-tsan || exit 1
  fi
  count 1
}
