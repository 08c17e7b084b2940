#!/bin/sh
# Runs on a root file system that has the essential packages only, before the kernel is installed,
# so that its first initramfs is already the right one. $1: the root file system, $2: the root's UUID.
set -eu
root=$1
uuid=$2

mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/usr/share/initramfs-tools/modules.d"
cat > "$root/etc/initramfs-tools/conf.d/ironpxe" <<'END'
# A short list: every file costs time on the network and under emulation.
MODULES=list
COMPRESS=zstd
COMPRESSLEVEL=9
END
cat > "$root/usr/share/initramfs-tools/modules.d/ironpxe" <<'END'
ext4
crc32c_generic
virtio_pci
virtio_blk
virtio_scsi
virtio_rng
sd_mod
ahci
nvme
END

# Pass 0: the journal is enough here, and a check costs seconds under emulation.
echo "UUID=$uuid / ext4 errors=remount-ro 0 0" > "$root/etc/fstab"
