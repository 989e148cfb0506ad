#!/bin/bash
# Kills a process that writes events and projects them, with kill -9 at random moments, and proves
# each time that the state it had kept is the fold of exactly the events up to its checkpoint; and
# whenever a store is full, that the whole state is that of one uninterrupted fold.
#
# usage: Tests/kill-projection.sh ANNALS [KILLS [EVENTS]]
set -euo pipefail

annals=$(realpath "$1")
kills=${2:-200}
events=${3:-20000}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "kill $killed: $1" >&2
  exit 1
}

killed=0
kept=0
starts=0
full=0
while ((killed < kills)); do
  starts=$((starts + 1))
  "$annals" demo-project store --events "$events" > said 2>&1 &
  process=$!
  sleep "0.$(printf '%03d' $((RANDOM % 200 + 20)))"
  if command kill -9 "$process" 2> /dev/null; then
    wait "$process" 2> /dev/null || true
    killed=$((killed + 1))
    [[ -e store/consumers ]] && kept=$((kept + 1))
    # What it said before it was killed is an error.
    [[ ! -s said ]] || grep -q 'is that of one fold' said || fail "$(cat said)"
  else
    wait "$process" || fail "$(cat said)"
    grep -q 'is that of one fold' said || fail "it said: $(cat said)"
    full=$((full + 1))
    rm -rf store
  fi
done
"$annals" demo-project store --events "$events" > said 2>&1 || fail "$(cat said)"
"$annals" verify store > /dev/null || fail "verify"
((kept > 0)) || fail "no state was ever kept"
echo "$killed killed of $starts, $kept with a state kept, $((full + 1)) stores filled:" \
  "every state is that of one fold"
