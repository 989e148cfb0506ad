#!/bin/bash
# Compacts a store on a disk of which 5 % are free, and on fuller ones, and proves that
#   1. compaction completes, or refuses and says what it needs,
#   2. nothing that no rule hides is lost, and verify finds nothing wrong,
#   3. events are appended before and after.
# Needs the right to mount a file system in memory; without it nothing is tested, and it says so.
#
# usage: Tests/small-disk.sh ANNALS
set -euo pipefail

annals=$(realpath "$1")
work=$(mktemp -d)
disk=$work/disk
mkdir "$disk"
size=$((320 << 20))
if ! mount -t tmpfs -o size=$size tmpfs "$disk" 2> /dev/null; then
  rmdir "$disk" "$work"
  echo "skipped: no right to mount a small disk"
  exit 0
fi
trap 'umount "$disk"; rm -rf "$work"' EXIT

fail() {
  echo "$free % free: $1" >&2
  exit 1
}

events() {
  awk -v n="$1" 'BEGIN {
    for (i = 0; i < n; i++) {
      printf "{\"aggregate\":\"%s-%d\",\"type\":\"T\",\"time\":\"2026-01-01T00:00:00Z\",",
        i % 3 ? "session" : "order", i % 97
      printf "\"data\":{\"number\":%d,\"text\":\"%0200d\"}}\n", i, i * 7919
    }
  }'
}

completed=0
refused=0
for free in 0.2 1 5 20; do
  rm -rf "$disk"/*
  events 400000 | "$annals" import "$disk/store" --durability written > /dev/null
  "$annals" delete "$disk/store" session --category --reason test > /dev/null
  "$annals" export "$disk/store" > "$work/expected"
  # All but so much is filled with something else.
  left=$(df --output=avail -B1 "$disk" | tail -1)
  fill=$((left - $(awk -v f="$free" -v s="$size" 'BEGIN { printf "%d", s * f / 100 }')))
  head -c "$fill" /dev/zero > "$disk/other"
  if "$annals" compact "$disk/store" > "$work/out" 2> "$work/error"; then
    completed=$((completed + 1))
  else
    grep -qE 'bytes|KiB|MiB' "$work/error" || fail "it refused without a size: $(cat "$work/error")"
    refused=$((refused + 1))
  fi
  "$annals" export "$disk/store" | cmp -s - "$work/expected" || fail "events are lost"
  "$annals" verify "$disk/store" > "$work/out" || fail "verify: $(cat "$work/out")"
  events 10 | "$annals" import "$disk/store" > /dev/null 2> "$work/error" \
    || fail "no append: $(cat "$work/error")"
  rm "$disk/other"
  "$annals" compact "$disk/store" > /dev/null || fail "with room it did not compact"
  "$annals" verify "$disk/store" > /dev/null || fail "verify"
done
((completed > 0)) || fail "it never completed"
echo "$completed completed, $refused refused and said what they need; nothing lost, appends went on"
