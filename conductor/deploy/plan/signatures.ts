import { GIB, KIB, MIB } from '../../values/units.ts';
import { intersect, type Range } from './ranges.ts';

/**
 * Where signatures may stand after the start of a partition or disk: file systems and LVM within
 * 1 MiB, ZFS uberblocks to 512 KiB, VMFS at 1 and 2 MiB, the second header of LUKS2 up to 4 MiB.
 */
const HEAD_BYTES = 8 * MIB;

/**
 * Where they may stand before the end: backup GPT, md 0.90 and 1.0, ZFS (512 KiB), DDF and the
 * formats of RAID adapters (Promise is farthest, at 3087 sectors).
 */
export const SIGNATURE_TAIL_BYTES = 2 * MIB;

/** The second and third super block of btrfs, by distance from the start. */
const BTRFS_COPIES: readonly Range[] = [64 * MIB, 256 * GIB].map((start) => ({
  start,
  end: start + 64 * KIB,
}));

/**
 * The ranges in which something old could be taken for a file system, an LVM or RAID member or a
 * partition table on a partition (or on free space) of that place. What the plan does not fill
 * there must be zero; the rest of unused space is left as it is, because zeroing a whole disk can
 * take hours where the target cannot discard.
 */
export function signatureRanges(place: Range): readonly Range[] {
  const wanted: readonly Range[] = [
    { start: place.start, end: place.start + HEAD_BYTES },
    ...BTRFS_COPIES.map(({ start, end }) => ({
      start: place.start + start,
      end: place.start + end,
    })),
    { start: place.end - SIGNATURE_TAIL_BYTES, end: place.end },
  ];
  return wanted.flatMap((range) => intersect(range, place) ?? []);
}
