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
  local profile tool bin=.build-coverage/debug raw=.build-coverage/raw reached
  # The compiler's own: another version's cannot read what it writes.
  tool=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-cov
  [[ -x $tool ]] || skip "llvm-cov is not installed beside swift"
  swift build --build-tests --enable-code-coverage --scratch-path .build-coverage || exit 1
  rm -rf "$raw"
  mkdir -p "$raw"
  # The command is run by the tests of it: what it reaches counts too, merged into a few files.
  LLVM_PROFILE_FILE="$PWD/$raw/%4m.profraw" "$bin/AnnalsPackageTests.xctest" \
    --testing-library swift-testing || exit 1
  profile=$raw/all.profdata
  # A command that is killed may leave half a profile: what cannot be read of one is left out.
  "${tool/llvm-cov/llvm-profdata}" merge -sparse --failure-mode=all -o "$profile" "$raw"/*.profraw \
    2> "$PROOF_SCRATCH/merge" || { cat "$PROOF_SCRATCH/merge"; exit 1; }
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
