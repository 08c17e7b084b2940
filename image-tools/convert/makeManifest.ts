import { basename } from 'node:path';
import type { FoundSystem } from '../inspect/system.ts';
import type { Source } from '../source/source.ts';
import type { Built } from './built.ts';
import type { FinishedBase } from './finishBase.ts';
import { MANIFEST_FORMAT, type BaseFile, type Manifest } from './manifest.ts';
import type { DecidedOptions } from './types.ts';
import type { OutputPaths } from './workFolder.ts';

export type Finished = Built & {
  readonly key: string;
  readonly source: Source;
  /** Where the outputs will be. */
  readonly outputs: OutputPaths;
  readonly base: FinishedBase;
};

/** Describes finished outputs: sizes, checksums, extents, boot options. */
export function makeManifest(done: Finished, options: DecidedOptions): Manifest {
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
    base: describeBase(done, options),
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

function describeBase(done: Finished, { format = 'raw' }: DecidedOptions): BaseFile {
  const { outputs, system, base, rootBytes } = done;
  return {
    file: basename(outputs.base),
    format,
    content: system.root.volume ? 'lvm-physical-volume' : 'file-system',
    fileSystem: system.root.volume?.content ?? system.root.part.content,
    virtualSizeBytes: rootBytes,
    allocatedBytes: base.extents.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0),
    ...base,
  };
}
