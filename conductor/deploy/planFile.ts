import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlan } from './plan/types.ts';

/** `plan`: the whole disk. `write`: what of it is still to be written after a comparison. */
export type PlanName = 'plan' | 'write';

/** Stores the plan of an operation in its folder, whole or not at all. */
export async function savePlan(
  folder: string,
  plan: DiskPlan,
  name: PlanName = 'plan',
): Promise<void> {
  await saveJson(folder, `${name}.json`, plan);
}

/** Reads what {@link savePlan} stored. */
export async function loadPlan(folder: string, name: PlanName = 'plan'): Promise<DiskPlan> {
  return (await loadJson(folder, `${name}.json`)) as DiskPlan;
}

/** Writes a JSON file whole or not at all, and makes its folder. */
export async function saveJson(folder: string, name: string, value: unknown): Promise<void> {
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `${name}.partial`);
  await writeFile(partial, JSON.stringify(value), { flush: true });
  await rename(partial, join(folder, name));
}

/** Reads what {@link saveJson} wrote. */
export async function loadJson(folder: string, name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, name), 'utf8'));
}
