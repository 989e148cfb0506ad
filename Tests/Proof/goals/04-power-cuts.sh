# A real kernel's power cut: ext4 on a loop device is shut down while a process writes; what was said
# to be durable before the shutdown must be there after the next mount.
id=G4
name=power-cuts
title="Power cuts of a real ext4 and xfs (shut down while written to)"
target=5000

. Tests/Proof/writer.sh

power_cuts() {
  local cuts=$1 kind mounted=0 total=0
  (($(id -u) == 0)) || skip "root is needed to mount"
  needs mkfs.ext4 losetup perl
  annals
  for kind in ext4 xfs; do
    command -v "mkfs.$kind" > /dev/null || continue
    local disk=$PROOF_SCRATCH/$kind.img place=$PROOF_SCRATCH/$kind
    mkdir -p "$place"
    truncate -s "$([[ $kind == xfs ]] && echo 320M || echo 96M)" "$disk"
    "mkfs.$kind" -q "$([[ $kind == xfs ]] && echo -f || echo -F)" "$disk" || skip "mkfs.$kind failed"
    mount -o loop "$disk" "$place" 2> /dev/null || skip "loop devices can not be mounted here"
    mounted=1
    umount "$place"
    cut_again "$kind" "$disk" "$place" "$cuts"
    total=$((total + cuts))
  done
  ((mounted)) || skip "no mkfs is installed"
  count "$total"
}

# Writes, cuts the power and looks, so many times.
cut_again() {
  local kind=$1 disk=$2 place=$3 cuts=$4 number said writer
  for ((number = 1; number <= cuts; number++)); do
    mount -o loop "$disk" "$place" || { echo "$kind can not be mounted, cut $number"; exit 1; }
    ((number % 25 == 1)) && rm -rf "$place/store"
    begin_writing
    sleep "$(moment 80)"
    # Before the shutdown, which is not atomic with a running sync.
    said=$(acknowledged)
    # FS_IOC_SHUTDOWN, not flushing the journal.
    perl -e 'open(my $d, "<", $ARGV[0]) or exit 1; my $how = pack("L", 2);
      ioctl($d, 0x8004587d, $how) or exit 1' "$place" || { end_writing; umount "$place"; skip "shutdown is refused"; }
    end_writing
    umount "$place" || { sleep 0.2; umount "$place"; }
    mount -o loop "$disk" "$place" || { echo "$kind can not be mounted after cut $number"; exit 1; }
    holds "$said" || { echo "$kind, cut $number, acknowledged $said"; umount "$place"; exit 1; }
    umount "$place"
  done
}

short() { power_cuts 5; }
round() { power_cuts 250; }
