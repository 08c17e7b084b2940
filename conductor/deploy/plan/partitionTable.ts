import { open, rm, type FileHandle } from 'node:fs/promises';
import { run } from '../../process/run.ts';
import { MIB } from '../../values/units.ts';
import { fileExtent } from './extents.ts';
import { backupGptBytes } from './layout.ts';
import type { DiskRequest } from './request.ts';
import type { Extent, Partition } from './types.ts';

type TableType = { readonly msdos: string; readonly gpt: string };

const LINUX: TableType = { msdos: '83', gpt: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' };

/** What a partition is called in both kinds of table (UEFI 2.10 §5.3.3 and its users). */
const TYPES: Readonly<Record<Partition['role'], TableType>> = {
  efi: { msdos: 'ef', gpt: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' },
  bios_grub: { msdos: '83', gpt: '21686148-6449-6E6F-744E-656564454649' },
  ephemeral: LINUX,
  swap: { msdos: '82', gpt: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F' },
  configdrive: LINUX,
  root: LINUX,
};

/** The script from which `sfdisk` makes the table; all numbers count sectors of the disk. */
export function sfdiskScript(request: DiskRequest, partitions: readonly Partition[]): string {
  const { diskLabel, blockSizeBytes, bootMode, localBoot } = request;
  const sectors = (bytes: number) => bytes / blockSizeBytes;
  const lines = partitions.map(({ role, offsetBytes, lengthBytes }) => {
    const place = `start=${sectors(offsetBytes)}, size=${sectors(lengthBytes)}`;
    const active = diskLabel === 'msdos' && bootMode === 'bios' && localBoot && role === 'root';
    const name = diskLabel === 'gpt' && role === 'configdrive' ? ', name=config-2' : '';
    return `${place}, type=${TYPES[role][diskLabel]}${name}${active ? ', bootable' : ''}`;
  });
  const label = diskLabel === 'gpt' ? 'gpt' : 'dos';
  const header = [`label: ${label}`, `first-lba: ${sectors(MIB)}`];
  return [...(label === 'gpt' ? header : [header[0]]), ...lines, ''].join('\n');
}

/**
 * Makes the partition table in `file`, a sparse file of the disk's size, and returns the extents
 * that commit it: the backup GPT if there is one, then the first MiB.
 */
export async function makeTable(
  request: DiskRequest,
  partitions: readonly Partition[],
  file: string,
  signal?: AbortSignal,
): Promise<readonly Extent[]> {
  const model = `${file}.model`;
  const { diskSizeBytes, blockSizeBytes } = request;
  const script = sfdiskScript(request, partitions);
  await sfdisk(model, (diskSizeBytes / blockSizeBytes) * 512, script, signal);
  await rm(file, { force: true });
  await using table = await open(file, 'wx');
  await table.truncate(diskSizeBytes);
  await using source = await open(model);
  for (const [from, to, length] of tableParts(request)) await copy(source, from, table, to, length);
  await rm(model);
  return tableExtents(request, file);
}

async function sfdisk(
  file: string,
  sizeBytes: number,
  script: string,
  signal?: AbortSignal,
): Promise<void> {
  await rm(file, { force: true });
  {
    await using made = await open(file, 'wx');
    await made.truncate(sizeBytes);
  }
  const args = ['--quiet', '--no-reread', '--no-tell-kernel', file];
  await run('sfdisk', args, { input: script, package: 'fdisk', ...(signal && { signal }) });
}

type Part = readonly [fromBytes: number, toBytes: number, lengthBytes: number];

const GPT_ENTRIES_BYTES = 128 * 128;

/**
 * From where in the model to where in the table its parts go. sfdisk takes every file for a disk of
 * 512-byte sectors, so the model has as many sectors as the disk and each of them is 512 long. All
 * sector numbers in it are right as they are, and only the places in bytes differ.
 */
function tableParts({ diskSizeBytes, blockSizeBytes, diskLabel }: DiskRequest): readonly Part[] {
  const sectors = diskSizeBytes / blockSizeBytes;
  const part = (sector: number, length: number): Part => [
    sector * 512,
    sector * blockSizeBytes,
    length,
  ];
  const mbr = part(0, 512);
  if (diskLabel === 'msdos') return [mbr];
  const primary = [part(1, 512), part(2, GPT_ENTRIES_BYTES)];
  const backup = [part(sectors - 33, GPT_ENTRIES_BYTES), part(sectors - 1, 512)];
  return [mbr, ...primary, ...backup];
}

async function copy(
  source: FileHandle,
  from: number,
  target: FileHandle,
  to: number,
  length: number,
): Promise<void> {
  const { buffer, bytesRead } = await source.read(Buffer.alloc(length), 0, length, from);
  await target.write(buffer, 0, bytesRead, to);
}

/** The backup GPT if the table has one, and the first MiB, of a file of the disk's size. */
function tableExtents(
  disk: Pick<DiskRequest, 'diskSizeBytes' | 'blockSizeBytes' | 'diskLabel'>,
  file: string,
): readonly Extent[] {
  const { diskSizeBytes, blockSizeBytes, diskLabel } = disk;
  const backupStart = diskSizeBytes - backupGptBytes(blockSizeBytes);
  const backup = fileExtent({ start: backupStart, end: diskSizeBytes }, file, backupStart);
  const head = fileExtent({ start: 0, end: Math.min(MIB, diskSizeBytes) }, file, 0);
  return diskLabel === 'gpt' ? [backup, head] : [head];
}
