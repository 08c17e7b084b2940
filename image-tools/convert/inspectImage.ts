import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Mounted } from '../inspect/access.ts';
import type { Layout } from '../inspect/layout.ts';
import { findSystem } from '../inspect/system.ts';
import { checkWhole } from '../source/check.ts';
import { openSource } from '../source/source.ts';
import { openInUserSpace } from '../userSpace/access.ts';
import { openAppliance } from './buildInAppliance.ts';
import { candidateParts, extractCandidates } from './candidates.ts';
import { lookAtDisk } from './lookAtDisk.ts';
import type { ConvertOptions } from './types.ts';

/** What an image holds, as data. */
export type Inspection = {
  readonly layout: Layout;
  readonly root: string;
  readonly kernelVersion: string;
  readonly entries: readonly {
    readonly number: number;
    readonly title: string;
    readonly options: string;
  }[];
  readonly rootOption: string | undefined;
  readonly append: string;
};

/**
 * Says what {@link convert} would take, and writes nothing but temporary files.
 * @throws ImageToolError as convert, but for the outputs
 */
export async function inspectImage(options: ConvertOptions): Promise<Inspection> {
  const source = await openSource(resolve(options.image));
  await checkWhole(source, options.signal);
  await using look = await lookAtDisk(source, options);
  options.onEvent?.({ kind: 'stage', stage: 'look' });
  if (options.appliance === false) {
    const { mounted } = await openInUserSpace(look.disk, candidateParts(look.layout));
    return await report(look.layout, mounted, options);
  }
  const workDir = await mkdtemp(join(tmpdir(), 'atomic-to-pxe-'));
  try {
    const parts = await extractCandidates(look, workDir, { signal: options.signal, copies: 1 });
    await using access = await openAppliance(parts, workDir, options);
    return await report(look.layout, access.mounted, options);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function report(
  layout: Layout,
  mounted: readonly Mounted[],
  options: ConvertOptions,
): Promise<Inspection> {
  const system = await findSystem(mounted, options);
  options.onEvent?.({ kind: 'system', system });
  return {
    layout,
    root: system.root.name,
    kernelVersion: system.kernelVersion,
    entries: system.boot.entries.map(({ title, options: line }, number) => ({
      number,
      title,
      options: line,
    })),
    rootOption: system.options.root,
    append: system.options.append,
  };
}
