import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { type Entry, writeCpio } from '../../deploy-ramdisk/cpio.ts';
import { neededLibraries } from '../../deploy-ramdisk/elf.ts';
import { wayOut } from '../../deploy-ramdisk/failure.ts';
import { moduleName, selectModules } from '../../deploy-ramdisk/modules.ts';
import { nameAndVersion, parseDepends, parseUris } from '../../deploy-ramdisk/packages.ts';

const BUILD = join(import.meta.dirname, '../../deploy-ramdisk/build.ts');

const ENTRIES: readonly Entry[] = [
  { type: 'directory', path: 'dev', mode: 0o755 },
  { type: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { type: 'file', path: 'init', mode: 0o755, data: Buffer.from('#!/bin/sh\n') },
  { type: 'file', path: 'odd', mode: 0o640, data: Buffer.from('abcde') },
  { type: 'link', path: 'sh', target: 'bin/busybox' },
];

test('cpio: the cpio program reads what was written', async (t) => {
  const { stdout } = await execa('cpio', ['-itv', '--quiet'], { input: writeCpio(ENTRIES) });
  const lines = stdout.split('\n').map((line) => line.replaceAll(/\s+/g, ' '));
  t.deepEqual(
    lines.map((line) => line.replace(/Jan 1 1970 /, '').replace(/ root root /, ' ')),
    [
      'drwxr-xr-x 2 0 dev',
      'crw------- 1 5, 1 dev/console',
      '-rwxr-xr-x 1 10 init',
      '-rw-r----- 1 5 odd',
      'lrwxrwxrwx 1 11 sh -> bin/busybox',
    ],
  );
});

test('cpio: the same entries give the same bytes, in words of four', (t) => {
  const archive = writeCpio(ENTRIES);
  t.true(archive.equals(writeCpio(ENTRIES)));
  t.is(archive.length % 4, 0);
  t.true(archive.includes('TRAILER!!!'));
});

test('elf: names what a program needs, and nothing of other files', async (t) => {
  const needed = neededLibraries(await readFile('/usr/sbin/tgtd'));
  const { stdout } = await execa('ldd', ['/usr/sbin/tgtd']);
  t.true(needed.includes('libc.so.6'));
  for (const name of needed) t.true(stdout.includes(name), name);
  t.deepEqual(neededLibraries(await readFile('/bin/busybox')), []);
  t.deepEqual(neededLibraries(Buffer.from('#!/bin/sh\n'.repeat(20))), []);
  t.deepEqual(neededLibraries(Buffer.alloc(0)), []);
});

const INDEX = {
  dep: [
    'kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net-failover.ko kernel/net/failover.ko',
    'kernel/drivers/net/net-failover.ko: kernel/net/failover.ko',
    'kernel/net/failover.ko:',
    'kernel/drivers/net/r8169.ko.xz: kernel/lib/libcrc.ko',
    'kernel/drivers/net/phy/realtek.ko:',
    'kernel/lib/libcrc.ko:',
    'kernel/crypto/crc32c-a.ko:',
    'kernel/crypto/crc32c-b.ko:',
    'kernel/other.ko:',
  ].join('\n'),
  softdep: 'softdep r8169 pre: realtek\nsoftdep libcrc pre: crypto-crc32c\n',
  alias: 'alias crypto-crc32c crc32c_a\nalias crypto-crc32c crc32c_b\nalias pci:v*d* other\n',
  builtin: 'kernel/drivers/char/virtio-console.ko\n',
};

test('modules: hard and soft needs are taken along, built-in ones are known', (t) => {
  t.deepEqual(selectModules(['virtio_net', 'virtio_console'], INDEX), {
    paths: [
      'kernel/drivers/net/net-failover.ko',
      'kernel/drivers/net/virtio_net.ko',
      'kernel/net/failover.ko',
    ],
    unknown: [],
  });
  t.deepEqual(selectModules(['r8169', 'nope'], INDEX), {
    paths: [
      'kernel/crypto/crc32c-a.ko',
      'kernel/crypto/crc32c-b.ko',
      'kernel/drivers/net/phy/realtek.ko',
      'kernel/drivers/net/r8169.ko.xz',
      'kernel/lib/libcrc.ko',
    ],
    unknown: ['nope'],
  });
  t.is(moduleName('kernel/drivers/char/hw_random/virtio-rng.ko.zst'), 'virtio_rng');
});

test('packages: dependencies, with the smaller provider where there is one', (t) => {
  const text = [
    'tgt',
    '  PreDepends: init-system-helpers',
    '  Depends: libc6',
    '  Depends: libsystemd0',
    '    libelogind0',
    '  Depends: lsb-base',
    '    sysvinit-utils',
    ' |Depends: a',
    'libc6',
    '  Depends: libgcc-s1',
    '<virtual>',
  ].join('\n');
  t.deepEqual(
    [...parseDepends(text)],
    [
      ['tgt', ['libc6', 'libelogind0', 'lsb-base', 'a']],
      ['libc6', ['libgcc-s1']],
      ['<virtual>', []],
    ],
  );
});

test('packages: file names and sums as apt-get prints them', (t) => {
  const sum = 'ab'.repeat(32);
  const text = `'http://x/tgt_1.0_amd64.deb' tgt_1%3a1.0-2+deb1_amd64.deb 2148 SHA256:${sum}\n`;
  const [one] = parseUris(text);
  t.deepEqual(one, { file: 'tgt_1%3a1.0-2+deb1_amd64.deb', sizeBytes: 2148, sha256: sum });
  t.is(one && nameAndVersion(one), 'tgt=1:1.0-2+deb1');
  t.throws(() => parseUris("'http://x/a_1_amd64.deb' a_1_amd64.deb 5 MD5Sum:00"), {
    message: /without a SHA-256 sum/,
  });
});

const WAYS: readonly (readonly [said: string, way: RegExp])[] = [
  ['E: Unable to locate package tgt', /apt-get update/],
  ['write error: No space left on device', /make room/],
  ['Temporary failure resolving', /network/],
  ['mkdir: Permission denied', /be root/],
  ['E: Failed to fetch http://x/a.deb  404  Not Found', /newer version/],
  ['something else', /^$/],
];

for (const [said, way] of WAYS) {
  test(`the way out of "${said}"`, (t) => {
    t.regex(wayOut(said), way);
  });
}

/** Runs the build with only the named programs to be found. */
async function buildWith(programs: readonly string[], args: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-build-'));
  try {
    for (const program of programs) {
      const { stdout } = await execa('sh', ['-c', `command -v ${program}`]);
      await symlink(stdout, join(folder, program));
    }
    const options = { env: { PATH: folder }, reject: false } as const;
    return await execa(process.execPath, [BUILD, ...args], options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('a system without apt is told so', async (t) => {
  const { exitCode, stderr } = await buildWith([], []);
  t.is(exitCode, 1);
  t.regex(stderr, /"apt-cache" is not installed .*Debian-like/);
});

test('wrong options are named', async (t) => {
  const profile = await buildWith([], ['--profile', 'tiny']);
  t.is(profile.exitCode, 1);
  t.regex(profile.stderr, /--profile is "tiny", expected virtio, broad, full/);
  t.is((await buildWith([], ['--nope'])).exitCode, 2);
  t.regex((await buildWith([], ['--help'])).stdout, /--output/);
});

test('a failing tool leaves an older result alone and nothing half-written', async (t) => {
  const output = await mkdtemp(join(tmpdir(), 'ironpxe-output-'));
  t.teardown(async () => {
    await rm(output, { recursive: true, force: true });
  });
  await mkdir(output, { recursive: true });
  await writeFile(join(output, 'kernel'), 'older');
  const { exitCode, stderr } = await buildWith(
    ['apt-cache', 'apt-get', 'dpkg'],
    ['--profile', 'virtio', '--output', output],
  );
  t.is(exitCode, 1);
  t.regex(stderr, /build:ramdisk: "/);
  t.deepEqual(await readdir(output), ['kernel']);
  t.is(await readFile(join(output, 'kernel'), 'utf8'), 'older');
});
