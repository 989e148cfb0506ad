# libFuzzer over every parser and over sequences of operations, with checksums mended; the short form
# runs what was kept.
id=G11
name=fuzz
title="Fuzz executions over seven targets; the corpora are tests"
target=300000000

short() { suite FuzzCorpusTests | sed 's/proof: fuzz-corpus/proof: fuzz/'; }

round() {
  local said
  needs swift
  said=$(FUZZ_SEED=$ANNALS_SEED Fuzz/run.sh 120)
  local status=$?
  echo "$said"
  count "$(awk '/^fuzz: / { sum += $3 } END { printf "%d", sum }' <<< "$said")"
  return $status
}
