# The suites under the address and the thread sanitizer.
id=G13
name=sanitizers
title="Suites without a report of the address and thread sanitizers"
target=2

short() { skip "building both takes longer than the short form has"; }
round() {
  # Leaks are not looked for: the test runner itself leaks.
  ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-asan || exit 1
  count 1
  swift test --sanitize=thread --scratch-path .build-tsan || exit 1
  count 1
}
