import { dirname } from 'node:path';
import { execa } from 'execa';
import { ImageToolError } from '../errors/error.ts';
import { endedBadly, isMissingProgram } from '../process/ended.ts';
import { rangeUrl } from '../source/blockNode.ts';
import type { Source } from '../source/source.ts';
import type { ByteRange } from '../values/bytes.ts';
import { filledUp } from './space.ts';

export type ExtractOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
};

/**
 * Copies one range of the virtual disk into a new sparse raw file, in one pass from the source.
 * @throws ImageToolError OUTPUT_FULL, PROGRAM_FAILED
 */
export async function extractRange(
  source: Source,
  range: ByteRange,
  target: string,
  options: ExtractOptions = {},
): Promise<void> {
  const args = ['convert', '-p', '-O', 'raw', rangeUrl(source, range), target];
  await qemuImg(args, options);
}

/** Runs qemu-img with its progress; the last argument is the file that it writes. @throws ImageToolError OUTPUT_FULL, PROGRAM_FAILED, PROGRAM_MISSING */
export async function qemuImg(args: readonly string[], options: ExtractOptions): Promise<void> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const child = execa('qemu-img', [...args], {
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C.UTF-8' },
    ...(signal && { cancelSignal: signal }),
  });
  child.stdout.on('data', (chunk: Buffer) => report(String(chunk), onProgress));
  const ended = await child;
  signal?.throwIfAborted();
  if (ended.exitCode === 0) return;
  if (isMissingProgram(ended.code))
    throw new ImageToolError(
      'PROGRAM_MISSING',
      '"qemu-img" is not installed (package qemu-utils).',
    );
  if (/No space left on device/.test(ended.stderr))
    throw await filledUp(dirname(args.at(-1) ?? ''), new Error(ended.stderr.trim()));
  throw endedBadly(`qemu-img ${args.join(' ')}`, ended);
}

/** `qemu-img -p` prints "    (12.34/100%)" over and over. */
function report(text: string, onProgress: ((done: number) => void) | undefined): void {
  const last = text.match(/\((\d+(?:\.\d+)?)\/100%\)/g)?.at(-1);
  if (last && onProgress) onProgress(Number.parseFloat(last.slice(1)) / 100);
}
