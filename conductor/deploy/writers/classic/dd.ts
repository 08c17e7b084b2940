import { stat } from 'node:fs/promises';
import { IronpxeError } from '../../../errors/error.ts';
import { run } from '../../../process/run.ts';
import type { FileSource } from '../../plan/types.ts';
import { MAX_PADDING_BYTES } from '../sources.ts';

export type Copy = {
  readonly source: FileSource;
  readonly device: string;
  readonly targetOffsetBytes: number;
  readonly lengthBytes: number;
  /** The source ends before the run does; the rest becomes zero. */
  readonly isPadded: boolean;
};

/**
 * The arguments of dd for a run of bytes in one read and one write. The block is as long as the
 * run, for dd drops O_DIRECT for a shorter last one, and a write through the page cache beside a
 * direct one of the same page could bring old bytes back.
 */
export function ddArguments(copy: Copy): readonly string[] {
  const { source, device, targetOffsetBytes, lengthBytes, isPadded } = copy;
  return [
    `if=${source.path}`,
    `of=${device}`,
    `bs=${lengthBytes}`,
    'count=1',
    `skip=${source.offsetBytes}`,
    `seek=${targetOffsetBytes}`,
    'iflag=fullblock,skip_bytes',
    'oflag=direct,seek_bytes',
    `conv=notrunc,nocreat${isPadded ? ',sync' : ''}`,
  ];
}

/** How many bytes dd says it wrote, from its last line in the C locale; `undefined` if none. */
export function copiedBytes(said: string): number | undefined {
  const count = /^(\d+) bytes? .*copied/m.exec(said)?.[1];
  return count === undefined ? undefined : Number(count);
}

/**
 * Copies a run of a file to a block device past the page cache.
 * @throws IronpxeError WRITE_SOURCE_CHANGED, COMMAND_FAILED, COMMAND_NOT_FOUND; reason of `signal`
 */
export async function copyByDd(copy: Omit<Copy, 'isPadded'>, signal: AbortSignal): Promise<void> {
  const { source, lengthBytes } = copy;
  const { size } = await stat(source.path);
  const missingBytes = source.offsetBytes + lengthBytes - size;
  if (missingBytes >= MAX_PADDING_BYTES) throw changed(source.path, `it ends at byte ${size}`);
  const isPadded = missingBytes > 0;
  const options = { signal, env: { LC_ALL: 'C' }, package: 'coreutils' };
  const { stderr } = await run('dd', ddArguments({ ...copy, isPadded }), options);
  const copied = copiedBytes(stderr);
  if (copied === lengthBytes) return;
  throw changed(source.path, `dd copied ${copied} of ${lengthBytes} bytes`);
}

function changed(path: string, found: string): IronpxeError {
  const message = `"${path}" changed while a disk is written from it: ${found}.`;
  return new IronpxeError('WRITE_SOURCE_CHANGED', message);
}
