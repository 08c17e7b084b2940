import { ImageToolError } from '../errors/error.ts';
import { identify, recognise, SIGNATURE_BYTES, type Content } from '../filesystems/signature.ts';
import { linearRange, mapperPath, readVolumeGroup } from '../lvm/read.ts';
import type { LogicalVolume, VolumeGroup } from '../lvm/volumeGroup.ts';
import type { DiskPartition, PartitionTable } from '../partitions/types.ts';
import type { ReadDisk } from '../source/diskReader.ts';
import type { ByteRange } from '../values/bytes.ts';

/** A logical volume of the image. */
export type Volume = {
  readonly group: string;
  readonly name: string;
  /** `/dev/mapper/group-name`, dashes doubled. */
  readonly device: string;
  readonly content: Content;
  readonly uuid?: string;
  readonly label?: string;
  /** Within its partition, if it is one linear stretch; otherwise why only LVM can read it. */
  readonly place: ByteRange | { readonly notLinear: string };
};

/** A partition and what it holds. */
export type Part = DiskPartition & {
  readonly content: Content;
  readonly uuidOfContent?: string;
  readonly labelOfContent?: string;
  /** Of an LVM physical volume only. */
  readonly volumes: readonly Volume[];
};

export type Layout = {
  readonly table: PartitionTable['label'];
  readonly sectorBytes: number;
  readonly parts: readonly Part[];
};

/** Looks at the start of every partition. @throws ImageToolError SOURCE_DAMAGED */
export async function readLayout(read: ReadDisk, table: PartitionTable): Promise<Layout> {
  const parts = await Promise.all(table.partitions.map((partition) => readPart(read, partition)));
  return { table: table.label, sectorBytes: table.sectorBytes, parts };
}

async function readPart(read: ReadDisk, partition: DiskPartition): Promise<Part> {
  const head = await readHead(read, partition);
  const content = recognise(head);
  const { uuid, label } = identify(content, head);
  return {
    ...partition,
    content,
    ...(uuid !== undefined && { uuidOfContent: uuid }),
    ...(label !== undefined && { labelOfContent: label }),
    volumes: content === 'lvm' ? await readVolumes(read, partition, head) : [],
  };
}

function readHead(read: ReadDisk, range: ByteRange): Promise<Buffer> {
  const sizeBytes = Math.min(SIGNATURE_BYTES, range.sizeBytes);
  return read({ offsetBytes: range.offsetBytes, sizeBytes });
}

async function readVolumes(read: ReadDisk, partition: ByteRange, head: Buffer): Promise<Volume[]> {
  const found = await readVolumeGroup(read, partition, head);
  if (!found) return [];
  refuseSpread(found.group);
  const visible = found.group.logicalVolumes.filter((volume) => volume.visible);
  return Promise.all(
    visible.map((volume) => {
      const place = linearRange(found, volume);
      return readVolume(read, partition, found.group.name, volume, place);
    }),
  );
}

function refuseSpread(group: VolumeGroup): void {
  if (group.physicalVolumes.length <= 1) return;
  throw new ImageToolError(
    'NO_ROOT',
    `The volume group ${group.name} lies on ${group.physicalVolumes.length} physical volumes; ` +
      'a netboot root image holds one.',
  );
}

async function readVolume(
  read: ReadDisk,
  partition: ByteRange,
  group: string,
  volume: LogicalVolume,
  place: Volume['place'],
): Promise<Volume> {
  const about = { group, name: volume.name, device: mapperPath(group, volume.name), place };
  if ('notLinear' in place) return { ...about, content: 'unknown' };
  const offsetBytes = partition.offsetBytes + place.offsetBytes;
  const head = await readHead(read, { offsetBytes, sizeBytes: place.sizeBytes });
  const content = recognise(head);
  return { ...about, content, ...identify(content, head) };
}
