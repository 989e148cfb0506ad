#!/bin/sh
# Runs every figure and keeps them as JSON lines in results/.
set -eu
cd "$(dirname "$0")"
swift build -c release --product Figures
mkdir -p results
result="results/$(date -u +%Y-%m-%d)-$(git rev-parse --short HEAD).json"
# Not through a pipe, which would hide that one of them failed.
{
  .build/release/Figures --json
  .build/release/Figures codecs --json
  .build/release/Figures layer --json
  .build/release/Figures live --events 10000000 --json
  .build/release/Figures growth --events 1000000 --aggregates 100000 --json
  .build/release/Figures growth --events 10000000 --aggregates 1000000 --json
} >"$result.part"
./counters.sh --json >"$result.counters"
grep '^{' "$result.counters" >>"$result.part"
rm "$result.counters"
mv "$result.part" "$result"
cat "$result"
echo "kept in $result" >&2
