import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { planDisk } from '../../../conductor/deploy/plan/planDisk.ts';
import type { DiskRequest } from '../../../conductor/deploy/plan/request.ts';
import type { DiskPlan, Partition } from '../../../conductor/deploy/plan/types.ts';
import { FileDisk } from '../../../conductor/deploy/writers/fileDisk.ts';
import { writePlan } from '../../../conductor/deploy/writers/inProcess.ts';
import { inspectImage } from '../../../conductor/images/inspectImage.ts';
import { run } from '../../../conductor/process/run.ts';
import { MIB } from '../../../conductor/values/units.ts';
import { makeGarbageDisk } from '../../deploy/support/garbageDisk.ts';

export const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-plan-'));

export const ROOT_UUID = '8a1b2c3d-0000-4000-8000-00000000feed';
export const ROOT_MIB = 312;
export const BASE = {
  blockSizeBytes: 512,
  wholeDisk: false,
  rootGib: ROOT_MIB / 1024,
  swapMib: 0,
  ephemeralGib: 0,
  ephemeralFormat: 'ext4',
  preserveEphemeral: false,
  diskLabel: 'msdos',
  bootMode: 'bios',
  localBoot: false,
} as const;

/** An ext4 image of 300 MiB with some files, as raw and as qcow2. */
async function makeImage(): Promise<{ raw: string; qcow2: string }> {
  const tree = join(FOLDER, 'tree');
  await mkdir(join(tree, 'etc'), { recursive: true });
  await writeFile(join(tree, 'etc', 'hostname'), 'planned\n');
  await writeFile(join(tree, 'blob'), Buffer.alloc(20 * MIB, 'not zero'));
  const raw = join(FOLDER, 'image.raw');
  const qcow2 = join(FOLDER, 'image.qcow2');
  await run('mkfs.ext4', ['-q', '-U', ROOT_UUID, '-L', 'rootfs', '-d', tree, raw, '300M']);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2]);
  return { raw, qcow2 };
}
export const IMAGE = makeImage();

/** The garbage need not reach the host's disk. */
export class UnsyncedDisk extends FileDisk {
  override async flush(): Promise<void> {}
}

export async function deploy(
  name: string,
  request: Omit<DiskRequest, 'image'> & { readonly imagePath: string },
  prepare: (disk: string) => Promise<void> = async () => {},
): Promise<{ disk: string; plan: DiskPlan }> {
  const disk = join(FOLDER, `${name}.disk`);
  const image = await inspectImage(request.imagePath, { cacheDir: FOLDER });
  await makeGarbageDisk(disk, request.diskSizeBytes);
  await prepare(disk);
  const plan = await planDisk({ ...request, image }, { workDir: join(FOLDER, name) });
  const { diskSizeBytes, blockSizeBytes } = request;
  await using target = new UnsyncedDisk(await open(disk, 'r+'), diskSizeBytes, blockSizeBytes);
  // Through JSON, as the store keeps it.
  const stored = JSON.parse(JSON.stringify(plan)) as DiskPlan;
  await Array.fromAsync(writePlan(stored, target));
  return { disk, plan };
}

export async function extract(disk: string, partition: Partition): Promise<string> {
  const path = `${disk}.${partition.role}`;
  const { offsetBytes, lengthBytes } = partition;
  const range = [`skip=${offsetBytes / MIB}`, `count=${lengthBytes / MIB}`, 'bs=1M'];
  await run('dd', [`if=${disk}`, `of=${path}`, ...range, 'conv=sparse', 'status=none']);
  return path;
}

export function partitionOf(plan: DiskPlan, role: Partition['role']): Partition {
  const partition = plan.partitions.find((candidate) => candidate.role === role);
  if (!partition) throw new Error(`There is no ${role} partition.`);
  return partition;
}

export async function signatures(path: string): Promise<string> {
  const { stdout } = await run('wipefs', ['--noheadings', '--output', 'TYPE', path]);
  return stdout.trim().replaceAll(/\s+/g, ' ');
}

export async function sha256(path: string, start: number, length: number): Promise<string> {
  await using file = await open(path);
  const hash = createHash('sha256');
  const end = start + length - 1;
  for await (const chunk of file.createReadStream({ start, end, autoClose: false }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export async function isImage(t: ExecutionContext, disk: string, offset: number): Promise<void> {
  const { raw } = await IMAGE;
  const length = 300 * MIB;
  t.is(await sha256(disk, offset, length), await sha256(raw, 0, length));
}
