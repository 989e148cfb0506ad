# Writers that are killed and compact, and readers that follow them all the time, with memory, descriptors
# and mappings watched. A reader that loses descriptors is the planted bug: it must be found out.
id=G15
name=soak
title="Seconds of soak: killed writers, readers, compaction; memory, descriptors, mappings flat"
target=28800

soak() {
  annals
  Tests/soak.sh "$annals" "$1" "$ANNALS_SEED" || exit 1
  if Tests/soak.sh "$annals" 14 "$ANNALS_SEED" --leaks > "$PROOF_SCRATCH/leaks" 2>&1 \
    || ! grep -q "that grows" "$PROOF_SCRATCH/leaks"; then
    cat "$PROOF_SCRATCH/leaks"
    echo "a reader that loses descriptors was not found out"
    exit 1
  fi
  count "$1"
}

short() { soak 16; }
round() { soak 600; }
