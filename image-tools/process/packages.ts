/** Which Debian package holds a program that the image tools start. */
const PACKAGES: Readonly<Record<string, string>> = {
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  guestfish: 'guestfish',
  guestmount: 'guestmount',
  'libguestfs-test-tool': 'libguestfs-tools',
  debugfs: 'e2fsprogs',
  'mkfs.ext4': 'e2fsprogs',
  xfs_db: 'xfsprogs',
  xfs_logprint: 'xfsprogs',
  'mkfs.xfs': 'xfsprogs',
  'mkfs.btrfs': 'btrfs-progs',
  pvcreate: 'lvm2',
  vgcreate: 'lvm2',
  lvcreate: 'lvm2',
  ostree: 'ostree',
  mmdebstrap: 'mmdebstrap',
  sfdisk: 'fdisk',
  losetup: 'mount',
  'mkfs.vfat': 'dosfstools',
  setpriv: 'util-linux',
};

/** The Debian package to name when `program` is missing. */
export function packageOf(program: string): string {
  return PACKAGES[program] ?? program;
}
