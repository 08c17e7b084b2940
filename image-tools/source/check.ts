import { ImageToolError } from '../errors/error.ts';
import { run } from '../process/run.ts';
import type { Source } from './source.ts';
import { blockNode } from './blockNode.ts';

const CHECK_TIMEOUT_MS = 300_000;
/** `qemu-img check`: 0 clean, 2 corrupt, 3 leaks only, 1 not checked, 63 not supported. */
const STATUSES = [0, 2, 3];

type CheckReport = {
  readonly corruptions?: number;
  readonly 'check-errors'?: number;
  readonly 'image-end-offset'?: number;
  readonly 'compressed-clusters'?: number;
};

/**
 * Looks through the tables of a qcow2 image. `qemu-img convert` of a truncated image succeeds and
 * fills with zeros, and `check` misses a cut inside the last cluster, so sizes are compared too.
 * @throws ImageToolError SOURCE_DAMAGED
 */
export async function checkWhole(source: Source, signal?: AbortSignal): Promise<void> {
  if (source.format === 'raw') return;
  const report = await check(source, signal);
  const wrong = (report.corruptions ?? 0) + (report['check-errors'] ?? 0);
  if (wrong > 0)
    throw new ImageToolError(
      'SOURCE_DAMAGED',
      `${source.path}: qemu-img check found ${wrong} errors.`,
    );
  // A compressed cluster need not fill the last cluster of the file; a cut in it fails to unpack.
  const slackBytes = report['compressed-clusters'] ? 2 ** (source.header?.clusterBits ?? 0) - 1 : 0;
  const endBytes = (report['image-end-offset'] ?? 0) - slackBytes;
  if (endBytes > source.fileSizeBytes)
    throw new ImageToolError(
      'SOURCE_DAMAGED',
      `${source.path} is truncated: it has ${source.fileSizeBytes} bytes, its tables reach to ${endBytes}.`,
    );
}

async function check(source: Source, signal?: AbortSignal): Promise<CheckReport> {
  try {
    const node = `json:${JSON.stringify(blockNode(source))}`;
    const { stdout } = await run('qemu-img', ['check', '--output=json', node], {
      signal,
      timeoutMs: CHECK_TIMEOUT_MS,
      okStatuses: STATUSES,
    });
    return JSON.parse(stdout) as CheckReport;
  } catch (error) {
    if (!(error instanceof ImageToolError) || error.code !== 'PROGRAM_FAILED') throw error;
    throw new ImageToolError(
      'SOURCE_DAMAGED',
      `${source.path} cannot be checked: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
