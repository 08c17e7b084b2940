/** A run of bytes: from `start` up to but not including `end`. */
export type Range = { readonly start: number; readonly end: number };

/** The same bytes as sorted ranges that neither touch nor overlap. */
export function mergeRanges(ranges: readonly Range[]): readonly Range[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (start >= end) continue;
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** The bytes of `ranges` that are not in `taken`. */
export function subtractRanges(
  ranges: readonly Range[],
  taken: readonly Range[],
): readonly Range[] {
  const rest: Range[] = [];
  const holes = mergeRanges(taken);
  let next = 0;
  for (const range of mergeRanges(ranges)) {
    let { start } = range;
    while ((holes[next]?.end ?? Infinity) <= start) next++;
    for (let i = next; (holes[i]?.start ?? Infinity) < range.end; i++) {
      const hole = holes[i] ?? range;
      if (hole.start > start) rest.push({ start, end: hole.start });
      start = Math.max(start, hole.end);
    }
    if (start < range.end) rest.push({ start, end: range.end });
  }
  return rest;
}

/** What both ranges have in common; `undefined` when that is nothing. */
export function intersect(a: Range, b: Range): Range | undefined {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : undefined;
}
