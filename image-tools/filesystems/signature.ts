/** What a partition or volume holds, by the magic numbers at its start. */
export const CONTENTS = ['lvm', 'ext', 'xfs', 'btrfs', 'vfat', 'swap', 'luks', 'unknown'] as const;
export type Content = (typeof CONTENTS)[number];

/** How many bytes from the start {@link recognise} wants to see. */
export const SIGNATURE_BYTES = 128 * 1024;

type Magic = { readonly content: Content; readonly offset: number; readonly bytes: string };

const MAGICS: readonly Magic[] = [
  { content: 'luks', offset: 0, bytes: 'LUKS\xba\xbe' },
  { content: 'lvm', offset: 512, bytes: 'LABELONE' },
  { content: 'lvm', offset: 0, bytes: 'LABELONE' },
  { content: 'lvm', offset: 1024, bytes: 'LABELONE' },
  { content: 'lvm', offset: 1536, bytes: 'LABELONE' },
  { content: 'xfs', offset: 0, bytes: 'XFSB' },
  { content: 'ext', offset: 0x438, bytes: '\x53\xef' },
  { content: 'btrfs', offset: 0x10040, bytes: '_BHRfS_M' },
  { content: 'swap', offset: 4086, bytes: 'SWAPSPACE2' },
  { content: 'vfat', offset: 54, bytes: 'FAT' },
  { content: 'vfat', offset: 82, bytes: 'FAT32' },
];

/** Recognises the content of a partition or volume from its first {@link SIGNATURE_BYTES}. */
export function recognise(head: Buffer): Content {
  const found = MAGICS.find(
    ({ offset, bytes }) => head.toString('latin1', offset, offset + bytes.length) === bytes,
  );
  return found?.content ?? 'unknown';
}

/** The label and UUID of a file system that {@link recognise} named, where this tool reads them. */
export function identify(content: Content, head: Buffer): { uuid?: string; label?: string } {
  if (content === 'ext') return { uuid: uuid(head, 0x468), ...label(head, 0x478, 16) };
  if (content === 'xfs') return { uuid: uuid(head, 32), ...label(head, 108, 12) };
  if (content === 'btrfs') return { uuid: uuid(head, 0x10020), ...label(head, 0x1012b, 256) };
  return {};
}

function uuid(head: Buffer, at: number): string {
  const hex = head.toString('hex', at, at + 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function label(head: Buffer, at: number, length: number): { label?: string } {
  const text = head.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  return text ? { label: text } : {};
}
