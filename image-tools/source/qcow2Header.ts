import { ImageToolError } from '../errors/error.ts';
import { formatBytes, GIB } from '../values/bytes.ts';

/** "QFI\xfb", the first four bytes of every qcow2 file. */
export const QCOW2_MAGIC = 0x514649fb;

/** What is read of a qcow2 header (QEMU docs/interop/qcow2.txt). */
export type Qcow2Header = {
  readonly version: number;
  readonly clusterBits: number;
  readonly virtualSizeBytes: number;
  readonly backingNameOffset: number;
  readonly encryptionMethod: number;
  readonly incompatibleFeatures: bigint;
  readonly level1Entries: number;
  readonly level1OffsetBytes: number;
  readonly compression: 'deflate' | 'zstd' | 'unknown';
};

const MAX_VIRTUAL_BYTES = 16 * 1024 * GIB;
const CORRUPT = 1n << 1n;
const EXTERNAL_DATA_FILE = 1n << 2n;
const KNOWN_FEATURES = 0b11111n;
const OTHER_COMPRESSION = 1n << 3n;
/** Clusters in 32 parts: rare, and not read here. */
const SUBCLUSTERS = 1n << 4n;
const COMPRESSIONS = ['deflate', 'zstd'] as const;
const MAX_LEVEL1_ENTRIES = 4 * 1024 * 1024;

/** Parses the first bytes of a qcow2 file. @throws ImageToolError SOURCE_DAMAGED, SOURCE_NOT_AN_IMAGE */
export function parseQcow2Header(head: Buffer): Qcow2Header {
  if (head.length < 4 || head.readUInt32BE(0) !== QCOW2_MAGIC)
    throw new ImageToolError('SOURCE_NOT_AN_IMAGE', 'The file does not start as a qcow2 image.');
  if (head.length < 72) throw damaged(`its header ends after ${head.length} of 72 bytes`);
  const version = head.readUInt32BE(4);
  if (version >= 3 && head.length < 104)
    throw damaged(`its header ends after ${head.length} of 104 bytes`);
  const features = version >= 3 ? head.readBigUInt64BE(72) : 0n;
  return {
    version,
    backingNameOffset: Number(head.readBigUInt64BE(8)),
    clusterBits: head.readUInt32BE(20),
    virtualSizeBytes: Number(head.readBigUInt64BE(24)),
    encryptionMethod: head.readUInt32BE(32),
    level1Entries: head.readUInt32BE(36),
    level1OffsetBytes: Number(head.readBigUInt64BE(40)),
    incompatibleFeatures: features,
    compression: features & OTHER_COMPRESSION ? compressionOf(head) : 'deflate',
  };
}

function compressionOf(head: Buffer): Qcow2Header['compression'] {
  return COMPRESSIONS[head[104] ?? -1] ?? 'unknown';
}

/**
 * Refuses what no tool should even open: references to other files, encryption, absurd claims.
 * @throws ImageToolError SOURCE_REFERS_ELSEWHERE, SOURCE_ENCRYPTED, SOURCE_ABSURD, SOURCE_DAMAGED
 */
export function refuseUnsafe(header: Qcow2Header): void {
  const { version, clusterBits, virtualSizeBytes, incompatibleFeatures } = header;
  if (version !== 2 && version !== 3)
    throw absurd(`it has qcow2 version ${version}, expected 2 or 3`);
  if (header.backingNameOffset !== 0)
    throw new ImageToolError('SOURCE_REFERS_ELSEWHERE', 'The image names a backing file.');
  if (incompatibleFeatures & EXTERNAL_DATA_FILE)
    throw new ImageToolError('SOURCE_REFERS_ELSEWHERE', 'The image names an external data file.');
  if (header.encryptionMethod !== 0)
    throw new ImageToolError('SOURCE_ENCRYPTED', 'The qcow2 image is encrypted.');
  if (incompatibleFeatures & CORRUPT) throw damaged('it is marked as corrupt');
  if (incompatibleFeatures & ~KNOWN_FEATURES)
    throw absurd(`it needs unknown features (0x${incompatibleFeatures.toString(16)})`);
  if (header.compression === 'unknown') throw absurd('its compression is neither deflate nor zstd');
  if (incompatibleFeatures & SUBCLUSTERS)
    throw new ImageToolError(
      'SOURCE_NOT_AN_IMAGE',
      'The qcow2 image uses subclusters; "qemu-img convert -O qcow2" makes a plain one.',
    );
  if (header.level1Entries > MAX_LEVEL1_ENTRIES)
    throw absurd(`its first table has ${header.level1Entries} entries`);
  if (clusterBits < 9 || clusterBits > 21)
    throw absurd(`its clusters have 2^${clusterBits} bytes, expected 2^9 to 2^21`);
  if (virtualSizeBytes === 0 || virtualSizeBytes > MAX_VIRTUAL_BYTES)
    throw absurd(
      `it claims ${virtualSizeBytes} bytes, expected 1 to ${formatBytes(MAX_VIRTUAL_BYTES)}`,
    );
}

function damaged(how: string): ImageToolError {
  return new ImageToolError('SOURCE_DAMAGED', `The qcow2 image is damaged: ${how}.`);
}

function absurd(how: string): ImageToolError {
  return new ImageToolError('SOURCE_ABSURD', `The qcow2 image makes no sense: ${how}.`);
}
