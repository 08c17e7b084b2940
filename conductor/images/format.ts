import { open } from 'node:fs/promises';
import { IronpxeError } from '../errors/error.ts';
import type { ImageFormat } from './types.ts';

/** How much of an image's start is looked at, in bytes. */
const HEAD_BYTES = 4096;

type Magic = { readonly name: string; readonly offset: number; readonly bytes: string };

const FOREIGN: readonly Magic[] = [
  { name: 'qcow (version 1)', offset: 0, bytes: 'QFI\xfb\0\0\0\x01' },
  { name: 'qed', offset: 0, bytes: 'QED\0' },
  { name: 'vmdk', offset: 0, bytes: 'KDMV' },
  { name: 'vmdk', offset: 0, bytes: 'COWD' },
  { name: 'vmdk', offset: 0, bytes: '# Disk DescriptorFile' },
  { name: 'vdi', offset: 64, bytes: '\x7f\x10\xda\xbe' },
  { name: 'vhdx', offset: 0, bytes: 'vhdxfile' },
  { name: 'vhd', offset: 0, bytes: 'conectix' },
  { name: 'parallels', offset: 0, bytes: 'WithoutFreeSpace' },
  { name: 'parallels', offset: 0, bytes: 'WithouFreSpacExt' },
  { name: 'gzip', offset: 0, bytes: '\x1f\x8b\x08' },
  { name: 'xz', offset: 0, bytes: '\xfd7zXZ\0' },
  { name: 'zstd', offset: 0, bytes: '\x28\xb5\x2f\xfd' },
  { name: 'bzip2', offset: 0, bytes: 'BZh' },
  { name: 'lz4', offset: 0, bytes: '\x04\x22\x4d\x18' },
  { name: 'zip', offset: 0, bytes: 'PK\x03\x04' },
  { name: 'tar', offset: 257, bytes: 'ustar' },
];
const QCOW2_MAGIC = 'QFI\xfb';
const WEB_PAGE = /^\s*<(!doctype|html|\?xml|error)/i;

/**
 * The format by the signatures of `head` (from {@link readHead}): `raw`, `qcow2`, or the
 * name of one that is not supported. Raw is what has none of the known signatures.
 */
export function sniffFormat(head: Buffer): string {
  const foreign = FOREIGN.find((magic) => hasMagic(head, magic));
  if (foreign) return foreign.name;
  if (head.toString('latin1', 0, 4) === QCOW2_MAGIC) return 'qcow2';
  return WEB_PAGE.test(head.toString('latin1', 0, 64)) ? 'web page' : 'raw';
}

/** The first 4096 bytes of a file, or all of a shorter one. @throws IronpxeError IMAGE_NOT_FOUND */
export async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path).catch((cause: unknown) => {
    throw new IronpxeError('IMAGE_NOT_FOUND', `Image "${path}" cannot be opened.`, { cause });
  });
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

function hasMagic(head: Buffer, magic: Magic): boolean {
  const end = magic.offset + magic.bytes.length;
  return head.toString('latin1', magic.offset, end) === magic.bytes;
}

const BY_EXTENSION: Readonly<Record<string, ImageFormat>> = { qcow2: 'qcow2', raw: 'raw' };

/** The format that a file name promises; `.img` and others promise nothing. */
export function formatOfName(name: string): ImageFormat | undefined {
  return BY_EXTENSION[/\.([^./]+)$/.exec(name.toLowerCase())?.[1] ?? ''];
}

/**
 * The format of an image whose first bytes are `head`, held against what was `declared`.
 * `subject` names the image in messages.
 * @throws IronpxeError IMAGE_FORMAT_UNSUPPORTED, IMAGE_FORMAT_MISMATCH
 */
export function checkFormat(
  subject: string,
  head: Buffer,
  declared: ImageFormat | undefined,
): ImageFormat {
  const found = sniffFormat(head);
  const said = declared === undefined ? '' : `, although it is declared as ${declared}`;
  if (found !== 'raw' && found !== 'qcow2')
    throw new IronpxeError(
      'IMAGE_FORMAT_UNSUPPORTED',
      `Image "${subject}" is not what its name or format says: found ${found}${said}; expected raw or qcow2.`,
    );
  if (declared === undefined || found === declared) return found;
  throw new IronpxeError(
    'IMAGE_FORMAT_MISMATCH',
    `Image "${subject}" is not what its name or format says: found ${found}, expected ${declared}.`,
  );
}
