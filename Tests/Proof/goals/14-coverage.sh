# How much of the engine's regions the suites reach; branches are not measured for Swift.
id=G14
name=coverage
title="Regions of AnnalsLog reached by the suites, per mille (95 % wanted)"
target=950

short() { skip "the instrumented build takes longer than the short form has"; }
round() {
  local profile tool=
  for word in llvm-cov llvm-cov-19 llvm-cov-17 llvm-cov-14; do
    command -v $word > /dev/null && { tool=$word; break; }
  done
  [[ -n $tool ]] || tool=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-cov
  [[ -x $(command -v "$tool") ]] || skip "llvm-cov is not installed"
  swift test --enable-code-coverage --scratch-path .build-coverage || exit 1
  profile=.build-coverage/debug/codecov/default.profdata
  "$tool" report .build-coverage/debug/AnnalsPackageTests.xctest -instr-profile "$profile" \
    Sources/AnnalsLog > "$PROOF_SCRATCH/coverage" || exit 1
  cat "$PROOF_SCRATCH/coverage"
  count "$(awk '/^TOTAL/ { printf "%d", 1000 * ($2 - $3) / $2 }' "$PROOF_SCRATCH/coverage")"
}
