#!/bin/bash
# Lets processes write a store, one after the other, each killed with signal 9 at a random moment, while
# others follow it for the whole time. A rule keeps the newest events and the writer compacts, so that the
# store stays as large as it is. Proves that
#   1. the readers get every event that the rule shows, in order, byte for byte (torture-follow),
#   2. what a writer acknowledged as durable is there, and comes to the readers,
#   3. the readers' anonymous memory, open descriptors and mappings stay as they are,
#   4. verify finds nothing wrong.
#
# usage: Tests/soak.sh ANNALS SECONDS [SEED [--leaks]]
#        With --leaks a reader loses descriptors, which must be found out: exits with 1.
set -uo pipefail

annals=$(realpath "$1")
seconds=$2
seed=${3:-1}
leaks=${4:-}
readers=3
RANDOM=$seed

work=$(mktemp -d)
processes=()
writer=
leave() {
  local process
  for process in "${processes[@]}" $writer; do kill -9 "$process" 2> /dev/null; done
  wait 2> /dev/null
  rm -rf "$work"
}
trap leave EXIT
cd "$work"

fail() {
  echo "soak, seed $seed, kill $kills: $1" >&2
  cat error-* >&2
  exit 1
}

# A process that is killed while it writes may leave half a line.
last() {
  if [[ -n $(tail -c 1 "$1" 2> /dev/null) ]]; then head -n -1 "$1"; else cat "$1"; fi \
    2> /dev/null | grep -aE '^[0-9]+$' | tail -1
}

begin_writing() {
  "$annals" torture-write store --seed "$seed" --says-durable --soak > said 2> error-writer &
  writer=$!
}

# Memory in KiB, descriptors and mappings of each reader, in one line.
sample() {
  local number process
  for number in "${!processes[@]}"; do
    process=${processes[number]}
    kill -0 "$process" 2> /dev/null || fail "reader $number has ended"
    echo "$number $(awk '/^RssAnon/ { print $2 }' "/proc/$process/status")" \
      "$(ls "/proc/$process/fd" | wc -l) $(wc -l < "/proc/$process/maps")"
  done >> samples
}

# The readers must come to a position soon; of one that does not, what it waits for is told.
await_readers() {
  local number tries position
  for number in "${!processes[@]}"; do
    tries=0
    while position=$(last "read-$number"); ((${position:-0} < $1)); do
      kill -0 "${processes[number]}" 2> /dev/null || fail "reader $number has ended"
      ((tries++ < 300)) || fail "reader $number stays at ${position:-0}, $1 was acknowledged:$(
        cd "/proc/${processes[number]}" && grep -hE '^(State|voluntary)' status && cat wchan
      )"
      sleep 0.1
    done
  done
}

kills=0
begin_writing
until [[ -n $(last said) ]]; do
  kill -0 "$writer" 2> /dev/null || fail "the writer has ended"
  sleep 0.05
done
for ((number = 0; number < readers; number++)); do
  "$annals" torture-follow store --seed "$seed" ${leaks:+$leaks} > "read-$number" 2> "error-$number" &
  processes+=($!)
done

least=0
start=$SECONDS
# On a busy machine a moment is too short for the samples that are compared in the end.
while ((SECONDS - start < seconds || kills < 9)); do
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
  kill -0 "$writer" 2> /dev/null || fail "the writer has ended"
  sample
  kill -9 "$writer"
  wait "$writer" 2> /dev/null
  writer=
  kills=$((kills + 1))
  said=$(last said)
  # Killed early, it may have said nothing.
  said=${said:-$least}
  ((said >= least)) || fail "a writer came to $said, $least was acknowledged before it"
  least=$said
  # A reader that comes now sees what those see that were there; every other time the next one writes.
  if ((kills % 2)); then
    now=$("$annals" torture-follow store --seed "$seed" --once 2> error-once | tail -1)
    ((${now:-0} >= least)) || fail "$least was acknowledged, and a new reader came to ${now:-0}"
  fi
  begin_writing
  await_readers "$least"
done
kill -9 "$writer"
wait "$writer" 2> /dev/null
writer=
"$annals" verify store > report 2>&1 || fail "verify: $(cat report)"

# The first third is for warming up; then the second is held against the last: means, of each reader.
awk -v readers=$readers '
  { for (f = 2; f <= 4; f++) value[$1, n[$1] + 0, f] = $f; n[$1]++ }
  END {
    split("x,KiB of memory,descriptors,mappings", what, ",")
    split("0 2048 4 40", slack, " ")
    for (r = 0; r < readers; r++) for (f = 2; f <= 4; f++) {
      third = int(n[r] / 3)
      if (third < 2) { print "too few samples: " n[r]; exit 1 }
      before = after = 0
      for (i = third; i < 2 * third; i++) before += value[r, i, f] / third
      for (i = n[r] - third; i < n[r]; i++) after += value[r, i, f] / third
      printf "reader %d: %d %s, then %d\n", r, before, what[f], after
      if (after > before * 1.05 + slack[f]) { print "that grows"; bad = 1 }
    }
    exit bad
  }' samples > flat || { cat flat; fail "not flat"; }
cat flat
echo "$seconds s, $kills killed, $least events acknowledged, all read in order and flat;" \
  "a store of $(du -sk store | cut -f1) KiB"
