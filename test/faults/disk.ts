import { mkdir, open, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extentsIn } from '../../conductor/deploy/plan/content.ts';
import { rangeOf } from '../../conductor/deploy/plan/extents.ts';
import { subtractRanges } from '../../conductor/deploy/plan/ranges.ts';
import type { DiskPlan } from '../../conductor/deploy/plan/types.ts';
import { Sources } from '../../conductor/deploy/writers/sources.ts';
import { run } from '../../conductor/process/run.ts';
import { GIB, MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';
import { Random } from '../deploy/support/random.ts';

export const DISK_BYTES = GIB + 64 * MIB;
const BLOCK_BYTES = 4 * MIB;
const GARBAGE = new Random(DISK_BYTES % 1000).bytes(BLOCK_BYTES);

/** A disk in memory whose space can be taken away: from then on, writes to new places fail. */
export class FaultDisk implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #isEmpty: boolean;

  private constructor(folder: string, isEmpty: boolean) {
    this.#folder = folder;
    this.path = join(folder, 'disk');
    this.#isEmpty = isEmpty;
  }

  /** `isEmpty`: without any block taken, instead of full of garbage. */
  static async make(folder: string, isEmpty: boolean): Promise<FaultDisk> {
    await mkdir(folder);
    const size = `size=${DISK_BYTES + 64 * MIB}`;
    await run('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder]);
    const disk = new FaultDisk(folder, isEmpty);
    if (isEmpty) await run('truncate', ['-s', String(DISK_BYTES), disk.path]);
    else await makeGarbageDisk(disk.path, DISK_BYTES);
    return disk;
  }

  /** Takes all space that is left, so that the loop device gets ENOSPC and its users EIO. */
  async breakWrites(): Promise<void> {
    for (let count = 0; ; count++) {
      const { bavail, bsize } = await statfs(this.#folder);
      if (bavail === 0) return;
      const ballast = join(this.#folder, `ballast${count}`);
      await run('fallocate', ['-l', String(bavail * bsize), ballast], { okCodes: [0, 1] });
    }
  }

  /** Flips a bit of what is stored, after all that was written has arrived there. */
  async flipBit(offsetBytes: number): Promise<void> {
    const { stdout } = await run('losetup', ['--noheadings', '-O', 'NAME', '-j', this.path]);
    await run('sync', [stdout.trim()]);
    await using file = await open(this.path, 'r+');
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offsetBytes);
    await file.write(Buffer.from([buffer.readUInt8(0) ^ 1]), 0, 1, offsetBytes);
  }

  /** Whether the first sector has the signature that makes firmware boot from the disk. */
  async looksBootable(): Promise<boolean> {
    await using file = await open(this.path);
    const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.readUInt16LE(510) === 0xaa55;
  }

  /**
   * Compares all of the disk: what the plan speaks of with its sources, the rest with what was
   * there before. @returns where it differs first
   */
  async differsFrom(plan: DiskPlan): Promise<number | undefined> {
    await using file = await open(this.path);
    await using sources = await Sources.open(plan);
    const found = Buffer.alloc(BLOCK_BYTES);
    const expected = Buffer.alloc(BLOCK_BYTES);
    for (const { source, targetOffsetBytes, lengthBytes } of this.#contentBy(plan)) {
      const isGarbage = source === 'garbage' && !this.#isEmpty;
      for (let done = 0; done < lengthBytes; done += BLOCK_BYTES) {
        const length = Math.min(BLOCK_BYTES, lengthBytes - done);
        const at = targetOffsetBytes + done;
        const wanted = expected.subarray(0, length).fill(0);
        if (isGarbage) fillWithGarbage(wanted, at);
        else if (source !== 'garbage' && source.kind === 'file')
          await sources.read(source.path, source.offsetBytes + done, wanted);
        await file.read(found, 0, length, at);
        if (!found.subarray(0, length).equals(wanted)) return at;
      }
    }
    return undefined;
  }

  /** What shall stand where: the commit lies over the zeros that were there before it. */
  #contentBy({ extents, commit }: DiskPlan) {
    const all = [{ start: 0, end: DISK_BYTES }];
    const committed = commit.map(rangeOf);
    const kept = extentsIn(extents, subtractRanges(all, committed));
    const rest = subtractRanges(all, [...committed, ...kept.map(rangeOf)]);
    const garbage = rest.map(({ start, end }) => ({
      targetOffsetBytes: start,
      lengthBytes: end - start,
      source: 'garbage' as const,
    }));
    return [...kept, ...commit, ...garbage];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', ['-l', this.#folder]);
  }
}

/** As {@link makeGarbageDisk} left it. */
function fillWithGarbage(wanted: Buffer, at: number): void {
  for (let done = 0; done < wanted.length;) {
    const from = (at + done) % BLOCK_BYTES;
    done += GARBAGE.copy(wanted, done, from, Math.min(BLOCK_BYTES, from + wanted.length - done));
  }
}

const DATA_MIB = 160;
/** What ext4 itself needs. */
const SPARE_MIB = 32;

/** A root image with data that no compression, hole or repetition helps with. */
export async function makeImages(folder: string, dataMib = DATA_MIB): Promise<void> {
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await run('dd', [
    'if=/dev/urandom',
    `of=${tree}/data`,
    'bs=1M',
    `count=${dataMib}`,
    'status=none',
  ]);
  const image = join(folder, 'root.img');
  await run('truncate', ['-s', `${dataMib + SPARE_MIB}M`, image]);
  await run('mkfs.ext4', ['-q', '-F', '-d', tree, image]);
  for (const name of ['kernel', 'ramdisk']) await writeFile(join(folder, name), name);
}
