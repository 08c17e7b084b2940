import { mkdir, readdir, rm } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { convert } from '../../image-tools/convert/convert.ts';
import type { ConvertEvent } from '../../image-tools/convert/events.ts';
import { hasImageCode } from '../../image-tools/errors/error.ts';
import { run } from '../../image-tools/process/run.ts';
import { MIB } from '../../image-tools/values/bytes.ts';
import { atomicPartitions } from '../image-tools/support/systems.ts';
import { scratch, tinyImage } from '../image-tools/support/tinyImage.ts';

/** Mounts a small file system of its own at `path`. */
async function smallDisk(path: string, sizeBytes: number): Promise<AsyncDisposable> {
  await mkdir(path);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  return {
    async [Symbol.asyncDispose]() {
      await run('umount', ['--lazy', path]);
    },
  };
}

/** Takes all that is free, as another program on the same disk may. */
function fill(path: string): void {
  const block = Buffer.alloc(MIB);
  for (const sizeBytes of [MIB, 4096, 1])
    try {
      for (;;) writeFileSync(join(path, 'another'), block.subarray(0, sizeBytes), { flag: 'a' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
}

const prepare = async () => {
  const folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  return { folder, image, small: join(folder.path, 'small') };
};

test('a folder too small from the start: what is needed and what is free, before any work', async (t) => {
  const { folder, image, small } = await prepare();
  await using _folder = folder;
  await using _disk = await smallDisk(small, 8 * MIB);
  const stages: string[] = [];
  const onEvent = (event: ConvertEvent) => stages.push(event.kind);
  const error = await t.throwsAsync(
    convert({ image, outputDir: small, name: 'a', appliance: false, onEvent }),
  );
  t.true(hasImageCode(error, 'OUTPUT_FULL'), String(error));
  t.regex(error.message, /has \d+ bytes free .* needs \d+/);
  t.false(stages.includes('progress'));
  t.deepEqual(await readdir(small), []);
});

const MOMENTS = [
  ['before the kernel is copied', 'system', 'raw'],
  ['before the root is packed', 'changes', 'qcow2'],
] as const;

for (const [when, kind, format] of MOMENTS)
  test(`a folder that fills up ${when}: said so, nothing left, and the next run works`, async (t) => {
    const { folder, image, small } = await prepare();
    await using _folder = folder;
    await using _disk = await smallDisk(small, 256 * MIB);
    const options = { image, outputDir: small, name: 'a', appliance: false, format } as const;
    const onEvent = (event: ConvertEvent) => {
      if (event.kind === kind) fill(small);
    };
    const error = await t.throwsAsync(convert({ ...options, onEvent }));
    t.true(hasImageCode(error, 'OUTPUT_FULL'), String(error));
    t.deepEqual(await readdir(small), ['another']);
    await rm(join(small, 'another'));
    t.false((await convert(options)).unchanged);
  });
