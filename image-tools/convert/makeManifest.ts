import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FoundSystem } from '../inspect/system.ts';
import type { Source } from '../source/source.ts';
import type { ByteRange } from '../values/bytes.ts';
import { checksumsOf, type Checksums } from './checksums.ts';
import type { Built } from './built.ts';
import { dataExtents, extentBytes } from './extents.ts';
import { MANIFEST_FORMAT, type BaseFile, type Manifest } from './manifest.ts';
import type { ConvertOptions } from './types.ts';
import type { OutputPaths } from './workFolder.ts';

export type Finished = Built & {
  readonly key: string;
  readonly source: Source;
  /** Where the outputs are now, and where they will be. */
  readonly partial: OutputPaths;
  readonly outputs: OutputPaths;
  readonly baseSizeBytes: number;
};

/** Describes finished outputs: sizes, checksums, extents, boot options. */
export async function makeManifest(done: Finished, options: ConvertOptions): Promise<Manifest> {
  const { system, outputs, source, layout } = done;
  const { volume, part } = system.root;
  return {
    format: MANIFEST_FORMAT,
    name: options.name,
    key: done.key,
    source: {
      file: basename(source.path),
      format: source.format,
      virtualSizeBytes: source.virtualSizeBytes,
      partitionTable: layout.table,
      rootPartition: part.number,
    },
    os: system.os,
    kernelVersion: system.kernelVersion,
    ostree: system.deployment && withoutPath(system.deployment),
    lvm: volume && { group: volume.group, volume: volume.name },
    boot: bootPart(system),
    kernel: { file: basename(outputs.kernel), ...done.kernel },
    ramdisk: { file: basename(outputs.ramdisk), ...done.ramdisk },
    base: await describeBase(done, options),
    changes: done.changes,
  };
}

function withoutPath({ osName, checksum, serial }: NonNullable<FoundSystem['deployment']>) {
  return { osName, checksum, serial };
}

function bootPart({ options, entry, entryNumber, boot }: FoundSystem): Manifest['boot'] {
  const root = options.root === undefined ? [] : [`root=${options.root}`];
  return {
    ...options,
    line: [...root, options.append].join(' '),
    entry: { id: entry.id, title: entry.title, version: entry.version, number: entryNumber },
    entries: boot.entries.map(({ title }) => title),
  };
}

async function describeBase(done: Finished, options: ConvertOptions): Promise<BaseFile> {
  const { partial, outputs, system } = done;
  const { format = 'raw', signal } = options;
  const { size } = await stat(partial.base);
  const extents = await dataExtents(partial.base, format, signal);
  const stored = format === 'raw' ? extents : [{ offsetBytes: 0, sizeBytes: size }];
  return {
    file: basename(outputs.base),
    format,
    content: system.root.volume ? 'lvm-physical-volume' : 'file-system',
    fileSystem: system.root.volume?.content ?? system.root.part.content,
    sizeBytes: size,
    virtualSizeBytes: done.baseSizeBytes,
    allocatedBytes: extentBytes(extents),
    ...(await checksumsIfWished(partial.base, size, stored, options)),
    extents: extents.map(({ offsetBytes, sizeBytes }) => [offsetBytes, sizeBytes] as const),
  };
}

async function checksumsIfWished(
  path: string,
  sizeBytes: number,
  extents: readonly ByteRange[],
  options: ConvertOptions,
): Promise<Partial<Checksums>> {
  if (options.checksums === false) return {};
  options.onEvent?.({ kind: 'stage', stage: 'hash' });
  return checksumsOf(path, sizeBytes, extents, options.signal);
}
