#!/bin/sh
# Runs every figure and keeps them as JSON lines in results/.
set -eu
cd "$(dirname "$0")"
swift build -c release --product Figures
mkdir -p results
result="results/$(date -u +%Y-%m-%d)-$(git rev-parse --short HEAD).json"
{
  .build/release/Figures --json
  .build/release/Figures growth --events 1000000 --aggregates 100000 --json
  .build/release/Figures growth --events 10000000 --aggregates 1000000 --json
  ./counters.sh --json | grep '^{'
} | tee "$result"
echo "kept in $result" >&2
