# How much of the engine's regions the suites reach; branches are not measured for Swift.
#
# What is not reached is listed in uncovered.txt, by file, with the reason. A file with more of it
# than is listed there is shown: whoever adds the code adds a test, or a reason.
id=G14
name=coverage
title="Regions of AnnalsLog reached by the suites, per mille (95 % wanted)"
target=950

short() { skip "the instrumented build takes longer than the short form has"; }
round() {
  local profile tool= bin=.build-coverage/debug reached
  for word in llvm-cov llvm-cov-19 llvm-cov-17 llvm-cov-14; do
    command -v $word > /dev/null && { tool=$word; break; }
  done
  [[ -n $tool ]] || tool=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-cov
  [[ -x $(command -v "$tool") ]] || skip "llvm-cov is not installed"
  rm -rf "$bin/codecov"
  # The command is run by the tests of it: what it reaches counts too.
  swift test --enable-code-coverage --scratch-path .build-coverage || exit 1
  profile=$bin/codecov/default.profdata
  "$tool" report "$bin/AnnalsPackageTests.xctest" -object "$bin/annals" \
    -instr-profile "$profile" Sources/AnnalsLog > "$PROOF_SCRATCH/coverage" || exit 1
  cat "$PROOF_SCRATCH/coverage"
  awk '
    FNR == NR { if (!/^#/ && NF > 2) listed[$1] += $2; next }
    $1 ~ /\.swift$/ && $3 > listed[$1] + 0 {
      printf "without a reason: %d regions of %s, %d are listed\n", $3, $1, listed[$1]
    }' Tests/Proof/uncovered.txt "$PROOF_SCRATCH/coverage"
  reached=$(awk '/^TOTAL/ { printf "%d", 1000 * ($2 - $3) / $2 }' "$PROOF_SCRATCH/coverage")
  # Each round begins anew: less than is wanted is a failure, not a part.
  ((reached >= target)) || { count "$reached" 1; exit 1; }
  count "$reached"
}
