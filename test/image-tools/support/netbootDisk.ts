import { open } from 'node:fs/promises';
import type { Manifest } from '../../../image-tools/convert/manifest.ts';
import { run } from '../../../image-tools/process/run.ts';
import { MIB } from '../../../image-tools/values/bytes.ts';

const BLOCK_BYTES = 4 * MIB;

/**
 * A fresh disk as a deploy makes it: an MBR with one partition from 1 MiB on, and in it the base
 * image, of which only the extents of the manifest are copied (so they are proved to be complete).
 */
export async function makeNetbootDisk(
  disk: string,
  basePath: string,
  base: Manifest['base'],
): Promise<void> {
  const target = await open(disk, 'w');
  const source = await open(basePath, 'r');
  try {
    await target.truncate(base.virtualSizeBytes + 2 * MIB);
    const block = Buffer.alloc(BLOCK_BYTES);
    for (const [offset, length] of base.extents)
      for (let at = offset; at < offset + length; at += BLOCK_BYTES) {
        const { bytesRead } = await source.read(
          block,
          0,
          Math.min(BLOCK_BYTES, offset + length - at),
          at,
        );
        await target.write(block, 0, bytesRead, MIB + at);
      }
  } finally {
    await source.close();
    await target.close();
  }
  await run('sfdisk', ['--quiet', disk], { input: 'label: dos\nstart=2048, type=83\n' });
}
