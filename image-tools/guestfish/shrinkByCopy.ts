import { ImageToolError } from '../errors/error.ts';
import type { Mounted, Shrunk } from '../inspect/access.ts';
import { MIB } from '../values/bytes.ts';
import type { GuestfishSession } from './session.ts';
import { EXTENT_BYTES, roundUp, shrinkPhysicalVolume, type ShrinkPlace } from './shrink.ts';
import { parseXfsInfo, xfsMakeOptions } from './xfsFeatures.ts';

const NEW = '/shrunk';
const COPY_TIMEOUT_MS = 3_600_000;
/** mkfs.xfs makes nothing smaller than 300 MB, and a log of 64 MiB takes part of it. */
const SMALLEST_BYTES = 304 * MIB;
const LOG_BYTES = 64 * MIB;

/** Copies the root into a new, small XFS on the spare disk. @throws ImageToolError CANNOT_SHRINK */
export async function copyInto(
  session: GuestfishSession,
  root: Mounted,
  place: ShrinkPlace,
): Promise<Shrunk> {
  const usedBytes = await usedOf(session, place.mountPoint);
  const sizeBytes = roundUp(
    Math.max(SMALLEST_BYTES, usedBytes * 1.03 + LOG_BYTES + 24 * MIB),
    EXTENT_BYTES,
  );
  if (sizeBytes + 2 * EXTENT_BYTES >= root.part.sizeBytes)
    throw new ImageToolError(
      'CANNOT_SHRINK',
      `The root ${root.name} is as small as its data allows.`,
    );
  const source = root.volume ? await stepAside(session, root.volume.group, place) : place.device;
  const target = root.volume
    ? await makeVolume(session, root.volume, place.spare, sizeBytes)
    : place.spare;
  await makeXfs(session, root, source, target, place, sizeBytes);
  await session.command('mkmountpoint', [NEW]);
  // Both have the same UUID now, which XFS minds.
  await session.command('mount-options', ['nouuid', target, NEW]);
  await session.command('cp-a', [`${place.mountPoint}/.`, NEW], COPY_TIMEOUT_MS);
  await keepImmutable(session, root, place.mountPoint);
  await session.command('umount', [NEW]);
  const diskBytes = root.volume
    ? await shrinkPhysicalVolume(session, place.spare, sizeBytes)
    : sizeBytes;
  return { disk: 'spare', sizeBytes: diskBytes };
}

/** What the files take; XFS's own count of used blocks has reserves in it that a small one needs not. */
async function usedOf(session: GuestfishSession, mountPoint: string): Promise<number> {
  return Number((await session.command('du', [mountPoint], COPY_TIMEOUT_MS)).trim()) * 1024;
}

/** Two groups of one name cannot be active at once; the old one is thrown away in any case. */
async function stepAside(
  session: GuestfishSession,
  group: string,
  { mountPoint, device }: ShrinkPlace,
): Promise<string> {
  const aside = `old-${group}`;
  await session.command('umount', [mountPoint]);
  await session.command('vgrename', [group, aside]);
  const renamed = device.replace(`/dev/${group}/`, `/dev/${aside}/`);
  await session.command('mount-ro', [renamed, mountPoint]);
  return renamed;
}

async function makeVolume(
  session: GuestfishSession,
  { group, name }: { group: string; name: string },
  spare: string,
  sizeBytes: number,
): Promise<string> {
  await session.command('pvcreate', [spare]);
  await session.command('vgcreate', [group, spare]);
  await session.command('lvcreate', [name, group, String(sizeBytes / MIB)]);
  return `/dev/${group}/${name}`;
}

/** An old kernel reads only the features that it knows: the new file system gets those of the old. */
async function makeXfs(
  session: GuestfishSession,
  root: Mounted,
  source: string,
  target: string,
  { mountPoint }: ShrinkPlace,
  sizeBytes: number,
): Promise<void> {
  const info = parseXfsInfo(
    await session.command('debug', ['sh', `xfs_info /sysroot${mountPoint}`]),
  );
  const uuid = root.volume?.uuid ?? root.part.uuidOfContent;
  const label = root.volume?.label ?? root.part.labelOfContent;
  const size = root.volume ? [] : ['-d', `size=${sizeBytes}`];
  const options = [...xfsMakeOptions(info, { uuid, label }), ...size].join(' ');
  const said = await session.command('debug', [
    'sh',
    `mkfs.xfs -q -f ${options} ${target} 2>&1; echo status $?`,
  ]);
  if (/status 0\s*$/.test(said)) return;
  throw new ImageToolError(
    'CANNOT_SHRINK',
    `No new XFS could be made from ${source}: ${said.trim()}`,
  );
}

/** ostree marks its deployments immutable, and cp does not copy that. */
async function keepImmutable(
  session: GuestfishSession,
  root: Mounted,
  mountPoint: string,
): Promise<void> {
  const folders = ['/'];
  for (const os of await root.files.list('/ostree/deploy')) {
    const deployments = `/ostree/deploy/${os}/deploy`;
    for (const name of await root.files.list(deployments))
      if (!name.endsWith('.origin')) folders.push(`${deployments}/${name}`);
  }
  for (const folder of folders) {
    const attributes = await session.command('get-e2attrs', [mountPoint + folder]);
    if (attributes.includes('i')) await session.command('set-e2attrs', [NEW + folder, 'i']);
  }
}
