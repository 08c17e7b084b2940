import { run } from '../process/run.ts';
import type { ByteRange } from '../values/bytes.ts';

type MapRow = {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
  readonly data: boolean;
};

/** The runs of an image that hold data; all else reads as zeros. `url` as qemu-img takes it. */
export async function dataExtents(
  url: string,
  format: 'raw' | 'qcow2' | undefined,
  signal?: AbortSignal,
): Promise<ByteRange[]> {
  // What writes to it has come to rest by now, though it may still have the file open.
  const how = format === undefined ? [] : ['-U', '-f', format];
  const { stdout } = await run('qemu-img', ['map', '--output=json', ...how, url], { signal });
  const rows = JSON.parse(stdout) as MapRow[];
  const extents: { offsetBytes: number; sizeBytes: number }[] = [];
  for (const { start, length, zero, data } of rows) {
    if (!data || zero) continue;
    const last = extents.at(-1);
    if (last && last.offsetBytes + last.sizeBytes === start) last.sizeBytes += length;
    else extents.push({ offsetBytes: start, sizeBytes: length });
  }
  return extents;
}

/** How many bytes a list of extents covers. */
export function extentBytes(extents: readonly ByteRange[]): number {
  return extents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
