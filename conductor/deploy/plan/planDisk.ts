import { mkdir } from 'node:fs/promises';
import { planPartitions } from './planPartitions.ts';
import { planWholeDisk } from './planWholeDisk.ts';
import type { DiskRequest } from './request.ts';
import type { DiskPlan } from './types.ts';

export type PlanOptions = {
  /** Folder for the sparse files that the plan refers to; made where missing, kept by the caller. */
  readonly workDir: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Plans all that is written to a disk. Tables and file systems come from the usual tools, run on
 * sparse files in `workDir`; UUIDs are new with each call, so a plan is made once and kept.
 * Zeroed are: the holes of the image and of what the tools wrote; the first MiB and the disk's end
 * before anything else; and wherever else in partitions and free space an old signature could
 * stand. Other unused space is left as it is.
 * @throws IronpxeError DISK_TOO_SMALL, DISK_LAYOUT_INVALID, DISK_SECTOR_SIZE_MISMATCH,
 *   IMAGE_LARGER_THAN_ROOT, IMAGE_LARGER_THAN_DISK, IMAGE_KIND_MISMATCH, IMAGE_CORRUPT,
 *   CONFIG_DRIVE_TOO_LARGE
 */
export async function planDisk(request: DiskRequest, options: PlanOptions): Promise<DiskPlan> {
  const { diskSizeBytes, blockSizeBytes, wholeDisk } = request;
  if (diskSizeBytes % blockSizeBytes !== 0)
    throw new Error(`A disk of ${diskSizeBytes} bytes has no whole blocks of ${blockSizeBytes}.`);
  await mkdir(options.workDir, { recursive: true });
  return wholeDisk ? planWholeDisk(request, options) : planPartitions(request, options);
}
