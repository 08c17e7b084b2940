import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlan } from './plan/types.ts';

const NAME = 'plan.json';

/** Stores the plan of an operation in its folder, whole or not at all. */
export async function savePlan(folder: string, plan: DiskPlan): Promise<void> {
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `${NAME}.partial`);
  await writeFile(partial, JSON.stringify(plan), { flush: true });
  await rename(partial, join(folder, NAME));
}

/** Reads what {@link savePlan} stored. */
export async function loadPlan(folder: string): Promise<DiskPlan> {
  return JSON.parse(await readFile(join(folder, NAME), 'utf8'));
}
