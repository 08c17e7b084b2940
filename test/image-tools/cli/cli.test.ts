import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { parseCommand } from '../../../image-tools/cli/arguments.ts';
import { HELP } from '../../../image-tools/cli/help.ts';
import { parseEdit } from '../../../image-tools/convert/editSpec.ts';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import { IMAGE_ERRORS } from '../../../image-tools/errors/table.ts';
import { atomicPartitions } from '../support/systems.ts';
import { FakeCloud } from '../glance/support/fakeCloud.ts';
import { scratch, tinyImage } from '../support/tinyImage.ts';

const TOOL = new URL('../../../bin/atomic-to-pxe', import.meta.url).pathname;

test('the short way: image, folder, and a name from the image', (t) => {
  const command = parseCommand(['/x/Fedora-Cloud-Atomic-21.x86_64.qcow2', '--output', 'out']);
  t.like(command, {
    kind: 'convert',
    talk: { json: false, quiet: false },
    options: {
      name: 'Fedora-Cloud-Atomic-21.x86_64',
      outputDir: 'out',
      format: 'raw',
      appliance: true,
    },
  });
});

const WRONG: readonly [string, readonly string[], RegExp][] = [
  ['nothing', [], /Expected one image, found 0/],
  ['two images', ['a', 'b', '--output', 'o'], /found 2/],
  ['no folder', ['a.qcow2'], /--output is missing/],
  ['an unknown option', ['a', '--outptu', 'o'], /outptu/],
  ['a name with a slash', ['a', '--output', 'o', '--name', '../x'], /may only hold/],
  ['a format', ['a', '--output', 'o', '--format', 'vmdk'], /raw or qcow2/],
  ['a deployment', ['a', '--output', 'o', '--deployment', '-1'], /deployment/],
  ['compression of raw', ['a', '--output', 'o', '--compress'], /--format qcow2/],
  ['an edit', ['a', '--output', 'o', '--edit', 'rm -rf /'], /ACTION/],
];

for (const [what, args, message] of WRONG)
  test(`wrong usage: ${what}`, (t) => {
    const error = t.throws(() => parseCommand(args));
    t.true(hasImageCode(error, 'USAGE'));
    t.regex(error.message, message);
  });

const EDITS: readonly [string, object][] = [
  ['write:/etc/motd:Hello: world', { action: 'write', path: '/etc/motd', text: 'Hello: world\n' }],
  [
    'append:/etc/hosts:192.0.2.1 x',
    { action: 'append', path: '/etc/hosts', text: '192.0.2.1 x\n' },
  ],
  ['upload:/etc/key:./key.pub', { action: 'upload', path: '/etc/key', file: './key.pub' }],
  ['mkdir:/etc/x', { action: 'mkdir', path: '/etc/x' }],
  ['symlink:/etc/a:b', { action: 'symlink', path: '/etc/a', target: 'b' }],
  ['chmod:/etc/a:0600', { action: 'chmod', path: '/etc/a', mode: 0o600 }],
];

for (const [spec, edit] of EDITS)
  test(`--edit ${spec}`, (t) => {
    t.deepEqual(parseEdit(spec), edit as never);
  });

for (const spec of ['write:/etc/motd', 'chmod:/a:999', 'write:etc:x', 'run:/bin/sh:x', ''])
  test(`--edit ${JSON.stringify(spec)} is refused`, (t) => {
    t.true(
      hasImageCode(
        t.throws(() => parseEdit(spec)),
        'USAGE',
      ),
    );
  });

test('help names every option that there is', async (t) => {
  const { stdout } = await execa(TOOL, ['--help']);
  t.is(stdout, HELP);
  for (const name of [
    'output',
    'name',
    'deployment',
    'root',
    'edit',
    'format',
    'compress',
    'shrink',
    'checksums',
    'force',
    'no-appliance',
    'cache',
    'inspect',
    'json',
    'quiet',
    'help',
  ])
    t.true(HELP.includes(`--${name}`), name);
});

test('every error has a cause and a next step in whole sentences', (t) => {
  for (const [code, { cause, next }] of Object.entries(IMAGE_ERRORS)) {
    t.regex(code, /^[A-Z][A-Z_]+$/);
    t.regex(cause, /^[A-Z].*\.$/s);
    t.regex(next, /\.$/s);
  }
});

test('--json: one document for success, no-op, inspection and error', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const args = [
    image,
    '--output',
    join(folder.path, 'out'),
    '--name',
    'a',
    '--no-appliance',
    '--json',
  ];
  const first = await execa(TOOL, args);
  t.is(first.stderr, '');
  t.like(JSON.parse(first.stdout), { unchanged: false, manifest: { name: 'a' } });
  t.like(JSON.parse((await execa(TOOL, args)).stdout), { unchanged: true });
  const seen = await execa(TOOL, [image, '--inspect', '--no-appliance', '--json']);
  t.like(JSON.parse(seen.stdout), {
    root: 'atomicos/root',
    rootOption: '/dev/mapper/atomicos-root',
  });
  const failed = await execa(TOOL, [...args, '--deployment', '1'], { reject: false });
  t.is(failed.exitCode, 5);
  t.like(JSON.parse(failed.stdout), { error: { code: 'OUTPUT_EXISTS' } });
});

test('for people: what was found, what was written, what comes next', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const { stdout, stderr } = await execa(TOOL, [
    image,
    '--output',
    folder.path,
    '--name',
    'a',
    '--no-appliance',
  ]);
  for (const part of [
    /MBR, 2 partitions/,
    /atomicos\/root/,
    /\* 0: Atomic 2/,
    /removed "UUID=.* \/boot /,
    /kernel: 6\.1\.0/,
  ])
    t.regex(stderr, part);
  for (const part of [
    /a-kernel/,
    /LVM physical volume/,
    /boot line: root=/,
    /ironpxe image add a \/.*\/a\.json\n {2}ironpxe node deploy NODE --image a$/,
  ])
    t.regex(stdout, part);
  t.false(stderr.includes('\r'));
});

test('--inspect answers on standard output, --quiet or not', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const args = [image, '--inspect', '--no-appliance'];
  const { stdout, stderr } = await execa(TOOL, args);
  t.regex(stdout, /^partition table: MBR, 2 partitions\n.*\* 0: Atomic 2.*boot options: root=/s);
  t.regex(stderr, /^\[.*\] reading the file systems$/);
  const quiet = await execa(TOOL, [...args, '--quiet']);
  t.is(quiet.stdout, stdout);
  t.is(quiet.stderr, '');
});

const credentials = (authUrl: string) => ({
  OS_AUTH_URL: authUrl,
  OS_USERNAME: 'demo',
  OS_PASSWORD: 'pw',
  OS_PROJECT_NAME: 'demo',
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_DOMAIN_NAME: 'Default',
});

test('--glance tells what is sent, and where it went', async (t) => {
  await using folder = await scratch();
  await using fake = await FakeCloud.start();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const args = [image, '--output', folder.path, '--name', 'a', '--no-appliance', '--glance'];
  const first = await execa(TOOL, args, { env: credentials(fake.url) });
  t.regex(first.stderr, /kernel: sending 293 KiB\n/);
  t.regex(first.stderr, /base: sending .* MiB\n\[.*\] base: stored and verified \(/);
  t.regex(first.stdout, /In Glance:\n {2}kernel .*\n {2}ramdisk .*\n {2}base /);
  t.is(fake.images.size, 3);
  const again = await execa(TOOL, [...args, '--json'], { env: credentials(fake.url) });
  t.like(JSON.parse(again.stdout), { unchanged: true, glance: { base: { reused: true } } });
  t.is(again.stderr, '');
});

test('--glance with a cloud that refuses is told before the conversion', async (t) => {
  await using folder = await scratch();
  await using fake = await FakeCloud.start();
  fake.fault = () => ({ status: 401, body: '{"error":{"message":"Wrong password."}}' });
  const outputDir = join(folder.path, 'out');
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const args = [image, '--output', outputDir, '--no-appliance', '--glance'];
  const refused = await execa(TOOL, args, { env: credentials(fake.url), reject: false });
  t.is(refused.exitCode, 6);
  t.regex(refused.stderr, /Wrong password\..*\[CLOUD_REFUSED\]/s);
  await t.throwsAsync(readdir(outputDir), { code: 'ENOENT' });
});
