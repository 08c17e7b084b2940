import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { convert } from '../../image-tools/convert/convert.ts';
import type { ConvertResult } from '../../image-tools/convert/types.ts';
import { hasImageCode } from '../../image-tools/errors/error.ts';
import { atomicImage, FIXTURE_CACHE } from '../../image-tools/fixture/image.ts';
import { run } from '../../image-tools/process/run.ts';
import { openDisk } from '../../image-tools/source/diskReader.ts';
import { openSource } from '../../image-tools/source/source.ts';
import { findSystem } from '../../image-tools/inspect/system.ts';
import { lookAtDisk } from '../../image-tools/convert/lookAtDisk.ts';
import { candidateParts } from '../../image-tools/convert/candidates.ts';
import { openInUserSpace } from '../../image-tools/userSpace/access.ts';
import { MIB } from '../../image-tools/values/bytes.ts';
import { bootMachine, type Machine } from '../image-tools/support/console.ts';
import { makeNetbootDisk } from '../image-tools/support/netbootDisk.ts';
import {
  atomicPartitions,
  cloudRoot,
  coreosPartitions,
  DEBIAN_GRUB,
  fedoraBoot,
  fedoraRoot,
  KERNEL,
  RAMDISK,
} from '../image-tools/support/systems.ts';
import { scratch, tinyImage, type TinyPartition } from '../image-tools/support/tinyImage.ts';

const TOOL = join(import.meta.dirname, '../../bin/atomic-to-pxe');
const BOOT_TIMEOUT_MS = 600_000;
const COMMAND_TIMEOUT_MS = 180_000;
const ANSWER_TIMEOUT_MS = 20_000;
const END = 'that-is-all';
/** The quotes keep the mark out of the echo of the command. */
const QUESTIONS = [
  'ostree admin status && echo status good',
  'findmnt -n /',
  'echo fstab $(grep -c /boot /etc/fstab) failed $(systemctl --failed --no-legend | wc -l)',
  'echo that-is-""all',
].join('; ');

/** Boots what was written, as a node does after a deploy, and asks the host about itself. */
async function bootAndAsk({ outputs, manifest }: ConvertResult, folder: string): Promise<string> {
  const disk = join(folder, 'node.raw');
  await makeNetbootDisk(disk, outputs.base, manifest.base);
  const { kernel, ramdisk } = outputs;
  await using machine = bootMachine({ kernel, ramdisk, line: manifest.boot.line, disk });
  await machine.waitFor('login: ', BOOT_TIMEOUT_MS);
  machine.type('root');
  await machine.waitFor('assword: ', COMMAND_TIMEOUT_MS);
  machine.type('ironpxe');
  await machine.waitFor('# ', COMMAND_TIMEOUT_MS);
  return await ask(machine);
}

/** A shell that is just setting up its terminal loses what is typed, so it is asked again. */
async function ask(machine: Machine): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    machine.type(QUESTIONS);
    try {
      return await machine.waitFor(END, ANSWER_TIMEOUT_MS);
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
}

const WALKS: readonly [string, { gpt?: boolean }, Partial<Parameters<typeof convert>[0]>][] = [
  ['the image of 2014, through libguestfs', {}, {}],
  ['a GPT image, without the appliance', { gpt: true }, { appliance: false }],
  ['a GPT image, made as small as can be', { gpt: true }, { shrink: true }],
];

for (const [what, fixture, options] of WALKS)
  test.serial(`${what}: boots from its LVM root, ostree knows its deployment`, async (t) => {
    t.timeout(1_800_000);
    await using folder = await scratch();
    const image = await atomicImage({ ...fixture, say: (line) => t.log(line) });
    const before = (await stat(image)).mtimeMs;
    const result = await convert({
      image,
      outputDir: join(folder.path, 'out'),
      name: 'atomic',
      checksums: 'data',
      ...options,
    });
    t.is((await stat(image)).mtimeMs, before);
    t.is(result.manifest.lvm?.group, 'atomicos');
    t.true(result.manifest.changes.some((change) => change.what.includes('/boot ')));
    if (options.shrink) t.true(result.manifest.base.virtualSizeBytes < 700 * MIB);
    const said = await bootAndAsk(result, folder.path);
    t.regex(said, /\* debian-atomic [0-9a-f]{64}\.0/);
    t.regex(said, /status good/);
    t.regex(said, /atomicos-root/);
    t.regex(said, /fstab 0 failed 0/, said);
  });

test.serial('our reading of LVM, ext4 and XFS agrees with what the real tools wrote', async (t) => {
  const image = await atomicImage();
  await using look = await lookAtDisk(await openSource(image), {
    image,
    outputDir: '/',
    name: 'x',
  });
  const { mounted } = await openInUserSpace(look.disk, candidateParts(look.layout));
  const system = await findSystem(mounted);
  const home = system.deployment?.path ?? '';
  const tree = (await readdir(FIXTURE_CACHE)).find((name) => name.startsWith('tree-')) ?? '';
  const repo = `--repo=${join(FIXTURE_CACHE, tree)}`;
  const { stdout } = await run('ostree', [
    repo,
    'ls',
    system.deployment?.checksum ?? '',
    '/usr/bin',
  ]);
  const names = stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => /\/usr\/bin\/(\S+)/.exec(line)?.[1] ?? '');
  t.true(names.length > 200);
  t.deepEqual([...(await system.root.files.list(`${home}/usr/bin`))], names.sort());
  for (const path of [
    '/usr/lib/os-release',
    '/usr/bin/dpkg',
    '/usr/lib/tmpfiles.d/atomic-layout.conf',
  ]) {
    const wanted = execFileSync('ostree', [repo, 'cat', system.deployment?.checksum ?? '', path], {
      maxBuffer: 64 * MIB,
    });
    await using folder = await scratch();
    await system.root.files.download(home + path, join(folder.path, 'file'));
    t.true((await readFile(join(folder.path, 'file'))).equals(wanted), path);
  }
});

test.serial('libguestfs and user space find and write the same', async (t) => {
  t.timeout(600_000);
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions({ root: 'lvm-xfs' }) });
  const options = { image, outputDir: folder.path, checksums: 'data' } as const;
  const guest = (await convert({ ...options, name: 'guest' })).manifest;
  const user = (await convert({ ...options, name: 'user', appliance: false })).manifest;
  t.deepEqual(guest.boot, user.boot);
  t.deepEqual(guest.ostree, user.ostree);
  t.deepEqual(guest.os, user.os);
  t.is(guest.kernel.sha256, user.kernel.sha256);
  t.deepEqual(
    guest.changes.filter(({ path }) => path.endsWith('fstab')),
    user.changes.filter(({ path }) => path.endsWith('fstab')),
  );
});

const PLAIN: readonly [string, readonly TinyPartition[], string, string][] = [
  ['a plain XFS root', [{ content: 'xfs', files: cloudRoot(DEBIAN_GRUB) }], 'xfs', '/etc/fstab'],
  [
    'a btrfs root in a subvolume, as Fedora has it',
    [
      { content: 'ext4', files: fedoraBoot() },
      { content: 'btrfs', files: fedoraRoot('/root') },
    ],
    'btrfs',
    '/root/etc/fstab',
  ],
];

for (const [what, partitions, fileSystem, fstab] of PLAIN)
  test.serial(`through libguestfs: ${what}`, async (t) => {
    t.timeout(600_000);
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { label: 'gpt', partitions });
    const outputDir = join(folder.path, 'out');
    const { manifest, outputs } = await convert({ image, outputDir, name: 'a' });
    t.is(manifest.base.content, 'file-system');
    t.is(manifest.base.fileSystem, fileSystem);
    t.deepEqual([...new Set(manifest.changes.map(({ path }) => path))], [fstab]);
    t.regex(manifest.boot.root ?? '', /^UUID=[0-9a-f-]{36}$/);
    t.deepEqual(await readFile(outputs.kernel), KERNEL);
    t.deepEqual(await readFile(outputs.ramdisk), RAMDISK);
  });

test.serial('through libguestfs: CoreOS, whose root cannot be changed at its top', async (t) => {
  t.timeout(600_000);
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { label: 'gpt', partitions: coreosPartitions() });
  const { manifest, outputs } = await convert({ image, outputDir: folder.path, name: 'c' });
  t.deepEqual(manifest.changes, [{ path: '/boot/loader', what: 'carried over from partition 3' }]);
  const look = (command: string) =>
    execFileSync('debugfs', ['-R', command, outputs.base], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  t.regex(look('ls -p /boot'), /\/loader\//);
  t.regex(look('cat /boot/loader.1/entries/ostree-2-atomic.conf'), /^title Atomic 2/);
});

for (const signal of ['SIGINT', 'SIGKILL'] as const)
  test.serial(
    `${signal} while the appliance runs: it ends too, and the next run works`,
    async (t) => {
      t.timeout(600_000);
      await using folder = await scratch();
      const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
      const outputDir = join(folder.path, 'out');
      const tool = execa(TOOL, [image, '--output', outputDir, '--name', 'a'], { reject: false });
      await untilRunning(outputDir);
      tool.kill(signal);
      const ended = await tool;
      if (signal === 'SIGINT') {
        t.is(ended.exitCode, 130, ended.stderr);
        t.deepEqual(await readdir(outputDir), []);
      }
      await untilEnded(outputDir);
      const { unchanged } = await convert({ image, outputDir, name: 'a', appliance: false });
      t.false(unchanged);
      t.is((await readdir(outputDir)).length, 4);
    },
  );

/** The processes of QEMU that have files below `folder` on their command line. */
async function machinesOn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
    if (/^[^\0]*qemu/.test(line) && line.includes(folder)) found.push(pid);
  }
  return found;
}

async function untilRunning(folder: string): Promise<void> {
  while ((await machinesOn(folder)).length === 0) await delay(100);
}

async function untilEnded(folder: string): Promise<void> {
  while ((await machinesOn(folder)).length > 0) await delay(100);
}

test.serial('--edit through libguestfs, and --shrink', async (t) => {
  t.timeout(600_000);
  await using folder = await scratch();
  const partitions = [{ content: 'ext4', files: cloudRoot(DEBIAN_GRUB) }] as const;
  const image = await tinyImage(folder.path, { label: 'gpt', partitions });
  const { outputs, manifest } = await convert({
    image,
    outputDir: join(folder.path, 'out'),
    name: 'd',
    shrink: true,
    edits: [
      { action: 'write', path: '/etc/motd', text: 'netbooted\n' },
      { action: 'append', path: '/etc/motd', text: 'twice\n' },
      { action: 'mkdir', path: '/etc/conf.d' },
      { action: 'symlink', path: '/etc/conf.d/motd', target: '../motd' },
      { action: 'chmod', path: '/etc/motd', mode: 0o600 },
      { action: 'delete', path: '/usr/lib/os-release' },
    ],
  });
  t.true(manifest.base.virtualSizeBytes < 16 * MIB);
  const look = (command: string) =>
    execFileSync('debugfs', ['-R', command, outputs.base], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  t.is(look('cat /etc/motd'), 'netbooted\ntwice\n');
  t.regex(look('stat /etc/motd'), /Mode: {2}0600/);
  t.regex(look('stat /etc/conf.d/motd'), /Fast link dest: "\.\.\/motd"/);
  t.notRegex(look('ls /usr/lib'), /os-release/);
  t.notRegex(look('cat /etc/fstab'), /boot/);
  execFileSync('e2fsck', ['-fn', outputs.base], { stdio: 'ignore' });
});

test.serial(
  'a host that libguestfs fails on: what failed, the output kept, the way out',
  async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
    const out = join(folder.path, 'out');
    const ended = await execa(TOOL, [image, '--output', out, '--name', 'a'], {
      reject: false,
      env: {
        SUPERMIN_KERNEL: '/nonexistent',
        SUPERMIN_MODULES: '/nonexistent',
        ATOMIC_TO_PXE_CACHE: join(folder.path, 'cache'),
      },
    });
    t.is(ended.exitCode, 4, ended.stderr);
    t.regex(
      ended.stderr,
      /failed to find a suitable kernel.*Unset SUPERMIN_KERNEL.*a-libguestfs\.log/,
    );
    t.deepEqual(await readdir(out), ['a-libguestfs.log']);
    t.regex(await readFile(join(out, 'a-libguestfs.log'), 'utf8'), /supermin: version/);
  },
);

test.serial('an --edit cannot leave the root', async (t) => {
  t.timeout(600_000);
  await using folder = await scratch();
  const files = { ...cloudRoot(DEBIAN_GRUB), '/etc/out': '-> /../../../../nowhere' };
  const image = await tinyImage(folder.path, { partitions: [{ content: 'ext4', files }] });
  const edits = [{ action: 'write', path: '/etc/out/x', text: 'no' }] as const;
  const error = await t.throwsAsync(
    convert({ image, outputDir: join(folder.path, 'out'), name: 'd', edits }),
  );
  t.true(hasImageCode(error, 'USAGE'), String(error));
  t.deepEqual(await readdir(join(folder.path, 'out')), []);
});

test.serial(
  'a full output folder: what is needed and what is free, and nothing left',
  async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
    const small = join(folder.path, 'small');
    await mkdir(small);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
    try {
      const error = await t.throwsAsync(
        convert({ image, outputDir: small, name: 'a', appliance: false }),
      );
      t.true(hasImageCode(error, 'OUTPUT_FULL'), String(error));
      t.regex(error.message, /has \d+ bytes free .* needs \d+/);
      t.deepEqual(await readdir(small), []);
    } finally {
      await run('umount', [small]);
    }
  },
);

test.serial('openDisk reads the real image as qemu-img does', async (t) => {
  await using folder = await scratch();
  const source = await openSource(await atomicImage());
  await using disk = await openDisk(source);
  const range = { offsetBytes: 210_763_776, sizeBytes: 8 * MIB };
  const path = join(folder.path, 'range');
  const url = {
    driver: 'raw',
    offset: range.offsetBytes,
    size: range.sizeBytes,
    file: { driver: 'qcow2', file: { driver: 'file', filename: source.path } },
  };
  await run('qemu-img', ['convert', '-O', 'raw', `json:${JSON.stringify(url)}`, path]);
  t.true((await disk.read(range)).equals(await readFile(path)));
});
