#!/bin/bash
# Kills a compaction at random moments, with kill -9, and proves each time that
#   1. every event that no rule hides is there, byte for byte,
#   2. verify finds nothing wrong,
# and in the end that the compaction, called once more, leaves segments with the same bytes as one
# that was never killed.
# Fails if no compaction was killed: that proves nothing.
#
# usage: Tests/kill-compact.sh ANNALS [KILLS [EVENTS [OPTION]]]
# OPTION is one more for compact, as --compress.
set -euo pipefail

annals=$(realpath "$1")
kills=${2:-50}
events=${3:-200000}
how=(--least-garbage 0 ${4:+"$4"})

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "kill $kill: $1" >&2
  exit 1
}

# What of the segments is the same however often they were begun: all but ids, salts and with them
# checksums. The frames as `inspect` tells them, and the events.
frames() {
  "$annals" inspect "$1" --json | grep -oE '"(firstPosition|lastPosition|events|usedBytes)":[0-9]+'
}

kill="the beginning"
awk -v n="$events" 'BEGIN {
  for (i = 0; i < n; i++) {
    c = (i % 10 < 4) ? "session" : (i % 10 < 7) ? "draft" : "order"
    printf "{\"aggregate\":\"%s-%d\",\"type\":\"T\",\"time\":\"2026-01-01T00:00:00Z\",", c, i % 997
    printf "\"data\":{\"number\":%d,\"text\":\"%0100d\"}}\n", i, i * 7919
  }
}' | "$annals" import base --durability written > /dev/null
"$annals" delete base session-3 > /dev/null
"$annals" retain base draft --max-count 3 > /dev/null
"$annals" delete base order-8 > /dev/null
"$annals" redact base 8 --reason test > /dev/null
"$annals" export base > expected

# As slow in the reference as it is when it is killed: a kill falls within the time that this took,
# whatever the machine.
how+=(--rate 20)
cp -r base reference
begun=$(date +%s%N)
"$annals" compact reference "${how[@]}" > /dev/null
milliseconds=$((($(date +%s%N) - begun) / 1000000 + 1))
"$annals" export reference | cmp -s - expected || fail "the reference lost events"
frames reference > frames.expected

interrupted=0
cp -r base store
for ((kill = 1; kill <= kills; kill++)); do
  # A different place each time.
  "$annals" compact store "${how[@]}" > /dev/null 2>&1 &
  writer=$!
  pause=$((RANDOM % milliseconds))
  sleep "$((pause / 1000)).$(printf '%03d' $((pause % 1000)))"
  kill -9 "$writer" 2> /dev/null || true
  status=0
  wait "$writer" 2> /dev/null || status=$?
  # One that was done before is no kill: it has a status of its own.
  if ((status == 137)); then interrupted=$((interrupted + 1)); fi
  "$annals" verify store --json > report || fail "verify: $(cat report)"
  "$annals" export store | cmp -s - expected || fail "the events are not those of before"
  # Begun anew when it was done, as nothing is left to be killed, and now and then besides, so that
  # every segment gets its turn.
  if ((status != 137 || kill % 10 == 0)); then
    "$annals" compact store "${how[@]}" > /dev/null || fail "compact"
    frames store | cmp -s - frames.expected || fail "other bytes: $(frames store)"
    rm -rf store
    cp -r base store
  fi
done

kill="the end"
((interrupted > 0)) || fail "none of $kills compactions was killed: $events events are too few"
"$annals" compact store "${how[@]}" > /dev/null
frames store | cmp -s - frames.expected || fail "other bytes: $(frames store)"
"$annals" export store | cmp - expected || fail "events"
"$annals" verify store > /dev/null || fail "verify"
[[ -z $(find store -name '*.tmp') ]] || fail "something is left"
echo "$kills starts, $interrupted killed: nothing lost, the same bytes in the end"
