import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import { formatBytes, MIB, roundUp } from '../../values/units.ts';
import { arrangeExtents, freeSpace, sourceFiles } from './assemble.ts';
import { fileExtent, rangeOf } from './extents.ts';
import { makeFileSystem } from './fileSystems.ts';
import { imageExtents } from './imageExtents.ts';
import { layoutPartitions } from './layout.ts';
import { makeTable } from './partitionTable.ts';
import type { PlanOptions } from './planDisk.ts';
import type { Range } from './ranges.ts';
import type { DiskRequest } from './request.ts';
import { signatureRanges } from './signatures.ts';
import type { DiskPlan, Extent, Partition } from './types.ts';

const MAX_CONFIG_DRIVE_BYTES = 64 * MIB;

/** The plan for an image that holds one file system, which becomes the root partition. */
export async function planPartitions(request: DiskRequest, call: PlanOptions): Promise<DiskPlan> {
  const configDriveBytes = await configDriveSize(request);
  const partitions = layoutPartitions(request, configDriveBytes);
  checkImage(request);
  const contents: Extent[] = [];
  for (const partition of partitions)
    contents.push(...(await fill(request, partition, configDriveBytes, call)));
  const table = join(call.workDir, 'table.img');
  const commit = await makeTable(request, partitions, table, call.signal);
  const { diskSizeBytes } = request;
  const zeroWishes = wishes(request, partitions, contents);
  const extents = arrangeExtents({ diskSizeBytes, contents, zeroWishes, commit });
  const sources = await sourceFiles({ extents, commit });
  const { content } = request.image;
  const uuid = content.kind === 'filesystem' ? content.uuid : undefined;
  const rootDevice = uuid === undefined ? undefined : `UUID=${uuid}`;
  return {
    diskSizeBytes,
    extents,
    commit,
    sources,
    partitions,
    rootDevice,
    diskIdentifier: undefined,
  };
}

function checkImage({ image, rootGib }: DiskRequest): void {
  if (image.content.kind === 'disk')
    throw new IronpxeError(
      'IMAGE_KIND_MISMATCH',
      `Image "${image.path}" has a ${image.content.tableType} partition table, ` +
        'expected a single file system for the root partition.',
    );
  const rootBytes = rootGib * 1024 * MIB;
  if (image.virtualSizeBytes > rootBytes)
    throw new IronpxeError(
      'IMAGE_LARGER_THAN_ROOT',
      `Image "${image.path}" has ${image.virtualSizeBytes} bytes ` +
        `(${formatBytes(image.virtualSizeBytes)}), the root partition has ${rootBytes} ` +
        `(root_gb ${rootGib}).`,
    );
}

async function configDriveSize({ configDrive }: DiskRequest): Promise<number> {
  if (configDrive === undefined) return 0;
  const { size } = await stat(configDrive);
  if (size <= MAX_CONFIG_DRIVE_BYTES) return size;
  throw new IronpxeError(
    'CONFIG_DRIVE_TOO_LARGE',
    `The config drive has ${formatBytes(size)}, expected at most ${formatBytes(MAX_CONFIG_DRIVE_BYTES)}.`,
  );
}

async function fill(
  request: DiskRequest,
  partition: Partition,
  configDriveBytes: number,
  call: PlanOptions,
): Promise<readonly Extent[]> {
  const { role, offsetBytes: start } = partition;
  if (role === 'root') return imageExtents(request.image, start, request.blockSizeBytes);
  if (role === 'configdrive') {
    const end = start + roundUp(configDriveBytes, request.blockSizeBytes);
    return [fileExtent({ start, end }, request.configDrive ?? '', 0)];
  }
  const untouched = role === 'ephemeral' && request.preserveEphemeral;
  if (role === 'bios_grub' || untouched) return [];
  return makeFileSystem(request, { ...partition, role }, call);
}

/** What must be zero besides the holes of the contents: wherever old signatures could stand. */
function wishes(
  request: DiskRequest,
  partitions: readonly Partition[],
  contents: readonly Extent[],
): readonly Range[] {
  const places = partitions.map((partition) => ({ partition, place: placeOf(partition) }));
  const lastEnd = Math.max(...places.map(({ place }) => place.end));
  const free = freeSpace(lastEnd, request.diskSizeBytes).flatMap(signatureRanges);
  const inPartitions = places.flatMap(({ partition, place }) =>
    wishesOf(request, partition, place),
  );
  const imageEnd = Math.max(...contents.map((extent) => rangeOf(extent).end));
  // Behind the image: a file system that grows reads there first.
  return [...inPartitions, ...free, { start: imageEnd, end: Math.min(imageEnd + MIB, lastEnd) }];
}

function placeOf({ offsetBytes: start, lengthBytes }: Partition): Range {
  return { start, end: start + lengthBytes };
}

function wishesOf(request: DiskRequest, partition: Partition, place: Range): readonly Range[] {
  const { role } = partition;
  if (role === 'ephemeral' && request.preserveEphemeral) return [];
  const small = role === 'efi' || role === 'bios_grub' || role === 'configdrive';
  return small ? [place] : signatureRanges(place);
}
