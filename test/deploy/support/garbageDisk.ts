import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { MIB } from '../../../conductor/values/units.ts';
import { Random } from './random.ts';

const MD_MAGIC = 0xa92b4efc;

/** Fills a new file with bytes other than zero, as a disk with a past. */
export async function makeGarbageDisk(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'wx');
  const pattern = new Random(sizeBytes % 1000).bytes(4 * MIB);
  for (let done = 0; done < sizeBytes; done += pattern.length)
    await file.write(pattern, 0, Math.min(pattern.length, sizeBytes - done), done);
}

/** Leaves what `wipefs` takes for a member of an md 1.0 array on a range. */
export async function leaveRaidMember(
  path: string,
  startBytes: number,
  endBytes: number,
): Promise<void> {
  await using file = await open(path, 'r+');
  const sizeSectors = (endBytes - startBytes) / 512;
  // md 1.0: at least 8 KiB from the end, aligned to 4 KiB.
  const sector = Math.floor((sizeSectors - 16) / 8) * 8;
  const superblock = Buffer.alloc(4096);
  superblock.writeUInt32LE(MD_MAGIC, 0);
  superblock.writeUInt32LE(1, 4);
  superblock.fill(0x5a, 16, 32);
  superblock.writeBigUInt64LE(BigInt(sector), 144);
  await file.write(superblock, 0, superblock.length, startBytes + sector * 512);
}

/** Leaves what `wipefs` takes for a physical volume of LVM, in the second sector of a range. */
export async function leavePhysicalVolume(path: string, startBytes: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(physicalVolumeLabel(), 0, 512, startBytes + 512);
}

/** The label of LVM2; its CRC starts from 0xf597a6cf, without inversion. */
export function physicalVolumeLabel(): Buffer {
  const label = Buffer.alloc(512);
  label.write('LABELONE', 0);
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write('LVM2 001', 24);
  label.write('0123456789abcdef0123456789abcdef', 32);
  label.writeUInt32LE(~crc32(label.subarray(20), ~0xf597a6cf >>> 0) >>> 0, 16);
  return label;
}
