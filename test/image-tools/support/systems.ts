import { execaSync } from 'execa';
import type { TinyPartition, Tree } from './tinyImage.ts';

export const CHECKSUM = 'c0ffee'.repeat(11).slice(0, 64);
const OLDER = 'beef'.repeat(16);

export const FSTAB = `# Made by the installer
/dev/mapper/atomicos-root /                       xfs     defaults        0 0
UUID=0357fada-261c-4d58-b766-a5881486c32b /boot                   ext4    defaults        1 2
UUID=D610-0045          /boot/efi/              vfat    umask=0077  0 2
tmpfs /srv/boot tmpfs defaults 0 0
`;

/** The ramdisk of a host with systemd and ostree, as far as names go, packed by gzip. */
export const RAMDISK = makeRamdisk([
  'usr/lib/systemd/system/ostree-prepare-root.service',
  'usr/bin/sh',
  'usr/bin/mount',
  'usr/bin/mkdir',
  'usr/bin/cp',
]);

export const KERNEL = Buffer.alloc(300_000, 'kernel');

function makeRamdisk(names: readonly string[]): Buffer {
  const script = `cd "$(mktemp -d)" && for n in ${names.join(' ')}; do mkdir -p "\${n%/*}"; echo x > "$n"; done; find . | cpio -o -H newc 2>/dev/null | gzip -9; rm -r "$PWD"`;
  return Buffer.from(execaSync('sh', ['-c', script], { encoding: 'buffer' }).stdout);
}

const ATOMIC_OPTIONS =
  'root=/dev/mapper/atomicos-root rd.lvm.lv=atomicos/root rw console=ttyS0,115200n8';

/** The /boot of an ostree host with two deployments: the newer is first by version, not by name. */
export function ostreeBoot(
  options: { readonly extra?: string; readonly line?: string } = {},
): Tree {
  const { extra = '', line = ATOMIC_OPTIONS } = options;
  const files = (checksum: string) => `/ostree/atomic-${checksum}`;
  const entry = (title: string, version: number, checksum: string) => `title ${title}
version ${version}
options ${line} ${extra} ostree=/ostree/boot.1/atomic/${checksum}/0
linux ${files(checksum)}/vmlinuz-6.1.0
initrd ${files(checksum)}/initramfs-6.1.0.img $tuned_initrd
`;
  return {
    '/loader': '-> loader.1',
    '/loader.1/entries/ostree-1-atomic.conf': entry('Atomic 1 (ostree:1)', 9, OLDER),
    '/loader.1/entries/ostree-2-atomic.conf': entry('Atomic 2 (ostree:0)', 10, CHECKSUM),
    [`${files(CHECKSUM)}/vmlinuz-6.1.0`]: KERNEL,
    [`${files(CHECKSUM)}/initramfs-6.1.0.img`]: RAMDISK,
    [`${files(OLDER)}/vmlinuz-6.1.0`]: 'old kernel',
    [`${files(OLDER)}/initramfs-6.1.0.img`]: RAMDISK,
  };
}

/** The root of the same host. */
export function ostreeRoot(fstab: string = FSTAB): Tree {
  const deploy = '/ostree/deploy/atomic/deploy';
  const home = (checksum: string) => `${deploy}/${checksum}.0`;
  return {
    '/boot/': '',
    '/ostree/repo/config': '[core]\n',
    '/ostree/boot.1': '-> boot.1.1',
    [`/ostree/boot.1.1/atomic/${CHECKSUM}/0`]: `-> ../../../deploy/atomic/deploy/${CHECKSUM}.0`,
    [`/ostree/boot.1.1/atomic/${OLDER}/0`]: `-> ../../../deploy/atomic/deploy/${OLDER}.0`,
    [`${home(CHECKSUM)}/etc/fstab`]: fstab,
    [`${home(CHECKSUM)}/usr/lib/os-release`]: 'ID=atomic\nVERSION_ID=2\nPRETTY_NAME="Atomic 2"\n',
    [`${home(OLDER)}/etc/fstab`]: fstab,
    [`${home(OLDER)}/usr/lib/os-release`]: 'ID=atomic\nVERSION_ID=1\nPRETTY_NAME="Atomic 1"\n',
    [`${home(CHECKSUM)}.origin`]: '[origin]\n',
  };
}

/** What the loader entries of CoreOS say: no root=, it is found by its label. */
export const COREOS_LINE =
  'mitigations=auto,nosmt ignition.platform.id=metal $ignition_firstboot console=ttyS0,115200n8';

/**
 * A disk of the kind of Fedora CoreOS: BIOS boot, ESP, /boot by its label, the root, whose top is
 * immutable; nothing in any fstab.
 */
export function coreosPartitions(): TinyPartition[] {
  return [
    { content: 'empty' },
    { content: 'empty' },
    { content: 'ext4', label: 'boot', files: ostreeBoot({ line: COREOS_LINE }) },
    { content: 'ext4', label: 'root', immutable: true, files: ostreeRoot('') },
  ];
}

type AtomicOptions = {
  readonly fstab?: string;
  /** More kernel options. */
  readonly extra?: string;
  /** XFS has at least 300 MiB, so ext4 makes faster tests. */
  readonly root?: 'lvm-xfs' | 'lvm-ext4';
};

/** An Atomic-style disk: /boot on ext4, the root in a volume. */
export function atomicPartitions(options: AtomicOptions = {}): TinyPartition[] {
  const { root = 'lvm-ext4' } = options;
  return [
    { content: 'ext4', files: ostreeBoot(options) },
    { content: root, files: ostreeRoot(options.fstab) },
  ];
}

/** An ordinary cloud image: kernel and ramdisk in the root's /boot, entries from grub.cfg. */
export function cloudRoot(grub: string): Tree {
  return {
    '/boot/vmlinuz-6.1.0-9-cloud-amd64': KERNEL,
    '/boot/initrd.img-6.1.0-9-cloud-amd64': RAMDISK,
    '/boot/grub/grub.cfg': grub,
    '/etc/fstab': 'PARTUUID=abc / ext4 rw 0 1\nLABEL=UEFI /boot/efi vfat umask=0077 0 0\n',
    '/etc/os-release': '-> ../usr/lib/os-release',
    '/usr/lib/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
  };
}

export const DEBIAN_GRUB = `set default="0"
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {
	insmod ext2
	linux	/boot/vmlinuz-6.1.0-9-cloud-amd64 root=PARTUUID=abc ro console=tty0 console=ttyS0,115200 \${extra}
	initrd	/boot/initrd.img-6.1.0-9-cloud-amd64
}
submenu 'Advanced options' {
	menuentry 'Debian GNU/Linux, recovery' {
		linux	/boot/vmlinuz-6.1.0-9-cloud-amd64 root=PARTUUID=abc ro single
		initrd	/boot/initrd.img-6.1.0-9-cloud-amd64
	}
}
`;

/** The /boot of a Fedora cloud image, a partition of its own, with the newer kernel last by name. */
export function fedoraBoot(root = 'root=PARTUUID=abc'): Tree {
  const entry = (version: string) => `title Fedora Linux (${version}) 40 (Cloud Edition)
version ${version}
linux /vmlinuz-${version}
initrd /initramfs-${version}.img $tuned_initrd
options ${root} ro no_timer_check console=tty1 console=ttyS0,115200n8 $tuned_params
grub_users $grub_users
`;
  const [old, current] = ['6.8.5-90.fc40.x86_64', '6.8.5-301.fc40.x86_64'];
  return {
    '/grub2/grub.cfg': 'insmod blscfg\nblscfg\n',
    [`/loader/entries/0123-${current}.conf`]: entry(current),
    [`/loader/entries/0123-${old}.conf`]: entry(old),
    [`/vmlinuz-${current}`]: KERNEL,
    [`/initramfs-${current}.img`]: RAMDISK,
    [`/vmlinuz-${old}`]: 'old kernel',
    [`/initramfs-${old}.img`]: 'old ramdisk',
  };
}

/** The root of the same; on btrfs it is the subvolume `root`, seen as a folder. */
export function fedoraRoot(at = ''): Tree {
  return {
    [`${at}/boot/`]: '',
    [`${at}/etc/fstab`]:
      'UUID=1-2 / auto defaults 0 0\nUUID=3-4 /boot ext4 defaults 1 2\nUUID=5-6 /boot/efi vfat defaults 0 2\n',
    [`${at}/etc/os-release`]: '-> ../usr/lib/os-release',
    [`${at}/usr/lib/os-release`]:
      'ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40 (Cloud Edition)"\n',
  };
}

export const UBUNTU_GRUB = `set default="0"
menuentry 'Ubuntu' --class ubuntu --class gnu-linux $menuentry_id_option 'gnulinux-simple' {
	gfxmode $linux_gfx_mode
	linux	/boot/vmlinuz-6.8.0-31-generic root=LABEL=cloudimg-rootfs ro  console=tty1 console=ttyS0
	initrd	/boot/initrd.img-6.8.0-31-generic
}
`;

/** An Ubuntu cloud image: the label of the root, and links to the kernel of the day. */
export function ubuntuRoot(grub: string): Tree {
  return {
    '/boot/vmlinuz-6.8.0-31-generic': KERNEL,
    '/boot/initrd.img-6.8.0-31-generic': RAMDISK,
    '/boot/vmlinuz': '-> vmlinuz-6.8.0-31-generic',
    '/boot/initrd.img': '-> initrd.img-6.8.0-31-generic',
    '/boot/grub/grub.cfg': grub,
    '/etc/fstab':
      'LABEL=cloudimg-rootfs\t/\t ext4\tdiscard,errors=remount-ro\t0 1\nLABEL=BOOT\t/boot\text4\tdefaults\t0 2\nLABEL=UEFI\t/boot/efi\tvfat\tumask=0077\t0 1\n',
    '/etc/os-release': '-> ../usr/lib/os-release',
    '/usr/lib/os-release': 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n',
  };
}
