import { stat } from 'node:fs/promises';
import { MIB } from '../../values/units.ts';
import { joinExtents, rangeOf, sliceExtent, subtractFromExtents, zerosAround } from './extents.ts';
import { intersect, subtractRanges, type Range } from './ranges.ts';
import { SIGNATURE_TAIL_BYTES } from './signatures.ts';
import type { DiskPlan, Extent, SourceFile } from './types.ts';

export type Parts = {
  readonly diskSizeBytes: number;
  /** What must stand where; they do not overlap. */
  readonly contents: readonly Extent[];
  /** What must be zero unless `contents` say otherwise. */
  readonly zeroWishes: readonly Range[];
  readonly commit: readonly Extent[];
};

/**
 * The extents in the order of writing. Places that `commit` fills are zero until then; the places
 * of old partition tables come first, so that no old system boots from a half-written disk.
 */
export function arrangeExtents(parts: Parts): readonly Extent[] {
  const committed = parts.commit.map(rangeOf);
  const contents = subtractFromExtents(joinExtents(parts.contents), committed);
  const zeros = zerosAround([...parts.zeroWishes, ...committed], contents);
  const all = joinExtents([...contents, ...zeros]);
  const edges = edgeRanges(parts.diskSizeBytes);
  const first = all.flatMap((extent) => slices(extent, edges));
  const rest = subtractFromExtents(all, edges);
  return [...first.toSorted(zerosFirst), ...rest];
}

function edgeRanges(diskSizeBytes: number): readonly Range[] {
  const tailStart = Math.max(MIB, diskSizeBytes - SIGNATURE_TAIL_BYTES);
  return [
    { start: 0, end: MIB },
    { start: tailStart, end: diskSizeBytes },
  ];
}

function slices(extent: Extent, ranges: readonly Range[]): readonly Extent[] {
  const common = ranges.flatMap((range) => intersect(rangeOf(extent), range) ?? []);
  return common.map((range) => sliceExtent(extent, range));
}

function zerosFirst(a: Extent, b: Extent): number {
  return Number(a.source.kind === 'file') - Number(b.source.kind === 'file');
}

/** The files of a plan with their size and time, so that a writer can tell when they change. */
export async function sourceFiles(
  plan: Pick<DiskPlan, 'extents' | 'commit'>,
): Promise<readonly SourceFile[]> {
  const sources = [...plan.extents, ...plan.commit].map((extent) => extent.source);
  const paths = new Set(sources.flatMap((source) => (source.kind === 'file' ? source.path : [])));
  return Promise.all(Array.from(paths, describe));
}

async function describe(path: string): Promise<SourceFile> {
  const { size, mtimeMs } = await stat(path);
  return { path, sizeBytes: size, modifiedAtMs: mtimeMs };
}

/** The part of a disk behind `endBytes`. */
export function freeSpace(endBytes: number, diskSizeBytes: number): readonly Range[] {
  return subtractRanges([{ start: endBytes, end: diskSizeBytes }], []);
}
