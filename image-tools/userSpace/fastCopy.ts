import { hasImageCode } from '../errors/error.ts';
import type { Mounted } from '../inspect/access.ts';
import type { DiskReader } from '../source/diskReader.ts';
import { openInUserSpace } from './access.ts';

/**
 * Copies a file out of the image itself instead of through the appliance, which is many times
 * slower. False when the file system is not one that user space can read, or disagrees.
 */
export async function copyWithoutAppliance(
  disk: DiskReader,
  { part, name }: Mounted,
  path: string,
  hostPath: string,
): Promise<boolean> {
  try {
    const { mounted } = await openInUserSpace(disk, [part]);
    const files = mounted.find((each) => each.name === name)?.files;
    if ((await files?.kind(path)) !== 'file') return false;
    await files?.download(path, hostPath);
    return true;
  } catch (error) {
    if (hasImageCode(error, 'APPLIANCE_NEEDED')) return false;
    throw error;
  }
}
