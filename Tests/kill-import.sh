#!/bin/bash
# Kills an import at random moments, with kill -9, and proves each time that
#   1. every batch that was acknowledged is in the store, byte for byte,
#   2. no batch is there in part,
#   3. verify finds nothing wrong,
#   4. the import goes on where it stopped, and in the end the store holds exactly the input.
#
# usage: Tests/kill-import.sh ANNALS EVENTS.jsonl [KILLS [BATCH [DURABILITY]]]
set -euo pipefail

annals=$(realpath "$1")
events=$(realpath "$2")
kills=${3:-20}
batch=${4:-100}
durability=${5:-durable}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "kill $kill: $1" >&2
  exit 1
}

# Without what an export adds: position and version stand first.
plain() { sed -E 's/^\{"position":[0-9]+,"version":[0-9]+,/{/'; }

# In the same batches as when it is killed: a kill falls within the time that this took, whatever
# the machine.
begun=$(date +%s%N)
"$annals" import reference "$events" --batch "$batch" --durability "$durability" > /dev/null
milliseconds=$((($(date +%s%N) - begun) / 1000000 + 1))
"$annals" export reference | plain > expected
total=$(wc -l < expected)
rm -rf reference

done=0
interrupted=0
for ((kill = 1; kill <= kills; kill++)); do
  if ((done >= total)); then
    rm -rf store
    done=0
  fi
  : > acknowledged
  tail -n +$((done + 1)) "$events" > rest
  "$annals" import store rest --batch "$batch" --durability "$durability" \
    --acknowledge > acknowledged 2> /dev/null &
  writer=$!
  # Soon enough that one life is killed several times.
  pause=$((RANDOM % ((milliseconds < 250 ? milliseconds : 250) + 1)))
  sleep "$((pause / 1000)).$(printf '%03d' $((pause % 1000)))"
  kill -9 "$writer" 2> /dev/null || true
  status=0
  wait "$writer" 2> /dev/null || status=$?
  # One that was done before is no kill: it has a status of its own.
  if ((status == 137)); then interrupted=$((interrupted + 1)); fi

  acknowledged=$(grep -cE '^[0-9]+$' acknowledged || true)
  last=$(tail -1 acknowledged)
  if [[ ! -e store/MANIFEST ]]; then
    ((acknowledged == 0)) || fail "acknowledged batches without a store"
    continue
  fi
  # Read-only first: what a reader sees is what the next writer goes on from.
  "$annals" verify store --json > report || fail "verify: $(cat report)"
  "$annals" export store | plain > actual
  count=$(wc -l < actual)
  ((count >= ${last:-$done})) || fail "position ${last:-$done} was acknowledged, $count are there"
  ((count == total || (count - done) % batch == 0)) || fail "$count events: a batch is there in part"
  cmp -s actual <(head -n "$count" expected) || fail "the events are not those of the input"
  done=$count
done

kill="the end"
((interrupted > 0)) || fail "none of $kills imports was killed: $total events are too few"
if ((done < total)); then
  tail -n +$((done + 1)) "$events" | "$annals" import store --batch "$batch" > /dev/null
fi
"$annals" export store | plain | cmp - expected || fail "the store is not the input"
"$annals" verify store > /dev/null || fail "verify"
echo "$kills starts, $interrupted killed: every acknowledged batch is there, none in part"
