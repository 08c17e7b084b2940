import { chmod, rename, rm, truncate } from 'node:fs/promises';
import type { Built } from './built.ts';
import { qemuImg } from './extract.ts';
import type { ConvertOptions } from './types.ts';

/** Brings the changed root into its wished format at `target`; the size of its disk in bytes. */
export async function finishBase(
  built: Built,
  target: string,
  options: ConvertOptions,
): Promise<number> {
  await truncate(built.rootPath, built.rootBytes);
  if (options.format === 'qcow2') await packQcow2(built.rootPath, target, options);
  else await rename(built.rootPath, target);
  await chmod(target, 0o644);
  return built.rootBytes;
}

async function packQcow2(from: string, target: string, options: ConvertOptions): Promise<void> {
  const { signal, onEvent, compress = false } = options;
  onEvent?.({ kind: 'stage', stage: 'pack' });
  const how = compress ? ['-c'] : [];
  await qemuImg(['convert', '-p', '-f', 'raw', '-O', 'qcow2', ...how, from, target], {
    signal,
    onProgress: (done) => onEvent?.({ kind: 'progress', stage: 'pack', done }),
  });
  await rm(from);
}
