# A file system on a disk of our own that forgets what was not flushed; used by the goals that need one.
# Whoever begins with `block_disk` has $place to write to and `tell_disk` to command it.

. Tests/Proof/writer.sh

# Builds the disk, makes a file system of a kind on it, and mounts it.
block_disk() {
  local kind=$1 mebibytes=$2
  (($(id -u) == 0)) || skip "root is needed to mount"
  needs gcc pkg-config losetup fusermount3 "mkfs.$kind"
  pkg-config --exists fuse3 || skip "libfuse3-dev is not installed"
  [[ -e /dev/fuse ]] || skip "there is no /dev/fuse"
  if [[ ! -x $PROOF_SCRATCH/blockdisk ]]; then
    gcc -O2 Tests/Proof/blockdisk.c -o "$PROOF_SCRATCH/blockdisk" $(pkg-config --cflags --libs fuse3) \
      || exit 1
  fi
  below=$PROOF_SCRATCH/below-$kind place=$PROOF_SCRATCH/on-$kind loop=
  mkdir -p "$below" "$place"
  "$PROOF_SCRATCH/blockdisk" "$below" "$mebibytes" &
  disk_process=$!
  trap leave_disk EXIT
  local tries=0
  until [[ -e $below/disk ]]; do
    ((tries++ < 100)) && kill -0 $disk_process 2> /dev/null || skip "FUSE can not be mounted here"
    sleep 0.02
  done
  attach_disk || skip "loop devices can not be made here"
  # Whole at once: what ext4 would write later by itself would take the failures meant for the writer.
  local how=(-F -E "lazy_itable_init=0,lazy_journal_init=0")
  [[ $kind != xfs ]] || how=(-f)
  "mkfs.$kind" -q "${how[@]}" "$loop" > /dev/null || skip "mkfs.$kind failed"
  mount "$loop" "$place" 2> /dev/null || skip "loop devices can not be mounted here"
}

tell_disk() { echo "$*" > "$below/control"; }

attach_disk() { loop=$(losetup --direct-io=on -f --show "$below/disk" 2> /dev/null); }

mount_disk() { attach_disk && mount "$loop" "$place" 2> /dev/null; }

# Takes the file system down; what it writes on the way goes to a disk that is cut already.
unmount_disk() {
  local tries=0
  until umount "$place" 2> /dev/null; do
    ((tries++ < 50)) || { umount -l "$place"; break; }
    sleep 0.05
  done
  losetup -d "$loop"
  # The kernel lets the device go a little later.
  tries=0
  while losetup -a | grep -qF "$loop:"; do
    ((tries++ < 100)) || break
    sleep 0.02
  done
  loop=
}

# The power goes, with some of what was not flushed, and comes back.
cut_power() {
  local seed=$1 percent=$2
  tell_disk "cut $seed $percent"
  end_writing
  unmount_disk
  tell_disk on
  mount_disk
}

leave_disk() {
  end_writing
  [[ -z $loop ]] || unmount_disk
  # Ends it, also where it could not be mounted or something still looks at it.
  fusermount3 -u "$below" 2> /dev/null || { umount -l "$below"; kill -9 $disk_process; } 2> /dev/null
  wait $disk_process 2> /dev/null
  trap - EXIT
}
