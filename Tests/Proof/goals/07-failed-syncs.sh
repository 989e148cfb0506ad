# Each sync of whole lives fails once, on a simulated disk that then has lost the bytes, while its cache
# still shows them: nothing may be acknowledged after it, and nothing that is not on the disk believed.
# Then the same on a real ext4, over a disk of our own whose writes and flushes fail: who opens the store
# again reads from a cache that shows what the disk has not, and what it then calls durable must be
# there when the power has gone.
id=G7
name=failed-syncs
title="Failing syncs of whole lives, simulated, and of a real ext4 that shows what the disk lost"
target=500

. Tests/Proof/blockdisk.sh

# Whether the writer ends within so many seconds. It may not end as if nothing had been.
ends_within() {
  local tries=$(($1 * 20))
  while kill -0 "$writer" 2> /dev/null; do
    ((tries-- > 0)) || return 1
    sleep 0.05
  done
  if wait "$writer"; then took_no_notice; fi
  writer=
}

took_no_notice() {
  echo "a writer took no notice of a failed sync, try $number"
  exit 1
}

real_syncs() {
  local tries=$1 number before said tick reopened=0
  annals
  RANDOM=$ANNALS_SEED
  block_disk ext4 64
  for ((number = 1; number <= tries; number++)); do
    ((number % 10 == 1)) && rm -rf "$place/store"
    begin_writing
    sleep "$(moment 100)"
    # A few writes fail, which leave a cache that shows them and a file system that goes on. They may be
    # the file system's own: it is the kernel that then takes no notice, and no sync fails for it.
    if ((number % 2)); then
      tell_disk fail-writes $((1 + RANDOM % 3))
      ends_within 2
    fi
    # All flushes fail, for the kernel passes over a failed one of its journal: the writer meets it at
    # its next sync, and ends.
    if [[ -n $writer ]]; then
      tell_disk fail-flushes 1000000
      ends_within 10 || took_no_notice
    fi
    before=$(acknowledged)
    # The same cache, the same mount: where the file system still takes writes, the store is opened.
    tell_disk fail-writes 0
    tell_disk fail-flushes 0
    begin_writing
    said=$before
    for ((tick = 0; tick < 20 && said <= before; tick++)); do
      sleep "$(moment 60)"
      said=$(acknowledged)
      kill -0 "$writer" 2> /dev/null || break
    done
    ((said > before)) && ((reopened++))
    ((said > before)) || said=$before
    cut_power "$number" 0 || { echo "ext4 can not be mounted after try $number"; exit 1; }
    holds "$said" || { echo "try $number, acknowledged $before, and $said after it"; exit 1; }
  done
  leave_disk
  ((reopened)) || { echo "no store was opened again after a failed sync"; exit 1; }
  echo "$reopened of $tries opened again on the cache of a failed sync"
  count "$tries"
}

# The same where there is such a disk; without it the simulated one still counts.
real_syncs_if_any() (
  skip() { echo "no real ext4: $1"; exit 0; }
  real_syncs "$1"
)

short() {
  suite 'FailedCallsTests/aFailedSync' || exit 1
  real_syncs_if_any 6
}
round() {
  ANNALS_CRASH_STATES=100000 suite 'FailedCallsTests/aFailedSync' || exit 1
  real_syncs_if_any 60
}
