import { IronpxeError } from '../errors/error.ts';
import { formatBytes, GIB } from '../values/units.ts';

/** What we read of a qcow2 header ourselves, before any tool opens the file. */
export type Qcow2Header = {
  readonly version: 2 | 3;
  readonly virtualSizeBytes: number;
  readonly clusterSizeBytes: number;
  /** Clusters may be allocated in part (incompatible feature bit 4). */
  readonly hasSubclusters: boolean;
};

/** The largest virtual size that is believed. */
export const MAX_VIRTUAL_SIZE_BYTES = 64 * 1024 * GIB;

const VERSION_2_HEADER_BYTES = 72;
const CORRUPT = 1n << 1n;
const EXTERNAL_DATA_FILE = 1n << 2n;
const EXTENDED_L2 = 1n << 4n;

/**
 * Parses a qcow2 header and refuses what could make a tool read other files of this host or work
 * without end (field layout: QEMU docs/interop/qcow2.txt). `subject` names the image in messages.
 * @throws IronpxeError IMAGE_UNSAFE, IMAGE_CORRUPT, IMAGE_TOO_LARGE
 */
export function parseQcow2Header(subject: string, head: Buffer): Qcow2Header {
  const refuse = (found: string, code: 'IMAGE_UNSAFE' | 'IMAGE_CORRUPT' = 'IMAGE_UNSAFE') => {
    throw new IronpxeError(code, `qcow2 image "${subject}" is refused: ${found}.`);
  };
  if (head.length < VERSION_2_HEADER_BYTES) refuse('its header is cut off', 'IMAGE_CORRUPT');
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) refuse(`it has version ${version}, expected 2 or 3`);
  if (head.readBigUInt64BE(8) !== 0n) refuse('it has a backing file, expected none');
  if (head.readUInt32BE(32) !== 0) refuse('it is encrypted');
  const features = version === 3 && head.length >= 80 ? head.readBigUInt64BE(72) : 0n;
  if (features & EXTERNAL_DATA_FILE) refuse('its data lies in an external file');
  if (features & CORRUPT) refuse('it is marked as corrupt', 'IMAGE_CORRUPT');
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) refuse(`its cluster size is 2^${clusterBits} bytes`);
  const virtualSizeBytes = believableSize(subject, head.readBigUInt64BE(24));
  return {
    version: version === 2 ? 2 : 3,
    virtualSizeBytes,
    clusterSizeBytes: 2 ** clusterBits,
    hasSubclusters: (features & EXTENDED_L2) !== 0n,
  };
}

function believableSize(subject: string, size: bigint): number {
  if (size > 0n && size <= BigInt(MAX_VIRTUAL_SIZE_BYTES)) return Number(size);
  throw new IronpxeError(
    'IMAGE_TOO_LARGE',
    `qcow2 image "${subject}" describes a disk of ${size} bytes, expected 1 to ` +
      `${formatBytes(MAX_VIRTUAL_SIZE_BYTES)}.`,
  );
}
