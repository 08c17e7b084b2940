import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Api } from '../../lab/api.ts';
import { startConductor } from '../../lab/conductor.ts';
import { createHardware, type HardwareFacts, type HardwareNode } from '../../lab/hardware.ts';
import type { Firmware } from '../../lab/machine.ts';
import { buildRamdisk } from '../../lab/ramdisk.ts';
import { userImage } from '../../lab/userImage.ts';
import { prepareDhcp, type DhcpMode } from './dhcpModes.ts';
import { nodesWith, type PowerType } from './powerTypes.ts';

const CACHE = join(import.meta.dirname, '..', '..', '.cache');

/** Machines, a conductor, and the DHCP around them. */
export type BootLab = AsyncDisposable & {
  /** Where the machines stand, and who gives addresses there. */
  readonly hardware: HardwareFacts;
  /** As they are to be enrolled. */
  readonly nodes: readonly HardwareNode[];
  readonly api: Api;
  /** `instance_info` for the lab's own image. */
  readonly instanceInfo: Readonly<Record<string, unknown>>;
};

/** What is to be otherwise than in a lab that works. */
export type Spoilt = {
  /** Of the lab; by default it is named after the DHCP mode and the power type. */
  readonly name?: string;
  readonly deployKernel?: string;
  /** `cloud`: an image with a boot loader, and a ramdisk that installs it. */
  readonly variant?: 'cloud';
  /** `full`: a ramdisk that hears switches. */
  readonly ramdisk?: 'full';
  /** Of the configuration, in place of what the DHCP mode needs. */
  readonly sections?: Readonly<Record<string, object>>;
};

/** Machines with disks of 3 GiB that `power` switches, and a conductor in the DHCP mode. */
export async function makeBootLab(
  { dhcp: mode, power }: { readonly dhcp: DhcpMode; readonly power: PowerType },
  firmware: readonly Firmware[],
  signal: AbortSignal,
  spoilt: Spoilt = {},
): Promise<BootLab> {
  const { name = `${mode}-${power}`, variant = 'plain' } = spoilt;
  const isCloud = variant === 'cloud';
  const ramdisk = await buildRamdisk(
    CACHE,
    () => {},
    signal,
    spoilt.ramdisk ?? (isCloud ? 'local' : 'plain'),
  );
  const cacheDir = join(CACHE, isCloud ? 'user-image-cloud' : 'user-image');
  const image = await userImage({ cacheDir, variant, signal });
  const stateDir = join(CACHE, 'boot', name);
  await mkdir(dirname(stateDir), { recursive: true });
  await using made = new AsyncDisposableStack();
  const hardware = made.use(
    await createHardware({
      name: `boot-${name}`,
      stateDir,
      nodes: firmware.length,
      firmware,
      memoryMib: 768,
      diskBytes: 3 * 1024 ** 3,
      libvirtCacheDir: join(CACHE, 'libvirt'),
    }),
  );
  const { place, sections, ...dhcp } = await prepareDhcp(mode, hardware);
  made.use(dhcp);
  const nodes = await nodesWith(power, hardware, made);
  const { api } = await startConductor(place, {
    deployKernel: spoilt.deployKernel ?? ramdisk.kernelPath,
    deployRamdisk: ramdisk.ramdiskPath,
    imageFolders: [dirname(image.rootPath)],
    ipxe: false,
    sections: spoilt.sections ?? sections,
    signal,
  });
  const url = (path: string): string => pathToFileURL(path).href;
  const instanceInfo = {
    image_source: url(image.rootPath),
    kernel: url(image.kernelPath),
    ramdisk: url(image.ramdiskPath),
    root_gb: 1,
  };
  const standing = made.move();
  return {
    hardware,
    nodes,
    api,
    instanceInfo,
    [Symbol.asyncDispose]: () => standing.disposeAsync(),
  };
}
