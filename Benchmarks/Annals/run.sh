#!/bin/sh
# Runs the suite over the engine's parts, or holds its counters against the thresholds.
#
#   ./run.sh            every part, as a table
#   ./run.sh check      fails where allocations, references or locks are more than Thresholds/ says
#   ./run.sh update     writes Thresholds/ anew
set -eu
cd "$(dirname "$0")"
suite() { swift package --disable-sandbox --allow-writing-to-package-directory benchmark "$@"; }
case ${1:-run} in
  run) suite --no-progress ;;
  check) COUNTERS_ONLY=1 suite thresholds check --path "$PWD/Thresholds" --no-progress ;;
  update) COUNTERS_ONLY=1 suite thresholds update --path "$PWD/Thresholds" --no-progress ;;
  *) echo "usage: $0 [run|check|update]" >&2; exit 2 ;;
esac
