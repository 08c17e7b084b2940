import { IronpxeError } from '../../errors/error.ts';
import { formatBytes, MIB, roundUp } from '../../values/units.ts';
import type { DiskRequest } from './request.ts';
import type { Partition } from './types.ts';

/** The end of a GPT disk that holds the backup table: 33 sectors of 512, or 34 of 4096 bytes. */
export function backupGptBytes(blockSizeBytes: number): number {
  return blockSizeBytes === 512 ? 33 * 512 : 34 * blockSizeBytes;
}

const MAX_MSDOS_SECTORS = 2 ** 32 - 1;
const MAX_MSDOS_PARTITIONS = 4;
const ESP_MIB = 200;
const BIOS_GRUB_MIB = 1;

type Wanted = { readonly role: Partition['role']; readonly mib: number };

/**
 * The partitions of a partition image in Ironic's order: firmware's own, ephemeral, swap, config
 * drive, and root last so that it can grow. They lie end to end in whole MiB from the first MiB on.
 * `configDriveBytes` is 0 when there is none.
 * @throws IronpxeError DISK_TOO_SMALL, DISK_LAYOUT_INVALID
 */
export function layoutPartitions(
  request: DiskRequest,
  configDriveBytes: number,
): readonly Partition[] {
  const partitions: Partition[] = [];
  let offsetBytes = MIB;
  for (const { role, mib } of wantedPartitions(request, configDriveBytes)) {
    const lengthBytes = mib * MIB;
    partitions.push({ number: partitions.length + 1, role, offsetBytes, lengthBytes });
    offsetBytes += lengthBytes;
  }
  checkFit(request, partitions, offsetBytes);
  if (request.diskLabel === 'msdos') checkMsdos(request, partitions, offsetBytes);
  return partitions;
}

function wantedPartitions(request: DiskRequest, configDriveBytes: number): readonly Wanted[] {
  const { bootMode, localBoot, diskLabel } = request;
  const efi = localBoot && bootMode === 'uefi';
  const biosGrub = localBoot && bootMode === 'bios' && diskLabel === 'gpt';
  const all: readonly Wanted[] = [
    { role: 'efi', mib: efi ? ESP_MIB : 0 },
    { role: 'bios_grub', mib: biosGrub ? BIOS_GRUB_MIB : 0 },
    { role: 'ephemeral', mib: request.ephemeralGib * 1024 },
    { role: 'swap', mib: request.swapMib },
    { role: 'configdrive', mib: roundUp(configDriveBytes, MIB) / MIB },
    { role: 'root', mib: request.rootGib * 1024 },
  ];
  const bad = all.find(({ mib }) => !Number.isInteger(mib) || mib < 0);
  if (bad) throw invalid(`the ${bad.role} partition would have ${bad.mib} MiB`);
  if (request.rootGib === 0) throw invalid('the root partition would have 0 GiB');
  return all.filter(({ mib }) => mib > 0);
}

function invalid(found: string): IronpxeError {
  return new IronpxeError('DISK_LAYOUT_INVALID', `The disk cannot be laid out: ${found}.`);
}

function checkFit(request: DiskRequest, partitions: readonly Partition[], endBytes: number): void {
  const { diskSizeBytes, blockSizeBytes, diskLabel } = request;
  const reserved = diskLabel === 'gpt' ? backupGptBytes(blockSizeBytes) : 0;
  if (endBytes + reserved <= diskSizeBytes) return;
  const parts = partitions.map(({ role, lengthBytes }) => `${role} ${lengthBytes / MIB} MiB`);
  throw new IronpxeError(
    'DISK_TOO_SMALL',
    `The disk has ${diskSizeBytes} bytes (${formatBytes(diskSizeBytes)}), expected at least ` +
      `${endBytes + reserved} for the table and the partitions ${parts.join(', ')}.`,
  );
}

function checkMsdos(
  request: DiskRequest,
  partitions: readonly Partition[],
  endBytes: number,
): void {
  const count = partitions.length;
  if (count > MAX_MSDOS_PARTITIONS)
    throw invalid(`${count} partitions are wanted, an msdos table holds ${MAX_MSDOS_PARTITIONS}`);
  const sectors = endBytes / request.blockSizeBytes;
  if (sectors > MAX_MSDOS_SECTORS)
    throw invalid(
      `the partitions end at ${formatBytes(endBytes)}, an msdos table reaches to ` +
        formatBytes(MAX_MSDOS_SECTORS * request.blockSizeBytes),
    );
}
