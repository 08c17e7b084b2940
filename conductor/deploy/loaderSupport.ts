import type { BootMode } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import type { ImageFacts } from '../images/types.ts';
import { ramdiskOf, sessionOf } from './ramdisk/link.ts';
import { recallDeploy } from './steps/deployData.ts';
import type { StepContext } from './steps/types.ts';

/**
 * How the machine starts, which is what its boot loader is for. Where nobody said it, a ramdisk
 * that takes commands knows. Before anything is written, it must be able to mount the system.
 * @throws IronpxeError BOOT_LOADER_UNSUPPORTED, RAMDISK_*
 */
export async function checkLoaderSupport(
  context: StepContext,
  image: ImageFacts,
  wished: BootMode | undefined,
  signal: AbortSignal,
): Promise<BootMode> {
  const { content } = image;
  if (content.kind !== 'filesystem' || content.uuid === undefined)
    throw unsupported(`Image "${image.path}" is no file system with a UUID`);
  // A classic ramdisk tells nothing before it tries.
  if (sessionOf(await recallDeploy(context)) === undefined) return wished ?? 'bios';
  const ramdisk = await ramdiskOf(context);
  const bootMode = wished ?? (await ramdisk.inventory({ signal })).boot.mode;
  const known = await ramdisk.fileSystems({ signal });
  const needed = [content.type, ...(bootMode === 'uefi' ? ['vfat'] : [])];
  const missing = needed.filter((name) => !known.includes(name));
  if (missing.length === 0) return bootMode;
  throw unsupported(
    `The ramdisk cannot mount ${missing.join(' and ')} (it knows ${known.join(', ') || 'nothing'})`,
  );
}

function unsupported(found: string): IronpxeError {
  const message = `${found}, so no boot loader can be installed for boot_option "local".`;
  return new IronpxeError('BOOT_LOADER_UNSUPPORTED', message);
}
