import { randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import { formatBytes, MIB } from '../../values/units.ts';
import { arrangeExtents, freeSpace, sourceFiles } from './assemble.ts';
import { configDriveExtent, configDriveSize } from './configDrive.ts';
import { rangeOf } from './extents.ts';
import { makeFileSystem } from './fileSystems.ts';
import { imageExtents } from './imageExtents.ts';
import { layoutPartitions } from './layout.ts';
import { IDENTIFIER_AT, mbrIdentifier } from './mbr.ts';
import { makeTable } from './partitionTable.ts';
import type { PlanOptions } from './planDisk.ts';
import type { Range } from './ranges.ts';
import type { DiskRequest } from './request.ts';
import { signatureRanges } from './signatures.ts';
import type { DiskPlan, Extent, Partition } from './types.ts';

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
  const diskIdentifier = request.localBoot ? await identifierIn(table) : undefined;
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
    diskIdentifier,
  };
}

/** By which a network loader finds the disk to go on from; a GPT's protective MBR has none yet. */
async function identifierIn(table: string): Promise<string> {
  await using file = await open(table, 'r+');
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  if (buffer.readUInt32LE(IDENTIFIER_AT) === 0) {
    buffer.writeUInt32LE(randomInt(1, 2 ** 32), IDENTIFIER_AT);
    await file.write(buffer, 0, 512, 0);
  }
  return mbrIdentifier(buffer);
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

async function fill(
  request: DiskRequest,
  partition: Partition,
  configDriveBytes: number,
  call: PlanOptions,
): Promise<readonly Extent[]> {
  const { role, offsetBytes: start } = partition;
  if (role === 'root') return imageExtents(request.image, start, request.blockSizeBytes);
  if (role === 'configdrive') return [configDriveExtent(request, partition, configDriveBytes)];
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
