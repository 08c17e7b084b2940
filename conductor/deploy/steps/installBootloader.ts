import { IronpxeError } from '../../errors/error.ts';
import { operationDir } from '../places.ts';
import type { DiskPlan } from '../plan/types.ts';
import { loadPlan } from '../planFile.ts';
import { holdOn } from '../ramdisk/holdOn.ts';
import { ramdiskOf, sessionOf } from '../ramdisk/link.ts';
import type { LoaderPlace } from '../ramdisk/types.ts';
import { parseDeployRequest } from '../request.ts';
import { left, recallDeploy, rememberDeploy } from './deployData.ts';
import { sayDone } from './releaseRamdisk.ts';
import type { Step, StepContext } from './types.ts';
import { whileWaiting } from './whileWaiting.ts';

/** grub-install and grub-mkconfig together; a machine in emulation needs minutes. */
const TIMEOUT_MS = 20 * 60_000;

/**
 * Has the ramdisk install the boot loader that a partition image brings, for machines that shall
 * start from their disk. Nothing to do for all others.
 */
export const INSTALL_BOOTLOADER: Step = {
  name: 'install_bootloader',
  title: 'Installing the boot loader',
  async run(context) {
    if (!parseDeployRequest(await context.node()).installsLoader) return;
    if (sessionOf(await recallDeploy(context)) === undefined) return askClassic(context);
    const plan = await loadPlan(operationDir(context.services.config, context.operationUuid));
    await holdOn(context, (outer) => install(context, placeIn(plan), outer));
  },
};

async function install(context: StepContext, place: LoaderPlace, outer: AbortSignal) {
  const ramdisk = await ramdiskOf(context);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = AbortSignal.any([outer, timeout]);
  try {
    let said = '';
    for await (const line of ramdisk.installBootloader(place, { signal })) {
      if (line !== said) await context.observe('bootloader.progress', line);
      said = line;
    }
  } catch (error) {
    outer.throwIfAborted();
    if (timeout.aborted) throw tooSlow(TIMEOUT_MS, error);
    throw error;
  }
}

function placeIn({ partitions, rootDevice }: DiskPlan): LoaderPlace {
  const numberOf = (role: string) => partitions.find((one) => one.role === role)?.number;
  const espNumber = numberOf('efi');
  return {
    bootMode: espNumber === undefined ? 'bios' : 'uefi',
    rootNumber: left(numberOf('root'), 'root partition'),
    rootUuid: left(rootDevice, 'root device').replace(/^UUID=/, ''),
    espNumber,
  };
}

/** The classic way: "done", a POST to `pass_bootloader_install_info`, and later "done" again. */
async function askClassic(context: StepContext): Promise<void> {
  const { callback, loaderDeadlineMs } = await recallDeploy(context);
  const deadlineMs = loaderDeadlineMs ?? Date.now() + TIMEOUT_MS;
  if (loaderDeadlineMs === undefined) {
    await rememberDeploy(context, { loaderDeadlineMs: deadlineMs });
    await sayDone(left(callback, 'call-back').address, context.signal);
  }
  const look = async () => (await recallDeploy(context)).loader;
  const loader = await whileWaiting(context, () => context.until(look, deadlineMs));
  if (loader === undefined) throw tooSlow(TIMEOUT_MS);
  if (loader.status === 'SUCCEEDED') return;
  const message = `The ramdisk could not install the boot loader: ${loader.error || 'no reason'}.`;
  throw new IronpxeError('BOOT_LOADER_FAILED', message);
}

function tooSlow(timeoutMs: number, cause?: unknown): IronpxeError {
  const message = `The boot loader was not installed within ${timeoutMs / 60_000} min.`;
  return new IronpxeError('BOOT_LOADER_FAILED', message, { cause });
}
