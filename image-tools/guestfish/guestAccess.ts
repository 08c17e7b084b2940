import type { ExtractedPart, GuestAccess, Mounted } from '../inspect/access.ts';
import type { Part, Volume } from '../inspect/layout.ts';
import type { Content } from '../filesystems/signature.ts';
import { hasImageCode } from '../errors/error.ts';
import { launchAppliance, type LaunchOptions } from './appliance.ts';
import { GuestFiles } from './guestFiles.ts';
import type { GuestfishSession } from './session.ts';
import { shrinkRoot, type ShrinkPlace } from './shrink.ts';

const MOUNTABLE: readonly Content[] = ['ext', 'xfs', 'btrfs', 'vfat'];

export type AccessOptions = Omit<LaunchOptions, 'disks'> & {
  /** An empty file as large as any part, when the root is to be made smaller. */
  readonly sparePath?: string | undefined;
};

/**
 * Mounts every file system of the extracted partitions in one appliance.
 * @throws ImageToolError as {@link launchAppliance}, GUEST_COMMAND_FAILED
 */
export async function openInAppliance(
  parts: readonly ExtractedPart[],
  options: AccessOptions,
): Promise<GuestAccess> {
  const { sparePath } = options;
  const spareDisk = sparePath === undefined ? [] : [{ path: sparePath }];
  const session = await launchAppliance({ ...options, disks: [...parts, ...spareDisk] });
  try {
    const places = await mountAll(session, parts);
    return access(session, places, diskName(parts.length));
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

type Place = Omit<ShrinkPlace, 'spare'> & { readonly files: GuestFiles };
type Places = ReadonlyMap<Mounted, Place>;

function access(session: GuestfishSession, places: Places, spare: string): GuestAccess {
  const placeOf = (root: Mounted): Place => {
    const place = places.get(root);
    if (place) return place;
    throw new Error(`${root.name} is not mounted here`);
  };
  return {
    mounted: [...places.keys()],
    editable: (root) => placeOf(root).files,
    shrink: (root) => shrinkRoot(session, root, { ...placeOf(root), spare }),
    settle: () => session.settle(),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** The disks of the appliance are /dev/sda, /dev/sdb, … in the order in which they were added. */
function diskName(index: number): string {
  return `/dev/sd${'abcdefghijklmnopqrstuvwxyz'.charAt(index)}`;
}

async function mountAll(
  session: GuestfishSession,
  parts: readonly ExtractedPart[],
): Promise<Places> {
  const places = new Map<Mounted, Place>();
  for (const [index, { part }] of parts.entries()) {
    const disk = diskName(index);
    for (const each of deviceList(part, disk)) {
      if (!(await isMountable(session, each))) continue;
      const mountPoint = `/volume-${places.size}`;
      await session.command('mkmountpoint', [mountPoint]);
      await session.command('mount', [each.device, mountPoint]);
      const { name, device, content, volume } = each;
      const files = new GuestFiles(session, name, mountPoint);
      const mounted = { name, part, volume, btrfs: content === 'btrfs', files };
      places.set(mounted, { mountPoint, device, disk, files });
    }
  }
  return places;
}

type Device = {
  readonly name: string;
  readonly device: string;
  readonly content: Content;
  readonly volume: Volume | undefined;
};

function deviceList(part: Part, disk: string): Device[] {
  if (part.content !== 'lvm')
    return [
      { name: `partition ${part.number}`, device: disk, content: part.content, volume: undefined },
    ];
  return part.volumes.map((volume) => ({
    name: `${volume.group}/${volume.name}`,
    device: `/dev/${volume.group}/${volume.name}`,
    content: volume.content,
    volume,
  }));
}

/** What could not be recognised from outside (thin volumes), the appliance is asked for. */
async function isMountable(
  session: GuestfishSession,
  { device, content, volume }: Device,
): Promise<boolean> {
  if (content !== 'unknown' || !volume) return MOUNTABLE.includes(content);
  try {
    return /^(ext\d|xfs|btrfs)\s*$/.test(await session.command('vfs-type', [device]));
  } catch (error) {
    // The pool of thin volumes has no device of its own.
    if (hasImageCode(error, 'GUEST_COMMAND_FAILED') && /No such file/.test(error.message))
      return false;
    throw error;
  }
}
