import { open } from 'node:fs/promises';
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
