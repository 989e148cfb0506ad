# Real processes are killed at random moments; what they were told is durable must be there.
id=G6
name=kills
title="kill -9 of importing, projecting, compacting and tortured processes"
target=5000

kills() {
  local events=$PROOF_SCRATCH/events said
  annals
  for _ in $(seq 100); do cat Tests/AnnalsLogTests/Fixtures/loan-applications.jsonl; done > "$events"
  said=$(Tests/kill-import.sh "$annals" "$events" "$1" 20) || { echo "$said"; exit 1; }
  echo "$said"
  count "$(sed -nE 's/.* ([0-9]+) killed:.*/\1/p' <<< "$said")"
  said=$(Tests/kill-projection.sh "$annals" "$2" 2000) || { echo "$said"; exit 1; }
  echo "$said"
  count "$(sed -nE 's/^([0-9]+) killed of.*/\1/p' <<< "$said")"
  # That one compares what `inspect` says by Python.
  if command -v python3 > /dev/null; then
    said=$(Tests/kill-compact.sh "$annals" "$4" "$5") || { echo "$said"; exit 1; }
    echo "$said"
    count "$(sed -nE 's/.* ([0-9]+) killed:.*/\1/p' <<< "$said")"
  fi
  mkdir -p "$PROOF_SCRATCH/disk"
  said=$("$annals" torture "$PROOF_SCRATCH/disk" --seconds "$3" --seed "$ANNALS_SEED" --json) \
    || { echo "$said"; exit 1; }
  echo "$said"
  count "$(sed -nE 's/.*"kills":([0-9]+).*/\1/p' <<< "$said")"
}

short() { kills 5 20 10 4 20000; }
round() { kills 200 300 200 50 200000; }
