import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { convert } from '../../../image-tools/convert/convert.ts';
import { lockOutput } from '../../../image-tools/convert/lock.ts';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import { atomicPartitions } from '../support/systems.ts';
import { scratch, tinyImage } from '../support/tinyImage.ts';

const TOOL = new URL('../../../bin/atomic-to-pxe', import.meta.url).pathname;

async function prepared() {
  const folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const outputDir = join(folder.path, 'out');
  const options = { image, outputDir, name: 'a', appliance: false } as const;
  return { image, outputDir, options, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('a rerun does nothing, and --force does it again', async (t) => {
  await using here = await prepared();
  const first = await convert(here.options);
  const made = await stat(first.outputs.base);
  const again = await convert(here.options);
  t.true(again.unchanged);
  t.deepEqual(again.manifest, JSON.parse(JSON.stringify(first.manifest)));
  t.is((await stat(first.outputs.base)).ino, made.ino);
  t.false((await convert({ ...here.options, force: true })).unchanged);
  t.not((await stat(first.outputs.base)).ino, made.ino);
});

test('other options, another image, or a missing part: refused without --force', async (t) => {
  await using here = await prepared();
  const { outputs } = await convert(here.options);
  const refused = async (options: Parameters<typeof convert>[0]) => {
    const error = await t.throwsAsync(convert(options));
    t.true(hasImageCode(error, 'OUTPUT_EXISTS'), String(error));
  };
  await refused({ ...here.options, deployment: 1 });
  await rm(outputs.kernel);
  await refused(here.options);
  await convert({ ...here.options, force: true });
  await utimes(here.image, 1, 1);
  await refused(here.options);
  t.deepEqual((await readdir(here.outputDir)).length, 4);
});

test('two conversions to one output: the second is told who holds it', async (t) => {
  await using here = await prepared();
  await convert(here.options);
  await using _lock = await lockOutput(join(here.outputDir, '.a.lock'));
  const error = await t.throwsAsync(convert({ ...here.options, force: true }));
  t.true(hasImageCode(error, 'OUTPUT_BUSY'));
  t.false((await convert({ ...here.options, name: 'b' })).unchanged);
});

test('of ten at once, one gets the lock, and it leaves nothing', async (t) => {
  await using folder = await scratch();
  const path = join(folder.path, 'lock');
  const tries = await Promise.allSettled(Array.from({ length: 10 }, () => lockOutput(path)));
  const got = tries.filter((each) => each.status === 'fulfilled');
  t.is(got.length, 1);
  for (const { value } of got) await value[Symbol.asyncDispose]();
  t.deepEqual(await readdir(folder.path), []);
  await using _again = await lockOutput(path);
});

test('a lock goes with the process that held it', async (t) => {
  await using folder = await scratch();
  const path = join(folder.path, 'lock');
  const script = `import { lockOutput } from '${new URL('../../../image-tools/convert/lock.ts', import.meta.url).href}';
await lockOutput(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1e6);`;
  const holder = execa(process.execPath, ['--input-type=module', '-e', script], { reject: false });
  await once(holder.stdout, 'data');
  await t.throwsAsync(lockOutput(path));
  holder.kill('SIGKILL');
  await holder;
  await using _mine = await lockOutput(path);
  t.pass();
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} in the middle leaves nothing behind`, async (t) => {
    await using here = await prepared();
    const tool = execa(
      TOOL,
      [here.image, '--output', here.outputDir, '--name', 'a', '--no-appliance'],
      {
        reject: false,
      },
    );
    // The first line comes when the work begins; the signal then meets one stage or another.
    tool.stderr.once('data', () => tool.kill(signal));
    const ended = await tool;
    t.is(ended.exitCode, 130, ended.stderr);
    t.regex(ended.stderr, new RegExp(`Stopped by ${signal}`));
    t.deepEqual(await readdir(here.outputDir).catch(() => []), []);
  });

test('what a killed run left is cleared by the next', async (t) => {
  await using here = await prepared();
  await convert(here.options);
  await mkdir(join(here.outputDir, '.a.partial'));
  await writeFile(join(here.outputDir, '.a.partial/root'), 'half');
  await writeFile(join(here.outputDir, '.a.lock'), '');
  t.true((await convert(here.options)).unchanged);
  t.deepEqual((await readdir(here.outputDir)).sort(), [
    'a-base',
    'a-kernel',
    'a-ramdisk',
    'a.json',
  ]);
});

test('an output folder that is a file', async (t) => {
  await using here = await prepared();
  await writeFile(here.outputDir, '');
  const error = await t.throwsAsync(convert(here.options));
  t.true(hasImageCode(error, 'OUTPUT_UNWRITABLE'));
});

test('the source is not touched', async (t) => {
  await using here = await prepared();
  const before = await readFile(here.image);
  const { mtimeMs } = await stat(here.image);
  await convert(here.options);
  t.true((await readFile(here.image)).equals(before));
  t.is((await stat(here.image)).mtimeMs, mtimeMs);
});
