import type { DiskPlan, Extent } from './types.ts';

/** A plan in numbers. */
export type PlanSummary = {
  /** Bytes that are sent. */
  readonly dataBytes: number;
  /** Bytes that the target makes zero. */
  readonly zeroBytes: number;
  readonly extents: number;
};

/** Adds up a plan, `commit` included. */
export function summarizePlan(plan: Pick<DiskPlan, 'extents' | 'commit'>): PlanSummary {
  const all = [...plan.extents, ...plan.commit];
  const sum = (kind: Extent['source']['kind']) =>
    all.reduce(
      (bytes, extent) => bytes + (extent.source.kind === kind ? extent.lengthBytes : 0),
      0,
    );
  return { dataBytes: sum('file'), zeroBytes: sum('zero'), extents: all.length };
}
