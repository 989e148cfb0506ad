#!/usr/bin/env bash
# Runs the proof, or the goals named of it, and says what was tried and what failed.
#
# usage: Tests/Proof/run.sh short|long [GOAL…] [--json FILE] [--seconds N]
#
# GOAL is a number (G1) or a name (crash-states); without any, all run. Each goal is a file of
# goals/ and appends one JSON line to FILE. What a goal lacks on this machine is said: skipped.
#
# short  some minutes in all: what CI runs. Uses the debug build that `swift test` made.
# long   rounds until each goal has reached its count, or has taken --seconds. One line a round, with
#        the next seed: a run that was ended goes on where the lines in FILE end. Afterwards the
#        table of Reliability.md is written from FILE (without --json: .build-proof/proof.jsonl).
#
# Exits with 1 if anything failed, with 64 if the command line makes no sense.
set -u -o pipefail
cd "$(dirname "$0")/../.."
proof=Tests/Proof
page=Sources/Annals/Annals.docc/Reliability.md

die() {
  echo "run.sh: $1" >&2
  exit 64
}

form=${1:-}
[[ $form == short || $form == long ]] || die "usage: run.sh short|long [GOAL…] [--json FILE] [--seconds N]"
shift
wanted=()
json=
seconds=
while (($#)); do
  case $1 in
  --json) json=${2:?--json needs a file}; shift 2 ;;
  --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
  -*) die "unknown option $1" ;;
  *) wanted+=("$1"); shift ;;
  esac
done
if [[ -z $json && $form == long ]]; then
  mkdir -p .build-proof
  json=.build-proof/proof.jsonl
fi
[[ -z $json ]] || touch "$json" || exit 1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PROOF_FORM=$form PROOF_SCRATCH=$scratch
# A crash must end the process at once, and not in the runtime's own handler.
export SWIFT_BACKTRACE=enable=no
# What is tried; a plus says that the tree has changes of its own.
commit=$(git rev-parse --short HEAD 2> /dev/null || echo unknown)
[[ -z $(git status --porcelain --untracked-files=no 2> /dev/null) ]] || commit+=+

# The files of the goals that are wanted, in order.
goals=()
for word in "${wanted[@]:-}"; do
  [[ -n $word ]] || continue
  found=
  for file in "$proof"/goals/*.sh; do
    if [[ $(sed -n 's/^id=//p' "$file") == "$word" || $(sed -n 's/^name=//p' "$file") == "$word" ]]; then
      found=$file
    fi
  done
  [[ -n $found ]] || die "no goal $word; there are: $(sed -n 's/^name=//p' "$proof"/goals/*.sh | tr '\n' ' ')"
  goals+=("$found")
done
((${#goals[@]})) || goals=("$proof"/goals/*.sh)

# What the lines in the file add up to for a goal of the long form: count and next seed.
reached() {
  awk -v goal="\"goal\":\"$1\"" '
    index($0, goal ",") && /"form":"long"/ && /"failures":0,/ {
      if (match($0, /"count":[0-9]+/)) count += substr($0, RSTART + 8, RLENGTH - 8)
      if (match($0, /"seed":[0-9]+/)) {
        seed = substr($0, RSTART + 7, RLENGTH - 7)
        if (seed >= next_seed) next_seed = seed + 1
      }
    }
    END { printf "%d %d\n", count, next_seed < 1 ? 1 : next_seed }' "$json"
}

# Runs one round of a goal; prints its JSON line.
round() {
  local file=$1 seed=$2 start status log=$scratch/log
  start=$(date +%s.%N)
  ANNALS_SEED=$seed bash "$proof/goal.sh" "$file" > "$log" 2>&1
  status=$?
  awk -v goal="$id" -v name="$name" -v form="$form" -v seed="$seed" -v status="$status" \
    -v start="$start" -v now="$(date +%s.%N)" -v date="$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    -v commit="$commit" -v machine="$(uname -sr), $(nproc) cores" '
    # Lines can begin in the middle of what others print.
    match($0, "proof: " name " [0-9]+ failures [0-9]+") {
      split(substr($0, RSTART, RLENGTH), word, " ")
      count += word[3]; failures += word[5]; lines++
    }
    /^skipped: / { reason = substr($0, 10); gsub(/["\\]/, "", reason) }
    END {
      # A harness that ends badly has failed, and so has one that tried nothing.
      if (status != 0 && failures == 0) failures = 1
      if (reason == "" && count == 0 && failures == 0) failures = 1
      skipped = reason == "" ? "null" : "\"" reason "\""
      printf "{\"goal\":\"%s\",\"name\":\"%s\",\"form\":\"%s\",\"count\":%d,\"failures\":%d,", \
        goal, name, form, count, failures
      printf "\"skipped\":%s,\"seed\":%d,\"seconds\":%.1f,\"date\":\"%s\",\"commit\":\"%s\",", \
        skipped, seed, now - start, date, commit
      printf "\"machine\":\"%s\"}\n", machine
    }' "$log"
}

field() { sed -E "s/.*\"$1\":\"?([^\",}]*).*/\1/" <<< "$2"; }

# Says what a round gave; the end of what it printed if it failed.
tell() {
  local line=$1 failures skipped
  failures=$(field failures "$line")
  skipped=$(field skipped "$line")
  if ((failures)); then
    printf '%-4s %-20s FAILED: %s of %s, seed %s, %s s\n' "$id" "$name" "$failures" \
      "$(field count "$line")" "$(field seed "$line")" "$(field seconds "$line")"
    grep -av '^proof: ' "$scratch/log" | grep -aE -A6 '^(✘|.*error:|Fatal error)|recorded an issue|signal|fail' | head -60
    tail -n 15 "$scratch/log"
    # All of it, for who has to find out why: hours may have led to it.
    if [[ $form == long ]] && mkdir -p .build-proof; then
      cp "$scratch/log" ".build-proof/$name.failed.log"
      echo "all it said: .build-proof/$name.failed.log"
    fi
    failed+=("$name")
  elif [[ $skipped != null ]]; then
    printf '%-4s %-20s skipped: %s\n' "$id" "$name" "$skipped"
    ((skips++))
  else
    printf '%-4s %-20s %s tried, 0 failures, seed %s, %s s\n' "$id" "$name" \
      "$(field count "$line")" "$(field seed "$line")" "$(field seconds "$line")"
    ((passes++))
  fi
}

failed=()
passes=0
skips=0
for file in "${goals[@]}"; do
  id=$(sed -n 's/^id=//p' "$file")
  name=$(sed -n 's/^name=//p' "$file")
  if [[ $form == short ]]; then
    # Another seed than `swift test` has.
    line=$(round "$file" 2)
    [[ -z $json ]] || echo "$line" >> "$json"
    tell "$line"
    continue
  fi
  target=$(sed -n 's/^target=//p' "$file")
  start=$SECONDS
  while read -r count seed < <(reached "$id"); ((count < target)); do
    if [[ -n $seconds ]] && ((SECONDS - start >= seconds)); then
      echo "$id   $name: $count of $target, to be gone on with"
      break
    fi
    line=$(round "$file" "$seed")
    echo "$line" >> "$json"
    tell "$line"
    [[ $(field failures "$line") == 0 && $(field skipped "$line") == null ]] || break
  done
  ((count < target)) || echo "$id   $name: $count of $target"
done

[[ $form == short ]] || bash "$proof/table.sh" "$json" "$page"
echo "$passes passed, ${#failed[@]} failed, $skips skipped"
if ((${#failed[@]})); then
  echo "failed: ${failed[*]}"
  exit 1
fi
