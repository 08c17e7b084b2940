/** How many bytes at the begin of a file {@link kernelFault} and {@link ramdiskFault} look at. */
export const HEAD_BYTES = 1024;

/** What the first bytes of a file say when they are not those of a Linux kernel. */
export function kernelFault(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head);
  // x86 boot protocol (offset 0x202), arm64 Image (offset 56), EFI stub, gzip, zstd.
  const known =
    bytes.toString('latin1', 0x202, 0x206) === 'HdrS' ||
    bytes.toString('latin1', 56, 60) === 'ARMd' ||
    startsWith(bytes, 'MZ') ||
    startsWith(bytes, '\x1f\x8b') ||
    startsWith(bytes, '\x28\xb5\x2f\xfd');
  return known ? undefined : nameOf(bytes);
}

/** What the first bytes of a file say when they are not those of an initramfs. */
export function ramdiskFault(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head);
  const archives = ['070701', '070702', '\x1f\x8b', '\xfd7zXZ', '\x28\xb5\x2f\xfd', 'BZh'];
  const others = ['\x02\x21\x4c\x18', '\x04\x22\x4d\x18', '\x89LZO', '\x5d\x00\x00', '\xc7\x71'];
  return [...archives, ...others].some((magic) => startsWith(bytes, magic))
    ? undefined
    : nameOf(bytes);
}

function startsWith(bytes: Buffer, magic: string): boolean {
  return bytes.toString('latin1', 0, magic.length) === magic;
}

function nameOf(bytes: Buffer): string {
  if (bytes.length === 0) return 'nothing: it is empty';
  if (startsWith(bytes, '\x7fELF')) return 'an ELF header: an uncompressed kernel or a program';
  if (startsWith(bytes, '<')) return 'a tag: it is a web page';
  if (startsWith(bytes, '070701')) return 'a cpio archive: it is a ramdisk';
  return `the bytes ${bytes.subarray(0, 8).toString('hex')}`;
}
