import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import { copyContent } from '../../images/readContent.ts';
import { run } from '../../process/run.ts';
import { formatBytes, MIB, roundUp } from '../../values/units.ts';
import { arrangeExtents, freeSpace, sourceFiles } from './assemble.ts';
import { imageExtents } from './imageExtents.ts';
import { tableExtents } from './partitionTable.ts';
import type { PlanOptions } from './planDisk.ts';
import type { DiskRequest } from './request.ts';
import { signatureRanges } from './signatures.ts';
import type { DiskPlan } from './types.ts';

/** The plan for an image that has a partition table of its own. */
export async function planWholeDisk(request: DiskRequest, call: PlanOptions): Promise<DiskPlan> {
  checkImage(request);
  const { image, diskSizeBytes, blockSizeBytes } = request;
  const { content } = image;
  const table = join(call.workDir, 'table.img');
  const moveBackup =
    content.kind === 'disk' && content.tableType === 'gpt' && blockSizeBytes === 512;
  await copyTable(request, table, moveBackup, call.signal);
  const diskLabel = moveBackup ? 'gpt' : 'msdos';
  const commit = tableExtents({ diskSizeBytes, blockSizeBytes, diskLabel }, table);
  const contents = imageExtents(image, 0, blockSizeBytes);
  const imageEnd = roundUp(image.virtualSizeBytes, blockSizeBytes);
  const zeroWishes = freeSpace(imageEnd, diskSizeBytes).flatMap(signatureRanges);
  const extents = arrangeExtents({ diskSizeBytes, contents, zeroWishes, commit });
  return {
    diskSizeBytes,
    extents,
    commit,
    sources: await sourceFiles({ extents, commit }),
    partitions: [],
    rootDevice: undefined,
    diskIdentifier: content.kind === 'disk' ? content.diskIdentifier : undefined,
  };
}

function checkImage({ image, diskSizeBytes, blockSizeBytes, configDrive }: DiskRequest): void {
  if (configDrive !== undefined)
    throw new IronpxeError(
      'DISK_LAYOUT_INVALID',
      'The disk cannot be laid out: a config drive was given with a whole-disk image.',
    );
  const size = image.virtualSizeBytes;
  if (size > diskSizeBytes)
    throw new IronpxeError(
      'IMAGE_LARGER_THAN_DISK',
      `Image "${image.path}" has ${size} bytes (${formatBytes(size)}), the disk has ` +
        `${diskSizeBytes} (${formatBytes(diskSizeBytes)}).`,
    );
  const { content } = image;
  if (content.kind !== 'disk' || content.sectorSizeBytes === blockSizeBytes) return;
  throw new IronpxeError(
    'DISK_SECTOR_SIZE_MISMATCH',
    `The partition table of image "${image.path}" counts sectors of ${content.sectorSizeBytes} ` +
      `bytes, the disk has sectors of ${blockSizeBytes}.`,
  );
}

/** Copies the start of the image, and for GPT its end too, whose backup table sfdisk then moves. */
async function copyTable(
  { image, diskSizeBytes }: DiskRequest,
  file: string,
  moveBackup: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  await rm(file, { force: true });
  await using table = await open(file, 'wx');
  await table.truncate(diskSizeBytes);
  await copyContent(image, 0, MIB, table);
  if (!moveBackup) return;
  await copyContent(
    image,
    Math.max(MIB, image.virtualSizeBytes - MIB),
    image.virtualSizeBytes,
    table,
  );
  const args = ['--no-reread', '--no-tell-kernel', '--relocate', 'gpt-bak-std', file];
  await run('sfdisk', args, { package: 'fdisk', ...(signal && { signal }) });
}
