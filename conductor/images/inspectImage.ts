import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { hasCode, IronpxeError } from '../errors/error.ts';
import { roundUp } from '../values/units.ts';
import { probeContent } from './content.ts';
import { qcow2Extents, rawExtents } from './extents.ts';
import { checkFormat, formatOfName, readHead } from './format.ts';
import { parseQcow2Header, type Qcow2Header } from './qcow2Header.ts';
import { qemuImgCheck, qemuImgMap, type CheckReport, type MapLine } from './qemuImg.ts';
import { rawCopy } from './rawCopy.ts';
import type { ImageFacts, ImageFormat } from './types.ts';

export type InspectOptions = {
  /** What the image was declared to be; by default what its file name promises. */
  readonly declaredFormat?: ImageFormat | undefined;
  /** Where a raw copy of a compressed image goes; made where missing. */
  readonly cacheDir: string;
  /** Removes from the cache what it can, for so many bytes more. */
  readonly makeRoom?: ((neededBytes: number) => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
};

type Laid = Omit<ImageFacts, 'content'>;

/**
 * Tells what an image holds and where in its file. The header is read and judged here before any
 * tool opens the file, and tools are told the format instead of guessing it.
 * @throws IronpxeError IMAGE_FORMAT_*, IMAGE_UNSAFE, IMAGE_CORRUPT, IMAGE_TOO_LARGE,
 *   IMAGE_CACHE_FULL, IMAGE_NOT_FOUND
 */
export async function inspectImage(path: string, options: InspectOptions): Promise<ImageFacts> {
  // An absolute path cannot be taken for one of qemu's "protocol:" names.
  const absolute = resolve(path);
  const head = await readHead(absolute);
  if (head.length === 0) throw corrupt(absolute, 'it is empty');
  const format = checkFormat(absolute, head, options.declaredFormat ?? formatOfName(absolute));
  const laid =
    format === 'raw'
      ? await layRaw(absolute, options.signal)
      : await layQcow2(absolute, parseQcow2Header(absolute, head), options);
  return { ...laid, content: await probeContent(laid, options.signal) };
}

async function layRaw(path: string, signal: AbortSignal | undefined): Promise<Laid> {
  const { size } = await stat(path);
  const virtualSizeBytes = roundUp(size, 512);
  const extents = rawExtents(await qemuImgMap(path, 'raw', { signal }), virtualSizeBytes);
  return withAllocated({ path, format: 'raw', virtualSizeBytes, extents });
}

function withAllocated(laid: Omit<Laid, 'allocatedBytes'>): Laid {
  const data = laid.extents.filter((extent) => extent.kind === 'data');
  return { ...laid, allocatedBytes: data.reduce((sum, extent) => sum + extent.lengthBytes, 0) };
}

async function layQcow2(path: string, header: Qcow2Header, options: InspectOptions): Promise<Laid> {
  await checkQcow2(path, header, options.signal);
  const map = await qemuImgMap(path, 'qcow2', options);
  await checkDataEnd(path, map);
  const virtualSizeBytes = roundUp(header.virtualSizeBytes, 512);
  const extents = qcow2Extents(map, virtualSizeBytes);
  if (extents) return withAllocated({ path, format: 'qcow2', virtualSizeBytes, extents });
  const data = map.filter((line) => line.data && !line.zero);
  const dataBytes = data.reduce((sum, line) => sum + line.length, 0);
  return layRaw(await rawCopy(path, { ...options, dataBytes }), options.signal);
}

async function checkQcow2(path: string, header: Qcow2Header, signal?: AbortSignal): Promise<void> {
  const report = await qemuImgCheck(path, { signal }).catch((error: unknown) => {
    if (hasCode(error, 'COMMAND_FAILED')) throw corrupt(path, error.message);
    throw error;
  });
  const damage = report.corruptions + report.checkErrors;
  if (damage > 0) throw corrupt(path, `qemu-img check found ${damage} errors in its metadata`);
  const { size } = await stat(path);
  if (size < shortestSize(report, header))
    throw corrupt(path, `it ends at byte ${size}, expected ${report.imageEndOffset}`);
}

/**
 * The last cluster of a file need not be whole when it is compressed (a cut there fails to unpack)
 * or allocated in part (a cut there shows in the map).
 */
function shortestSize(report: CheckReport, header: Qcow2Header): number {
  const mayEndEarly = report.compressedClusters > 0 || header.hasSubclusters;
  return report.imageEndOffset - (mayEndEarly ? header.clusterSizeBytes - 1 : 0);
}

async function checkDataEnd(path: string, map: readonly MapLine[]): Promise<void> {
  const { size } = await stat(path);
  const placed = map.filter((line) => line.data && !line.zero && line.offset !== undefined);
  const dataEnd = placed.reduce((end, line) => Math.max(end, (line.offset ?? 0) + line.length), 0);
  if (dataEnd > size) throw corrupt(path, `it ends at byte ${size}, its data at ${dataEnd}`);
}

function corrupt(path: string, found: string): IronpxeError {
  return new IronpxeError('IMAGE_CORRUPT', `Image "${path}" is damaged: ${found}.`);
}
