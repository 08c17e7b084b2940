import { run, type RunResult } from '../process/run.ts';
import { GIB } from '../values/units.ts';
import type { ImageFormat } from './types.ts';

type Call = { readonly signal?: AbortSignal | undefined };

/** A hostile image may make qemu-img work or grow without end: it runs within these bounds. */
const MAX_ADDRESS_SPACE_BYTES = 2 * GIB;
const MAX_CPU_SECONDS = { look: 120, convert: 3600 } as const;

/** One line of `qemu-img map`. Without `offset` the data has no place of its own in the file. */
export type MapLine = {
  readonly start: number;
  readonly length: number;
  readonly data: boolean;
  readonly zero: boolean;
  readonly compressed?: boolean;
  readonly offset?: number;
};

/** What `qemu-img check` found out. */
export type CheckReport = {
  readonly corruptions: number;
  readonly checkErrors: number;
  readonly imageEndOffset: number;
  readonly compressedClusters: number;
};

/** The allocation map of an image whose format is known; qemu-img never guesses it. */
export async function qemuImgMap(
  path: string,
  format: ImageFormat,
  call: Call = {},
): Promise<readonly MapLine[]> {
  const { stdout } = await qemuImg('look', ['map', '--output=json', '-f', format, path], call);
  return JSON.parse(stdout) as MapLine[];
}

/** Checks the metadata of a qcow2 file. Leaked clusters are not an error. */
export async function qemuImgCheck(path: string, call: Call = {}): Promise<CheckReport> {
  const args = ['check', '--output=json', '-f', 'qcow2', path];
  // Exit codes 2 and 3: corruptions and leaks were found, and are in the report.
  const { stdout } = await qemuImg('look', args, call, [0, 2, 3]);
  const report = JSON.parse(stdout) as Record<string, number>;
  return {
    corruptions: report['corruptions'] ?? 0,
    checkErrors: report['check-errors'] ?? 0,
    imageEndOffset: report['image-end-offset'] ?? 0,
    compressedClusters: report['compressed-clusters'] ?? 0,
  };
}

/** Converts a qcow2 file to a sparse raw one. On failure `target` may be half written. */
export async function qemuImgToRaw(path: string, target: string, call: Call = {}): Promise<void> {
  await qemuImg('convert', ['convert', '-f', 'qcow2', '-O', 'raw', '-S', '4k', path, target], call);
}

async function qemuImg(
  kind: keyof typeof MAX_CPU_SECONDS,
  args: readonly string[],
  call: Call,
  okCodes: readonly number[] = [0],
): Promise<RunResult> {
  const bounds = [`--as=${MAX_ADDRESS_SPACE_BYTES}`, `--cpu=${MAX_CPU_SECONDS[kind]}`];
  return run('prlimit', [...bounds, 'qemu-img', ...args], {
    okCodes,
    package: 'qemu-utils',
    ...(call.signal && { signal: call.signal }),
  });
}
