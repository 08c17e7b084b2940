import { openExt } from '../filesystems/ext/tree.ts';
import type { Content } from '../filesystems/signature.ts';
import { needsAppliance, type FileTree, type ReadBytes } from '../filesystems/tree.ts';
import { TreeFiles } from '../filesystems/treeFiles.ts';
import { openXfs } from '../filesystems/xfs/tree.ts';
import type { Mounted } from '../inspect/access.ts';
import type { Part, Volume } from '../inspect/layout.ts';
import type { DiskReader } from '../source/diskReader.ts';
import type { ByteRange } from '../values/bytes.ts';
import { replacement, type Patch, type ReplaceBytes } from './replace.ts';

export type { Patch, ReplaceBytes };

/** The file systems of an image, read in user space. Changes are collected, not made. */
export type UserSpaceAccess = {
  readonly mounted: readonly Mounted[];
  /** For one of the mounted; what it replaces is added to `patches`. */
  replaceBytes(root: Mounted): ReplaceBytes;
  /** Bytes to write over, counted from the start of the root's partition. */
  readonly patches: readonly Patch[];
};

/**
 * Opens the file systems of `parts` without the appliance: ext2/3/4 and XFS, on a partition or on a
 * linear volume, cleanly unmounted. All of them must be readable, so that nothing is chosen by what
 * was overlooked.
 * @throws ImageToolError APPLIANCE_NEEDED, with the reason
 */
export async function openInUserSpace(
  disk: DiskReader,
  parts: readonly Part[],
): Promise<UserSpaceAccess> {
  const opened = new Map<Mounted, Place & { readonly tree: TreeFiles }>();
  for (const place of parts.flatMap(placesOf)) {
    const { name, part, volume } = place;
    const read = readerOf(disk, part, place.range);
    const tree = new TreeFiles(name, await openTree(place, read), read);
    opened.set({ name, part, volume, btrfs: false, files: tree }, { ...place, tree });
  }
  const patches: Patch[] = [];
  return {
    mounted: [...opened.keys()],
    patches,
    replaceBytes: (root) => async (path, bytes) => {
      const place = opened.get(root);
      if (!place) throw new Error(`${root.name} is not open here`);
      patches.push(...(await replacement(place.tree, place.range, path, bytes)));
    },
  };
}

type Place = {
  readonly name: string;
  readonly part: Part;
  readonly volume: Volume | undefined;
  readonly content: Content;
  /** Within the partition. */
  readonly range: ByteRange;
};

function placesOf(part: Part): Place[] {
  const whole = { offsetBytes: 0, sizeBytes: part.sizeBytes };
  const name = `partition ${part.number}`;
  if (part.content !== 'lvm')
    return [{ name, part, volume: undefined, content: part.content, range: whole }];
  return part.volumes
    .filter(({ content }) => content !== 'swap')
    .map((volume) => placeOf(part, volume));
}

function placeOf(part: Part, volume: Volume): Place {
  const name = `${volume.group}/${volume.name}`;
  const { place: range, content } = volume;
  if ('notLinear' in range) throw needsAppliance(`the volume ${name}: ${range.notLinear}`);
  return { name, part, volume, content, range };
}

async function openTree({ name, content }: Place, read: ReadBytes): Promise<FileTree> {
  if (content === 'ext') return openExt(read);
  if (content === 'xfs') return openXfs(read);
  throw needsAppliance(`${name} holds ${content}, expected ext2/3/4 or XFS`);
}

/** Reads within `range` of a partition, never beyond it. */
function readerOf(disk: DiskReader, part: Part, range: ByteRange): ReadBytes {
  return (offsetBytes, sizeBytes) => {
    const left = Math.max(0, Math.min(sizeBytes, range.sizeBytes - offsetBytes));
    const at = part.offsetBytes + range.offsetBytes + offsetBytes;
    return disk.read({ offsetBytes: at, sizeBytes: left });
  };
}
