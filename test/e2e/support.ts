import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { run } from '../../conductor/process/run.ts';
import { type LabConductor, startConductor } from '../../lab/conductor.ts';
import { createHardware, type Hardware, type HardwareNode } from '../../lab/hardware.ts';
import { libvirtUri } from '../../lab/libvirt.ts';
import { isAlive } from '../../lab/processes.ts';
import type { Firmware } from '../../lab/machine.ts';
import { buildRamdisk } from '../../lab/ramdisk.ts';
import { type UserImage, userImage } from '../../lab/userImage.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';

const CACHE = join(import.meta.dirname, '..', '..', '.cache');

/** A lab with a conductor that can be killed and started again. */
export type E2eLab = AsyncDisposable & {
  readonly hardware: Hardware;
  readonly image: UserImage;
  /** The present conductor. */
  conductor(): LabConductor;
  /** `kill -9` of the conductor, and a new one on the same state. */
  killConductor(): Promise<void>;
  /** `instance_info` for the lab's own image. */
  instanceInfo(more?: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  virsh(...args: readonly string[]): Promise<string>;
};

export type E2eOptions = {
  readonly name: string;
  readonly nodes?: number;
  readonly sections?: Readonly<Record<string, object>>;
  /** `cloud`: the image with cloud-init and GRUB, and a ramdisk that installs boot loaders. */
  readonly variant?: 'cloud';
  /** BIOS by default. */
  readonly firmware?: Firmware;
};

/** Builds what is not cached, and a lab with disks of 3 GiB. */
export async function makeE2eLab(options: E2eOptions): Promise<E2eLab> {
  const signal = new AbortController().signal;
  const isCloud = options.variant === 'cloud';
  const ramdisk = await buildRamdisk(CACHE, () => {}, signal, isCloud ? 'local' : 'plain');
  const image = isCloud
    ? await userImage({ cacheDir: join(CACHE, 'user-image-cloud'), variant: 'cloud' })
    : await userImage({ cacheDir: join(CACHE, 'user-image') });
  const stateDir = join(CACHE, 'e2e', options.name);
  await mkdir(dirname(stateDir), { recursive: true });
  const hardware = await createHardware({
    name: options.name,
    stateDir,
    nodes: options.nodes ?? 1,
    ...(options.firmware && { firmware: options.firmware, memoryMib: 768 }),
    diskBytes: 3 * 1024 ** 3,
    libvirtCacheDir: join(CACHE, 'libvirt'),
  });
  const start = () =>
    startConductor(hardware, {
      deployKernel: ramdisk.kernelPath,
      deployRamdisk: ramdisk.ramdiskPath,
      imageFolders: [dirname(image.rootPath)],
      ipxe: false,
      ...(options.sections && { sections: options.sections }),
    });
  let conductor = await start().catch(async (error: unknown) => {
    await hardware[Symbol.asyncDispose]();
    throw error;
  });
  const url = (path: string) => pathToFileURL(path).href;
  return {
    hardware,
    image,
    conductor: () => conductor,
    async killConductor() {
      process.kill(conductor.daemon.pid, 'SIGKILL');
      // The daemon does not keep this process alive, so waiting for its end alone would end it.
      while (isAlive(conductor.daemon)) await sleep(20);
      conductor = await start();
    },
    instanceInfo: (more) => ({
      image_source: url(image.rootPath),
      kernel: url(image.kernelPath),
      ramdisk: url(image.ramdiskPath),
      root_gb: 1,
      ...more,
    }),
    virsh: async (...args) =>
      (await hardware.run('virsh', ['-c', libvirtUri(stateDir), ...args])).stdout,
    [Symbol.asyncDispose]: () => hardware[Symbol.asyncDispose](),
  };
}

/** Gives a machine that is off a disk full of old bytes. */
export async function fillWithGarbage(node: HardwareNode): Promise<void> {
  await makeGarbageDisk(`${node.diskPath}.garbage`, node.diskBytes);
  await rename(`${node.diskPath}.garbage`, node.diskPath);
}

/** SHA-256 of `lengthBytes` of a file from `offsetBytes` on. */
export async function sha256(
  path: string,
  offsetBytes: number,
  lengthBytes: number,
): Promise<string> {
  await using file = await open(path);
  const hash = createHash('sha256');
  const end = offsetBytes + lengthBytes - 1;
  const stream = file.createReadStream({ start: offsetBytes, end, autoClose: false });
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

/** Where the last partition of a disk file begins, in bytes. */
export async function rootOffset(diskPath: string): Promise<number> {
  const { stdout } = await run('sfdisk', ['--json', diskPath]);
  const { partitions } = JSON.parse(stdout).partitiontable;
  return partitions.at(-1).start * 512;
}

/** Whether the first sector has the signature that makes firmware boot from the disk. */
export async function looksBootable(diskPath: string): Promise<boolean> {
  await using file = await open(diskPath);
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  return buffer.readUInt16LE(510) === 0xaa55;
}
