import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import { copyContent } from '../../images/readContent.ts';
import { formatBytes, MIB, roundUp } from '../../values/units.ts';
import { arrangeExtents, freeSpace, sourceFiles } from './assemble.ts';
import { configDriveExtent, configDriveSize } from './configDrive.ts';
import { fileExtent, joinExtents, subtractFromExtents } from './extents.ts';
import { imageExtents } from './imageExtents.ts';
import { type FittedTable, fitTable } from './imageTable.ts';
import type { PlanOptions } from './planDisk.ts';
import type { DiskRequest } from './request.ts';
import { signatureRanges } from './signatures.ts';
import type { DiskPlan, Extent, Partition } from './types.ts';

/** The plan for an image that has a partition table of its own. */
export async function planWholeDisk(request: DiskRequest, call: PlanOptions): Promise<DiskPlan> {
  checkImage(request);
  const { image, diskSizeBytes, blockSizeBytes } = request;
  const { content } = image;
  const driveBytes = await configDriveSize(request);
  const table = join(call.workDir, 'table.img');
  const fitted = await fitToDisk(request, table);
  checkBootSector(request, fitted.head);
  const commit = await storeTable(fitted, diskSizeBytes, table);
  const drive = fitted.configDrive;
  const contents = contentsOf(request, drive, driveBytes);
  const imageEnd = roundUp(image.virtualSizeBytes, blockSizeBytes);
  const free = freeSpace(imageEnd, diskSizeBytes).flatMap(signatureRanges);
  const zeroWishes = drive ? [...free, placeOf(drive)] : free;
  const extents = arrangeExtents({ diskSizeBytes, contents, zeroWishes, commit });
  return {
    diskSizeBytes,
    extents,
    commit,
    sources: await sourceFiles({ extents, commit }),
    partitions: drive ? [drive] : [],
    rootDevice: undefined,
    diskIdentifier: content.kind === 'disk' ? content.diskIdentifier : undefined,
  };
}

/** The image, and in the place of what it has at the disk's end the config drive. */
function contentsOf(
  request: DiskRequest,
  drive: Partition | undefined,
  driveBytes: number,
): readonly Extent[] {
  const image = imageExtents(request.image, 0, request.blockSizeBytes);
  if (drive === undefined) return image;
  const rest = subtractFromExtents(joinExtents(image), [placeOf(drive)]);
  return [...rest, configDriveExtent(request, drive, driveBytes)];
}

function placeOf({ offsetBytes: start, lengthBytes }: Partition) {
  return { start, end: start + lengthBytes };
}

function checkImage({ image, diskSizeBytes, blockSizeBytes, configDrive }: DiskRequest): void {
  const size = image.virtualSizeBytes;
  if (size > diskSizeBytes)
    throw new IronpxeError(
      'IMAGE_LARGER_THAN_DISK',
      `Image "${image.path}" has ${size} bytes (${formatBytes(size)}), the disk has ` +
        `${diskSizeBytes} (${formatBytes(diskSizeBytes)}).`,
    );
  const { content } = image;
  if (content.kind !== 'disk' && configDrive !== undefined)
    throw new IronpxeError(
      'DISK_LAYOUT_INVALID',
      `Image "${image.path}" has no partition table, so a config drive finds no place on the disk.`,
    );
  if (content.kind !== 'disk' || content.sectorSizeBytes === blockSizeBytes) return;
  throw new IronpxeError(
    'DISK_SECTOR_SIZE_MISMATCH',
    `The partition table of image "${image.path}" counts sectors of ${content.sectorSizeBytes} ` +
      `bytes, the disk has sectors of ${blockSizeBytes}.`,
  );
}

/** A file system without a boot sector is the content of a partition; as a disk it boots nothing. */
function checkBootSector({ image: { path, content } }: DiskRequest, head: Buffer): void {
  const isPartition = content.kind === 'filesystem' || content.kind === 'lvm';
  if (!isPartition || head.readUInt16LE(510) === 0xaa55) return;
  const found =
    content.kind === 'filesystem'
      ? `a single ${content.type} file system`
      : 'a physical volume of LVM';
  throw new IronpxeError(
    'IMAGE_KIND_MISMATCH',
    `Image "${path}" is ${found} without a boot sector, expected a whole disk.`,
  );
}

/** Reads the image's first MiB by way of `file`, and fits the table in it to the disk. */
async function fitToDisk(request: DiskRequest, file: string): Promise<FittedTable> {
  const { image, diskSizeBytes, configDrive } = request;
  const { content, path } = image;
  const headBytes = Math.min(MIB, diskSizeBytes);
  await rm(file, { force: true });
  await using table = await open(file, 'wx+');
  await table.truncate(headBytes);
  await copyContent(image, 0, headBytes, table);
  const { buffer: head } = await table.read(Buffer.alloc(headBytes), 0, headBytes, 0);
  if (content.kind !== 'disk') return { head, backup: undefined, configDrive: undefined };
  return fitTable({ path, tableType: content.tableType, head }, request, configDrive !== undefined);
}

/** Keeps the table as it shall be in `file`, at its places on the disk. */
async function storeTable(
  { head, backup }: FittedTable,
  diskSizeBytes: number,
  file: string,
): Promise<readonly Extent[]> {
  await using table = await open(file, 'r+');
  await table.truncate(diskSizeBytes);
  await table.write(head, 0, head.length, 0);
  const first = fileExtent({ start: 0, end: head.length }, file, 0);
  if (backup === undefined) return [first];
  const start = diskSizeBytes - backup.length;
  await table.write(backup, 0, backup.length, start);
  return [fileExtent({ start, end: diskSizeBytes }, file, start), first];
}
