import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { convert } from '../../../image-tools/convert/convert.ts';
import { lockOutput, waitForLock } from '../../../image-tools/convert/lock.ts';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import { atomicPartitions } from '../support/systems.ts';
import { scratch, tinyImage } from '../support/tinyImage.ts';

const TOOL = new URL('../../../bin/atomic-to-pxe', import.meta.url).pathname;

const OUTPUTS = ['a-base', 'a-kernel', 'a-ramdisk', 'a.json'];

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

test('two conversions to one output at once: one makes it, the other says so', async (t) => {
  await using here = await prepared();
  const arguments_ = [here.image, '--output', here.outputDir, '--name', 'a', '--no-appliance'];
  const [one, other] = await Promise.all(
    [1, 2].map(() => execa(TOOL, [...arguments_, '--json'], { reject: false })),
  );
  const said = [one, other].map((each) => JSON.parse(String(each?.stdout)) as Said);
  // The slower one comes while the other works, or after it.
  t.is(said.filter(({ unchanged }) => unchanged === false).length, 1);
  t.is(
    said.filter((each) => each.unchanged === true || each.error?.code === 'OUTPUT_BUSY').length,
    1,
  );
  t.deepEqual((await readdir(here.outputDir)).sort(), OUTPUTS);
});

type Said = { readonly unchanged?: boolean; readonly error?: { readonly code: string } };

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

test('who waits for a lock gets it after the other, one at a time', async (t) => {
  await using folder = await scratch();
  const path = join(folder.path, 'lock');
  let held = 0;
  let times = 0;
  const hold = async () => {
    await using _lock = await waitForLock(path);
    t.is(++held, 1);
    await readdir(folder.path);
    times += 1;
    held -= 1;
  };
  await Promise.all([hold(), hold(), hold(), hold(), hold()]);
  t.is(times, 5);
  t.deepEqual(await readdir(folder.path), []);
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

const MOMENTS = ['checking the image', 'copying out', 'kernel:', 'fstab: removed'];

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  for (const moment of MOMENTS)
    test(`${signal} at "${moment}" leaves nothing behind`, async (t) => {
      await using here = await prepared();
      const ended = await runAndSignal(here, moment, signal);
      t.is(ended.exitCode, 130, ended.stderr);
      t.regex(ended.stderr, new RegExp(`Stopped by ${signal}`));
      t.deepEqual(await readdir(here.outputDir).catch(() => []), []);
    });

for (const moment of MOMENTS)
  test(`kill -9 at "${moment}": nothing that looks whole, and the next run makes it`, async (t) => {
    await using here = await prepared();
    const ended = await runAndSignal(here, moment, 'SIGKILL');
    t.is(ended.signal, 'SIGKILL', ended.stderr);
    const left: string[] = await readdir(here.outputDir).catch(() => []);
    t.deepEqual(
      left.filter((name) => OUTPUTS.includes(name)),
      [],
    );
    t.false((await convert(here.options)).unchanged);
    t.deepEqual((await readdir(here.outputDir)).sort(), OUTPUTS);
  });

/** Runs the tool, which gets the signal from itself when it prints `moment`, so never too late. */
async function runAndSignal(
  { image, outputDir }: { readonly image: string; readonly outputDir: string },
  moment: string,
  signal: NodeJS.Signals,
) {
  const hook = `const write = process.stderr.write; process.stderr.write = function (text, ...rest) {
    if (String(text).includes(${JSON.stringify(moment)})) process.kill(process.pid, '${signal}');
    return write.call(this, text, ...rest); };`;
  const url = `data:text/javascript,${encodeURIComponent(hook)}`;
  return execa(TOOL, [image, '--output', outputDir, '--name', 'a', '--no-appliance'], {
    reject: false,
    env: { NODE_OPTIONS: `--import=${url}` },
  });
}

test('checksums that were left out are added later, without converting again', async (t) => {
  await using here = await prepared();
  const { manifest, outputs } = await convert(here.options);
  t.is(manifest.base.sha256, undefined);
  const { ino } = await stat(outputs.base);
  const later = await convert({ ...here.options, checksums: 'md5' });
  t.true(later.unchanged && later.addedChecksums);
  t.is((await stat(outputs.base)).ino, ino);
  for (const part of ['kernel', 'ramdisk', 'base'] as const) {
    const [sha256, md5] = await Promise.all([
      sumBy('sha256sum', outputs[part]),
      sumBy('md5sum', outputs[part]),
    ]);
    t.like(later.manifest[part], { sha256, md5 });
  }
  t.deepEqual(
    JSON.parse(await readFile(outputs.manifest, 'utf8')),
    JSON.parse(JSON.stringify(later.manifest)),
  );
  const again = await convert({ ...here.options, checksums: 'sha256' });
  t.true(again.unchanged && !again.addedChecksums);
});

async function sumBy(program: string, path: string): Promise<string | undefined> {
  return (await execa(program, [path])).stdout.split(' ')[0];
}

for (const part of ['kernel', 'base'] as const)
  test(`no checksum is added to a ${part} that was changed since`, async (t) => {
    await using here = await prepared();
    const { manifest, outputs } = await convert({ ...here.options, format: 'raw' });
    const [[offset] = [0]] = part === 'base' ? manifest.base.extents.slice(-1) : [];
    await using file = await open(outputs[part], 'r+');
    await file.write(Buffer.from('x'), 0, 1, offset + 1);
    const error = await t.throwsAsync(
      convert({ ...here.options, checksums: 'sha256', format: 'raw' }),
    );
    t.true(hasImageCode(error, 'OUTPUT_CHANGED'), String(error));
    t.regex(error.message, new RegExp(`a-${part} is no longer`));
    const kept = JSON.parse(await readFile(outputs.manifest, 'utf8')) as typeof manifest;
    t.is(kept.base.sha256, undefined);
  });

test('what a killed run left is cleared by the next', async (t) => {
  await using here = await prepared();
  await convert(here.options);
  await mkdir(join(here.outputDir, '.a.partial'));
  await writeFile(join(here.outputDir, '.a.partial/root'), 'half');
  await writeFile(join(here.outputDir, '.a.lock'), '');
  t.true((await convert(here.options)).unchanged);
  t.deepEqual((await readdir(here.outputDir)).sort(), OUTPUTS);
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
