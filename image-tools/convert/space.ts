import { statfs } from 'node:fs/promises';
import { ImageToolError } from '../errors/error.ts';
import { formatBytes, MIB, type ByteRange } from '../values/bytes.ts';

/**
 * The error of a write that found the output folder full as one that says so; any other as it is.
 * Space that was there at the start may have gone to others since.
 */
export async function explainFull(folder: string, error: unknown): Promise<unknown> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  const { bavail, bsize } = await statfs(folder);
  return new ImageToolError(
    'OUTPUT_FULL',
    `${folder} filled up during the conversion: ${bavail * bsize} bytes are free now (${code}).`,
    { cause: error },
  );
}

/** For the kernel, the ramdisk, and what a file system writes when it is mounted. */
const SLACK_BYTES = 192 * MIB;

/**
 * Refuses to begin what cannot end: a full disk under a running appliance would hang it. Data is
 * only counted when there is not room for all of `ranges`.
 * @throws ImageToolError OUTPUT_FULL
 */
export async function ensureSpace(
  folder: string,
  ranges: readonly ByteRange[],
  countData: (range: ByteRange) => Promise<number>,
): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const mostBytes = ranges.reduce((total, { sizeBytes }) => total + sizeBytes, SLACK_BYTES);
  if (freeBytes >= mostBytes) return;
  let neededBytes = SLACK_BYTES;
  for (const range of ranges) neededBytes += await countData(range);
  if (freeBytes >= neededBytes) return;
  throw new ImageToolError(
    'OUTPUT_FULL',
    `${folder} has ${freeBytes} bytes free (${formatBytes(freeBytes)}); ` +
      `this conversion needs ${neededBytes} (${formatBytes(neededBytes)}).`,
  );
}
