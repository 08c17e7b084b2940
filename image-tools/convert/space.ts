import { statfs } from 'node:fs/promises';
import { hasImageCode, ImageToolError } from '../errors/error.ts';
import { formatBytes, MIB, type ByteRange } from '../values/bytes.ts';
import type { ConvertOptions } from './types.ts';

/** A guest that cannot write stops: what comes of that is a command without an answer. */
const SIGNS_OF_FULL = ['PROGRAM_TIMED_OUT', 'PROGRAM_FAILED', 'GUEST_COMMAND_FAILED'] as const;
const NEARLY_FULL_BYTES = MIB;

/**
 * The error of a write that found the output folder full as one that says so; any other as it is.
 * Space that was there at the start may have gone to others since.
 */
export async function explainFull(folder: string, error: unknown): Promise<unknown> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const mayBeFull = hasImageCode(error, ...SIGNS_OF_FULL);
  if (isFull || (mayBeFull && (await freeBytesOf(folder)) < NEARLY_FULL_BYTES))
    return filledUp(folder, error);
  return error;
}

/** The error for a folder that had room enough when the conversion began. */
export async function filledUp(folder: string, cause: unknown): Promise<ImageToolError> {
  const freeBytes = await freeBytesOf(folder);
  const message = `${folder} filled up during the conversion: ${freeBytes} bytes are free now`;
  return new ImageToolError('OUTPUT_FULL', `${message} (${String(cause)}).`, { cause });
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** How often the data of the partitions lies in the output folder at most. */
export function copiesAtOnce({
  shrink = false,
  format = 'raw',
}: Pick<ConvertOptions, 'shrink' | 'format'>): number {
  return 1 + Number(shrink) + Number(format === 'qcow2');
}

/** For the kernel, the ramdisk, and what a file system writes when it is mounted. */
const SLACK_BYTES = 192 * MIB;

/**
 * Refuses to begin what cannot end: a full disk under a running appliance would hang it. Data is
 * only counted when there is not room for all of `ranges`, each as often as `copies` says.
 * @throws ImageToolError OUTPUT_FULL
 */
export async function ensureSpace(
  folder: string,
  ranges: readonly ByteRange[],
  countData: (range: ByteRange) => Promise<number>,
  copies: number,
): Promise<void> {
  const freeBytes = await freeBytesOf(folder);
  const sizes = ranges.map(({ sizeBytes }) => copies * sizeBytes);
  const mostBytes = sizes.reduce((total, size) => total + size, SLACK_BYTES);
  if (freeBytes >= mostBytes) return;
  let neededBytes = SLACK_BYTES;
  for (const range of ranges) neededBytes += copies * (await countData(range));
  if (freeBytes >= neededBytes) return;
  throw new ImageToolError(
    'OUTPUT_FULL',
    `${folder} has ${freeBytes} bytes free (${formatBytes(freeBytes)}); ` +
      `this conversion needs ${neededBytes} (${formatBytes(neededBytes)}).`,
  );
}
