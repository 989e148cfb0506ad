#!/bin/sh
# Builds the interposer and counts what the steady state allocates, retains and locks.
set -eu
cd "$(dirname "$0")"
swift build -c release --product Figures
mkdir -p .build
cc -O2 -fPIC -shared -o .build/counters.so Counters/counters.c -ldl
LD_PRELOAD="$PWD/.build/counters.so" .build/release/Figures counters --aggregates 10000 "$@"
