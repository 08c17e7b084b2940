import { IronpxeError } from '../../errors/error.ts';
import { formatBytes, MIB } from '../../values/units.ts';
import {
  addToGpt,
  type DiskSize,
  gptPartitions,
  gptUsableEnd,
  hasSoundGpt,
  moveGpt,
} from './gpt.ts';
import { addToMbr, mbrPartitions, mbrUsableEnd } from './mbr.ts';
import type { Range } from './ranges.ts';
import type { Partition } from './types.ts';

/** As in Ironic: a later, larger config drive fits in as well. */
export const CONFIG_DRIVE_BYTES = 64 * MIB;

/** An image's table as it is fitted to the disk. */
export type FittedTable = {
  /** The first MiB. */
  readonly head: Buffer;
  /** What stands at the disk's very end: a backup GPT. */
  readonly backup: Buffer | undefined;
  readonly configDrive: Partition | undefined;
};

type Kind = {
  usableEnd(head: Buffer, disk: DiskSize): number;
  partitions(head: Buffer, blockSizeBytes: number): readonly Range[];
  add(head: Buffer, place: Range, blockSizeBytes: number): number | undefined;
  readonly full: string;
};

const KINDS: Readonly<Record<'dos' | 'gpt', Kind>> = {
  dos: {
    usableEnd: (_, disk) => mbrUsableEnd(disk),
    partitions: mbrPartitions,
    add: addToMbr,
    full: 'its MBR has four partitions already',
  },
  gpt: {
    usableEnd: gptUsableEnd,
    partitions: gptPartitions,
    add: addToGpt,
    full: 'its GPT has no entry left',
  },
};

/**
 * Fits the table in the first MiB of a whole-disk image to a disk: a GPT's backup moves to the
 * disk's end, and a partition for a config drive is added in the last 64 MiB.
 * @throws IronpxeError IMAGE_CORRUPT, DISK_TOO_SMALL, DISK_LAYOUT_INVALID
 */
export function fitTable(
  image: { readonly path: string; readonly tableType: 'dos' | 'gpt'; readonly head: Buffer },
  disk: DiskSize,
  wantsConfigDrive: boolean,
): FittedTable {
  const { path, tableType } = image;
  const head = Buffer.from(image.head);
  if (tableType === 'gpt' && !hasSoundGpt(head, disk.blockSizeBytes))
    throw new IronpxeError(
      'IMAGE_CORRUPT',
      `Image "${path}": the checksums of the GPT at its start do not fit, expected a sound table.`,
    );
  const configDrive = wantsConfigDrive ? addConfigDrive(path, tableType, head, disk) : undefined;
  const backup = tableType === 'gpt' ? moveGpt(head, disk).backup : undefined;
  return { head, backup, configDrive };
}

function addConfigDrive(
  path: string,
  tableType: 'dos' | 'gpt',
  head: Buffer,
  disk: DiskSize,
): Partition {
  const kind = KINDS[tableType];
  const end = Math.floor(kind.usableEnd(head, disk) / MIB) * MIB;
  const place = { start: end - CONFIG_DRIVE_BYTES, end };
  const taken = kind.partitions(head, disk.blockSizeBytes).map((one) => one.end);
  const lastEnd = Math.max(MIB, ...taken);
  if (lastEnd > place.start)
    throw new IronpxeError(
      'DISK_TOO_SMALL',
      `The last partition of image "${path}" ends at byte ${lastEnd}, and a config drive needs ` +
        `${formatBytes(CONFIG_DRIVE_BYTES)} behind it up to byte ${end}.`,
    );
  const number = kind.add(head, place, disk.blockSizeBytes);
  if (number === undefined)
    throw new IronpxeError(
      'DISK_LAYOUT_INVALID',
      `Image "${path}" has no room for the partition of a config drive: ${kind.full}.`,
    );
  const { start: offsetBytes } = place;
  return { number, role: 'configdrive', offsetBytes, lengthBytes: CONFIG_DRIVE_BYTES };
}

/** The partitions that a disk's first MiB tells of. */
export function partitionsOf(head: Buffer, blockSizeBytes: number): readonly Range[] {
  const gpt = gptPartitions(head, blockSizeBytes);
  return gpt.length > 0 ? gpt : mbrPartitions(head, blockSizeBytes);
}
