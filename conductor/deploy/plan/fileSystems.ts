import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EXTENT_ALIGNMENT_BYTES, rawExtents } from '../../images/extents.ts';
import { qemuImgMap } from '../../images/qemuImg.ts';
import type { ImageExtent } from '../../images/types.ts';
import { run, type RunOptions } from '../../process/run.ts';
import { roundUp } from '../../values/units.ts';
import { fileExtent, zerosAround } from './extents.ts';
import type { Range } from './ranges.ts';
import type { DiskRequest, EphemeralFormat } from './request.ts';
import type { Extent, Partition } from './types.ts';
import { xfsLogRange } from './xfsLog.ts';

type Maker = {
  readonly program: string;
  readonly package: string;
  args(label: string, blockSizeBytes: number): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * mke2fs on a file takes all holes for zeros and marks its inode tables as cleared, which would be
 * wrong on a disk full of old data. With these options it either writes zeros (journal) or leaves
 * the clearing to the kernel (inode tables, where the format allows it).
 */
const EXT_OPTIONS = 'nodiscard,lazy_itable_init=1,lazy_journal_init=0';

function ext(program: string): Maker {
  return {
    program,
    package: 'e2fsprogs',
    args: (label) => ['-q', '-F', '-b', '4096', '-L', label, '-E', EXT_OPTIONS],
    env: { UNIX_IO_NOZEROOUT: '1' },
  };
}

const MAKERS: Readonly<Record<EphemeralFormat | 'efi' | 'swap', Maker>> = {
  ext2: ext('mkfs.ext2'),
  ext3: ext('mkfs.ext3'),
  ext4: ext('mkfs.ext4'),
  xfs: {
    program: 'mkfs.xfs',
    package: 'xfsprogs',
    args: (label, block) => ['-q', '-f', '-K', '-s', `size=${block}`, '-L', label],
  },
  vfat: {
    program: 'mkfs.vfat',
    package: 'dosfstools',
    args: (label, block) => ['-S', `${block}`, '-n', label],
  },
  efi: {
    program: 'mkfs.vfat',
    package: 'dosfstools',
    args: (label, block) => ['-S', `${block}`, '-F', '32', '-n', label],
  },
  swap: { program: 'mkswap', package: 'util-linux', args: (label) => ['-q', '-L', label] },
};

/** Labels that Ironic gives. */
const LABELS = { efi: 'efi-part', ephemeral: 'ephemeral0', swap: 'swap1' } as const;

/**
 * Makes the file system or swap area of a partition in a sparse file of its size in `workDir`, and
 * returns the extents that carry it: what the tool wrote and is not zero from the file, what it
 * wrote as zero as zero. What it did not touch may hold anything.
 */
export async function makeFileSystem(
  request: DiskRequest,
  partition: Partition & { readonly role: keyof typeof LABELS },
  call: { readonly workDir: string; readonly signal?: AbortSignal | undefined },
): Promise<readonly Extent[]> {
  const { role } = partition;
  const kind = role === 'ephemeral' ? request.ephemeralFormat : role;
  const file = join(call.workDir, `${role}.img`);
  await makeSparse(file, partition.lengthBytes);
  const maker = MAKERS[kind];
  const options: RunOptions = {
    package: maker.package,
    ...(maker.env && { env: maker.env }),
    ...(call.signal && { signal: call.signal }),
  };
  await run(maker.program, [...maker.args(LABELS[role], request.blockSizeBytes), file], options);
  const mustBeZero = kind === 'xfs' ? [await xfsLogRange(file)] : [];
  return writtenExtents(file, partition, mustBeZero, call.signal);
}

async function makeSparse(file: string, sizeBytes: number): Promise<void> {
  await rm(file, { force: true });
  await using made = await open(file, 'wx');
  await made.truncate(sizeBytes);
}

async function writtenExtents(
  file: string,
  partition: Partition,
  mustBeZero: readonly Range[],
  signal: AbortSignal | undefined,
): Promise<readonly Extent[]> {
  const shift = partition.offsetBytes;
  const written = await allocated(file, partition.lengthBytes, signal);
  await run('fallocate', ['--dig-holes', file], {
    package: 'util-linux',
    ...(signal && { signal }),
  });
  const nonZero = await allocated(file, partition.lengthBytes, signal);
  const data = nonZero.map(({ start, end }) =>
    fileExtent({ start: start + shift, end: end + shift }, file, start),
  );
  const zeros = [...written, ...mustBeZero].map(({ start, end }) => ({
    start: start + shift,
    end: end + shift,
  }));
  return [...data, ...zerosAround(zeros, data)];
}

async function allocated(
  file: string,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<readonly Range[]> {
  const map = await qemuImgMap(file, 'raw', { signal });
  const isData = (extent: ImageExtent) => extent.kind === 'data';
  return rawExtents(map, roundUp(sizeBytes, EXTENT_ALIGNMENT_BYTES))
    .filter(isData)
    .map(({ startBytes, lengthBytes }) => ({ start: startBytes, end: startBytes + lengthBytes }));
}
