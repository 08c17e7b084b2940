import type { ReadDisk } from '../source/diskReader.ts';
import { MIB, type ByteRange } from '../values/bytes.ts';
import { parsePvHeader, type PvHeader } from './label.ts';
import { currentMetadata } from './metadataArea.ts';
import { parseVolumeGroup, type LogicalVolume, type VolumeGroup } from './volumeGroup.ts';

/** A physical volume on the disk, with what its own metadata says of the whole group. */
export type FoundVolumeGroup = {
  readonly group: VolumeGroup;
  readonly header: PvHeader;
  /** The partition that it fills. */
  readonly place: ByteRange;
};

const MAX_AREA_BYTES = 16 * MIB;

/**
 * Reads the volume group of the physical volume in the partition `place`; undefined when the
 * volume belongs to no group. @throws ImageToolError SOURCE_DAMAGED
 */
export async function readVolumeGroup(
  read: ReadDisk,
  place: ByteRange,
  head: Buffer,
): Promise<FoundVolumeGroup | undefined> {
  const header = parsePvHeader(head);
  const area = header?.metadataAreas[0];
  if (!header || !area) return undefined;
  const sizeBytes = Math.min(area.sizeBytes, MAX_AREA_BYTES);
  const bytes = await read({ offsetBytes: place.offsetBytes + area.offsetBytes, sizeBytes });
  const text = currentMetadata(bytes, { ...area, sizeBytes });
  return text === undefined ? undefined : { group: parseVolumeGroup(text), header, place };
}

/**
 * Where a logical volume lies within its physical volume, if it is one linear stretch of it; why
 * not, otherwise.
 */
export function linearRange(
  found: FoundVolumeGroup,
  volume: LogicalVolume,
): ByteRange | { readonly notLinear: string } {
  const { group, header } = found;
  const [segment, ...more] = volume.segments;
  if (!segment || more.length > 0)
    return { notLinear: `it has ${volume.segments.length} segments` };
  const [stripe, ...others] = segment.stripes;
  if (segment.type !== 'striped' || !stripe || others.length > 0)
    return { notLinear: `its segment is of type ${segment.type}, not linear` };
  const pv = group.physicalVolumes.find(({ key }) => key === stripe.pv);
  if (!pv || pv.uuid !== header.uuid) return { notLinear: 'it lies on another physical volume' };
  return {
    offsetBytes: pv.firstExtentBytes + stripe.extent * group.extentBytes,
    sizeBytes: segment.extents * group.extentBytes,
  };
}

/** The device-mapper name of a logical volume: dashes are doubled. */
export function mapperPath(group: string, volume: string): string {
  return `/dev/mapper/${group.replaceAll('-', '--')}-${volume.replaceAll('-', '--')}`;
}
