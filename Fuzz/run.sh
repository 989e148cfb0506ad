#!/usr/bin/env bash
# Fuzzes each target, or those named, for so many seconds each.
#
# usage: Fuzz/run.sh SECONDS [TARGET…]
#
# Inputs of corpus/TARGET are where it begins; what it finds beside goes to .build/corpus/TARGET, and
# what crashes to .build/crashes. FUZZ_SEED sets the seed, FUZZ_SANITIZE=fuzzer,address adds the
# address sanitizer, FUZZ_MERGE=1 takes the inputs that reach something new into corpus/. Prints a
# line a target: how many inputs were run, and how much they reached. Exits with 1 if any crashed,
# hung (5 s, or FUZZ_TIMEOUT: by the clock, and machines are shared), took more than 512 MiB, or if
# nothing was reached: a build without coverage is blind.
set -u -o pipefail
cd "$(dirname "$0")"
seconds=${1:?usage: Fuzz/run.sh SECONDS [TARGET…]}
shift
targets=("$@")
((${#targets[@]})) || targets=(frame segment index layout snapshot payload operations)
sanitize=${FUZZ_SANITIZE:-fuzzer}
scratch=.build/$sanitize
# `--sanitize=fuzzer --sanitize=address` builds, and silently without coverage.
if [[ $sanitize == fuzzer ]]; then flags=(--sanitize=fuzzer); else flags=(-Xswiftc "-sanitize=$sanitize"); fi
mkdir -p .build
swift build -c release "${flags[@]}" --scratch-path "$scratch" --product Fuzz > .build/build.log 2>&1 \
  || { cat .build/build.log; exit 1; }
# Else Swift's own handler takes the signal, and no input is kept.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
status=0
for target in "${targets[@]}"; do
  mkdir -p ".build/corpus/$target" .build/crashes "corpus/$target"
  log=.build/$target.log
  export FUZZ_TARGET=$target FUZZ_SEEDS=.build/corpus/$target
  "$scratch/release/Fuzz" ".build/corpus/$target" "corpus/$target" \
    -max_total_time="$seconds" -rss_limit_mb=512 -timeout="${FUZZ_TIMEOUT:-5}" -max_len=8192 \
    -seed="${FUZZ_SEED:-1}" -artifact_prefix=".build/crashes/$target-" \
    -print_final_stats=1 > "$log" 2>&1
  code=$?
  runs=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+)/\1/p' "$log" | tail -1)
  reached=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$log" | tail -1)
  echo "fuzz: $target ${runs:-0} inputs, ${reached:-0} edges reached, exit $code"
  if ((code != 0)) || ((${reached:-0} < 100)) || ! grep -q 'Loaded 1 modules' "$log"; then
    tail -25 "$log"
    status=1
  fi
  if [[ -n ${FUZZ_MERGE:-} ]]; then
    FUZZ_SEEDS='' "$scratch/release/Fuzz" "corpus/$target" ".build/corpus/$target" -merge=1 \
      > "$log.merge" 2>&1 || status=1
  fi
done
exit $status
