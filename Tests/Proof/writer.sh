# A process that appends until it is killed, and what is asked of its store afterwards; used by the goals
# that cut the power under it. $place is where the store is.

# Appends in the background, with more options if any are given; what is said to be durable goes to a
# file.
begin_writing() {
  : > "$PROOF_SCRATCH/said"
  "$annals" torture-write "$place/store" --seed "$ANNALS_SEED" --says-durable "$@" \
    > "$PROOF_SCRATCH/said" 2> /dev/null &
  writer=$!
}

# Kills the writer, if there is one.
end_writing() {
  [[ -n ${writer:-} ]] || return 0
  kill -9 "$writer" 2> /dev/null
  wait "$writer" 2> /dev/null
  # The number may be another process's soon.
  writer=
}

# What was acknowledged as durable so far. Only what is read before a cut counts.
acknowledged() {
  local last
  last=$(grep -aE '^[0-9]+$' "$PROOF_SCRATCH/said" | tail -1)
  echo "${last:-0}"
}

# Whether the store holds everything up to the position, and nothing that was not appended.
holds() { "$annals" torture-check "$place/store" --seed "$ANNALS_SEED" --acknowledged "$1"; }

# A number of milliseconds from 5 on, to sleep.
moment() { printf '0.%03d' $((RANDOM % $1 + 5)); }
