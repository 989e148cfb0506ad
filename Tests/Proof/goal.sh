#!/usr/bin/env bash
# Runs one round of a goal; called by run.sh, with what follows to be used by the files of goals/.
set -u -o pipefail

# Ends the round with a word of why nothing was tried.
skip() {
  echo "skipped: $1"
  exit 0
}

# Skips the goal unless all these commands are there.
needs() {
  local tool
  for tool in "$@"; do command -v "$tool" > /dev/null || skip "$tool is not installed"; done
}

# Where the build of this form is, made up to date; the short form uses what `swift test` built.
build() {
  if [[ $PROOF_FORM == short ]]; then
    swift build --build-tests > "$PROOF_SCRATCH/build" 2>&1 || { cat "$PROOF_SCRATCH/build"; exit 1; }
    bin=.build/debug
  else
    swift build -c release --build-tests --scratch-path .build-proof > "$PROOF_SCRATCH/build" 2>&1 \
      || { cat "$PROOF_SCRATCH/build"; exit 1; }
    bin=.build-proof/release
  fi
}

# Runs the tests whose names match, in one process: their lines are what counts.
suite() {
  build
  "$bin/AnnalsPackageTests.xctest" --testing-library swift-testing --filter "$1"
}

# The command line tool of this form.
annals() {
  build
  annals="$bin/annals"
}

# Counts a thing that this script tried itself.
count() { echo "proof: $name $1 failures ${2:-0} seed $ANNALS_SEED"; }

. "$1"
if [[ $PROOF_FORM == short ]]; then short; else round; fi
