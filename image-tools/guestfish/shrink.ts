import { ImageToolError } from '../errors/error.ts';
import type { Mounted, Shrunk } from '../inspect/access.ts';
import { MIB } from '../values/bytes.ts';
import type { GuestfishSession } from './session.ts';
import { copyInto } from './shrinkByCopy.ts';

/** Devices and folders in the appliance. */
export type ShrinkPlace = {
  /** Where the root is mounted, its device, and the disk that holds it. */
  readonly mountPoint: string;
  readonly device: string;
  readonly disk: string;
  /** An empty disk as large as the root's. */
  readonly spare: string;
};

const LVM_LABEL_BYTES = MIB;
export const EXTENT_BYTES = 4 * MIB;
const RESIZE_TIMEOUT_MS = 1_800_000;

/**
 * Makes the root as small as its data allows: ext file systems shrink where they are, XFS is copied
 * into a new one with the same features, UUID and label.
 * @throws ImageToolError CANNOT_SHRINK
 */
export async function shrinkRoot(
  session: GuestfishSession,
  root: Mounted,
  place: ShrinkPlace,
): Promise<Shrunk> {
  const content = root.volume?.content ?? root.part.content;
  refuseOtherVolumes(root);
  if (content === 'ext') return shrinkExt(session, root, place);
  if (content === 'xfs') return copyInto(session, root, place);
  throw new ImageToolError(
    'CANNOT_SHRINK',
    `The root ${root.name} is ${content}, expected ext or XFS.`,
  );
}

function refuseOtherVolumes({ part, volume }: Mounted): void {
  const others = part.volumes.filter(({ name }) => volume && name !== volume.name);
  if (others.length === 0) return;
  throw new ImageToolError(
    'CANNOT_SHRINK',
    `The volume group holds more than the root: ${others.map(({ name }) => name).join(', ')}.`,
  );
}

async function shrinkExt(
  session: GuestfishSession,
  { volume }: Mounted,
  { mountPoint, device, disk }: ShrinkPlace,
): Promise<Shrunk> {
  await session.command('umount', [mountPoint]);
  await session.command('e2fsck', [device, 'correct:true'], RESIZE_TIMEOUT_MS);
  await session.command('resize2fs-M', [device], RESIZE_TIMEOUT_MS);
  const bytes = await extSize(session, device);
  if (!volume) return { disk: 'same', sizeBytes: roundUp(bytes, MIB) };
  const volumeBytes = roundUp(bytes, EXTENT_BYTES);
  await session.command('lvresize', [device, String(volumeBytes / MIB)]);
  return { disk: 'same', sizeBytes: await shrinkPhysicalVolume(session, disk, volumeBytes) };
}

async function extSize(session: GuestfishSession, device: string): Promise<number> {
  const about = await session.command('tune2fs-l', [device]);
  const value = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(about)?.[1]);
  return value('Block count') * value('Block size');
}

/** Tells LVM that its disk ends after the volume. The disk itself is cut when the session is over. */
export async function shrinkPhysicalVolume(
  session: GuestfishSession,
  disk: string,
  volumeBytes: number,
): Promise<number> {
  const sizeBytes = LVM_LABEL_BYTES + volumeBytes + EXTENT_BYTES;
  await session.command('pvresize-size', [disk, String(sizeBytes)]);
  return sizeBytes;
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
