# Every call of whole lives fails: once and from then on, in each way in which calls fail. The short
# form does so on the simulated disk; the long one also on the real command, by a preloaded shim that
# hits every system call on the store. Eight seeds in a row hit all of them in all ways.
id=G2
name=failed-calls
title="Failing calls of whole lives, on a simulated disk and of the real command"
target=16000

ways=(
  "kill" "killafter" "torn" "short" "interrupt"
  "fail 5 0" "fail 5 1" "fail 28 0" "fail 28 1" "fail 24 0" "fail 24 1" "fail 30 0" "fail 30 1"
)

# Runs the writer of a store with a fault, and looks at what it leaves.
hit() {
  local way=$1 nth=$2 events=$3 store=$4 word status last
  read -r -a word <<< "$way"
  FAULT_PATH=$store/ FAULT_NTH=$nth FAULT_MODE=${word[0]} FAULT_ERRNO=${word[1]:-5} \
    FAULT_STICKY=${word[2]:-0} LD_PRELOAD=$PROOF_SCRATCH/faultshim.so timeout 20 \
    "$annals" torture-write "$store" --seed 5 --events "$events" > "$PROOF_SCRATCH/said" \
    2> "$PROOF_SCRATCH/error"
  status=$?
  last=$(grep -aE '^[0-9]+$' "$PROOF_SCRATCH/said" | tail -1)
  case ${word[0]} in
    kill | killafter | torn) ((status == 137 || status == 0)) ;;
    short | interrupt) ((status == 0)) ;;
    *) ((status < 124)) ;;
  esac || { echo "$way at call $nth: exit $status, $(cat "$PROOF_SCRATCH/error")"; return 1; }
  "$annals" torture-check "$store" --seed 5 --acknowledged "${last:-0}" \
    2> "$PROOF_SCRATCH/error" \
    || { echo "$way at call $nth, $last said: $(cat "$PROOF_SCRATCH/error")"; return 1; }
}

# Every eighth call of a life from a copy of `base` to `events` events, in every way.
life() {
  local base=$1 events=$2 store=$PROOF_SCRATCH/hit/store calls nth way
  mkdir -p "$PROOF_SCRATCH/hit"
  rm -rf "$store" && cp -r "$base" "$store"
  FAULT_PATH=$store/ FAULT_LOG=$PROOF_SCRATCH/calls LD_PRELOAD=$PROOF_SCRATCH/faultshim.so \
    "$annals" torture-write "$store" --seed 5 --events "$events" > /dev/null || exit 1
  calls=$(wc -l < "$PROOF_SCRATCH/calls")
  rm -f "$PROOF_SCRATCH/calls"
  echo "$calls calls from $base to $events events"
  ((calls > 50)) || { echo "the shim sees too few calls"; exit 1; }
  for ((nth = 1 + (ANNALS_SEED - 1) % 8; nth <= calls; nth += 8)); do
    for way in "${ways[@]}"; do
      rm -rf "$store" && cp -r "$base" "$store"
      tried=$((tried + 1))
      hit "$way" "$nth" "$events" "$store" || missed=$((missed + 1))
    done
  done
}

short() { suite FailedCallsTests/aFailedCall; }

round() {
  local tried=0 missed=0
  needs cc
  annals
  cc -O1 -shared -fPIC -o "$PROOF_SCRATCH/faultshim.so" Tests/Proof/faultshim.c -ldl || exit 1
  mkdir -p "$PROOF_SCRATCH/none"
  "$annals" torture-write "$PROOF_SCRATCH/grown" --seed 5 --events 120 > /dev/null || exit 1
  life "$PROOF_SCRATCH/none" 40
  life "$PROOF_SCRATCH/grown" 420
  count "$tried" "$missed"
  # All of the simulated ones, once.
  ((ANNALS_SEED > 1)) || ANNALS_CRASH_STATES=20000 suite FailedCallsTests/aFailedCall
}
