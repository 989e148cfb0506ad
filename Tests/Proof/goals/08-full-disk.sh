# The disk fills up in the middle of whole lives, and there is room again: simulated, and real ext4 and
# xfs on a loop device that something else fills while a process appends.
id=G8
name=full-disk
title="Disk full at points of whole lives, simulated and of a real ext4 and xfs, then room again"
target=2400
tests='FullDiskTests'

. Tests/Proof/writer.sh

# Fills the disks so many times.
full_disks() {
  local times=$1 kind
  if (($(id -u) != 0)) || ! command -v mkfs.ext4 losetup > /dev/null; then
    echo "no root, or no mkfs: only the simulated disk"
    return
  fi
  annals
  for kind in ext4 xfs; do
    command -v "mkfs.$kind" > /dev/null || continue
    local disk=$PROOF_SCRATCH/$kind.img
    place=$PROOF_SCRATCH/$kind
    mkdir -p "$place"
    truncate -s "$([[ $kind == xfs ]] && echo 320M || echo 64M)" "$disk"
    "mkfs.$kind" -q "$([[ $kind == xfs ]] && echo -f || echo -F)" "$disk" || { echo "mkfs.$kind failed"; exit 1; }
    mount -o loop "$disk" "$place" 2> /dev/null || { echo "loop devices can not be mounted here"; return; }
    fill_again "$kind" "$times"
    umount "$place" || { sleep 0.2; umount "$place"; }
    count "$times"
  done
}

# Fills one disk again and again; every fifth time the process is killed while it is full.
fill_again() {
  local kind=$1 times=$2 number said before
  for ((number = 1; number <= times; number++)); do
    if [[ -z ${writer:-} ]]; then
      rm -rf "$place/store"
      begin_writing --waits-for-room
      waits_for 'acknowledged_more 100' || gives_up "$kind: nothing was appended"
    fi
    before=$(fulls)
    head -c 1G /dev/zero > "$place/other" 2> /dev/null
    # Some room, to the half kilobyte.
    truncate -s "-$((RANDOM % 600 * 512))" "$place/other" 2> /dev/null
    waits_for '(($(fulls) > before))' || gives_up "$kind, time $number: the full disk was not noticed"
    if ((number % 5 == 0)); then
      said=$(acknowledged)
      end_writing
      "$annals" events "$place/store" --limit 1 > /dev/null || gives_up "$kind: no reading on a full disk"
      rm "$place/other"
      holds "$said" || gives_up "$kind, time $number, acknowledged $said"
    else
      said=$(acknowledged)
      rm "$place/other"
      waits_for "acknowledged_more $said" || gives_up "$kind, time $number: with room it does not go on"
    fi
  done
  end_writing
  rm -rf "$place/store" "$place/other"
}

# How often the writer said that the disk is full.
fulls() { grep -ac '^full$' "$PROOF_SCRATCH/said"; }
acknowledged_more() { (($(acknowledged) > $1)); }

# Looks until a condition holds; not for ever.
waits_for() {
  local round
  for ((round = 0; round < 2000; round++)); do
    eval "$1" && return
    sleep 0.01
  done
  return 1
}

gives_up() {
  echo "$1"
  end_writing
  umount "$place"
  exit 1
}

short() {
  suite "$tests"
  full_disks 5
}
round() {
  ANNALS_CRASH_STATES=5000 suite "$tests" || exit 1
  full_disks 200
}
