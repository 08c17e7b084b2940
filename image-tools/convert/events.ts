import type { Layout } from '../inspect/layout.ts';
import type { FoundSystem } from '../inspect/system.ts';
import type { Change } from './edits.ts';

/** The stages of a conversion that take time. */
export const STAGES = {
  check: 'checking the image',
  extract: 'copying out the partitions',
  look: 'reading the file systems',
  edit: 'changing the root',
  shrink: 'making the root smaller',
  pack: 'packing the root as qcow2',
  hash: 'computing checksums',
} as const;
export type Stage = keyof typeof STAGES;

/** What a conversion tells while it runs. */
export type ConvertEvent =
  | { readonly kind: 'stage'; readonly stage: Stage }
  /** Part done of the present stage, 0 to 1. */
  | { readonly kind: 'progress'; readonly stage: Stage; readonly done: number }
  | { readonly kind: 'layout'; readonly layout: Layout }
  | { readonly kind: 'system'; readonly system: FoundSystem }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] };
