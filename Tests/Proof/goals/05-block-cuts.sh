# Power cuts below the file system: what was not flushed is lost, kept or reordered, sector by sector,
# on a disk of our own under a real ext4 and xfs. The file system must be mountable after each, and the
# store must hold what was acknowledged. A disk that lies about flushing is the planted bug: it must be
# found out.
id=G5
name=block-cuts
title="Power cuts at the block level, unflushed sectors lost and reordered"
target=1000

. Tests/Proof/blockdisk.sh

block_cuts() {
  local cuts=$1 kind number said total=0
  RANDOM=$ANNALS_SEED
  for kind in ext4 xfs; do
    command -v "mkfs.$kind" > /dev/null || continue
    block_disk "$kind" "$([[ $kind == xfs ]] && echo 320 || echo 64)"
    for ((number = 1; number <= cuts; number++)); do
      ((number % 25 == 1)) && rm -rf "$place/store"
      begin_writing
      sleep "$(moment 150)"
      said=$(acknowledged)
      cut_power $((ANNALS_SEED * 100000 + number)) $((RANDOM % 101)) \
        || { echo "$kind can not be mounted after cut $number"; exit 1; }
      # Cut before the store was made, there may be none.
      [[ $said == 0 && ! -e $place/store/MANIFEST ]] && continue
      holds "$said" || { echo "$kind, cut $number, acknowledged $said"; exit 1; }
    done
    total=$((total + cuts))
    leave_disk
  done
  ((total)) || skip "no mkfs is installed"
  count "$total"
}

# The planted bug: the same, on a disk whose flushes do nothing, must lose something soon.
finds_a_lying_disk() {
  local number said found=
  block_disk ext4 64
  tell_disk lying
  for ((number = 1; number <= 20; number++)); do
    begin_writing
    sleep "$(moment 150)"
    said=$(acknowledged)
    # What a mount writes is lost too: a disk that can not be mounted is found out as well.
    if ! cut_power "$number" 0; then
      # But only what is on the disk may be the reason.
      [[ -n $loop ]] || { echo "the disk could not be attached again"; exit 1; }
      found=1
      break
    fi
    [[ $said == 0 ]] && continue
    holds "$said" > /dev/null 2>&1 || { found=1; break; }
    rm -rf "$place/store"
  done
  leave_disk
  [[ -n $found ]] || { echo "a disk that lies about flushing was not found out"; exit 1; }
}

short() {
  annals
  block_cuts 5
  finds_a_lying_disk
}
round() {
  annals
  block_cuts 50
  finds_a_lying_disk
}
