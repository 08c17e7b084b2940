import { stat } from 'node:fs/promises';
import { IronpxeError } from '../../errors/error.ts';
import { formatBytes, roundUp } from '../../values/units.ts';
import { fileExtent } from './extents.ts';
import { CONFIG_DRIVE_BYTES } from './imageTable.ts';
import type { DiskRequest } from './request.ts';
import type { Extent, Partition } from './types.ts';

/**
 * The length of the config drive's file in bytes; 0 without one.
 * @throws IronpxeError CONFIG_DRIVE_TOO_LARGE
 */
export async function configDriveSize({ configDrive }: DiskRequest): Promise<number> {
  if (configDrive === undefined) return 0;
  const { size } = await stat(configDrive);
  if (size <= CONFIG_DRIVE_BYTES) return size;
  throw new IronpxeError(
    'CONFIG_DRIVE_TOO_LARGE',
    `The config drive has ${formatBytes(size)}, expected at most ${formatBytes(CONFIG_DRIVE_BYTES)}.`,
  );
}

/** The config drive at the start of its partition. */
export function configDriveExtent(
  { configDrive = '', blockSizeBytes }: DiskRequest,
  { offsetBytes: start }: Partition,
  sizeBytes: number,
): Extent {
  const end = start + roundUp(sizeBytes, blockSizeBytes);
  return fileExtent({ start, end }, configDrive, 0);
}
