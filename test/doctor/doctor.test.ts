import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';
import type { Config } from '../../conductor/config/schema.ts';
import type { Check, DoctorContext } from '../../conductor/doctor/check.ts';
import { examine } from '../../conductor/doctor/checks.ts';
import { BOOT_FILE_CHECK, SPACE_CHECK } from '../../conductor/doctor/files.ts';
import { BMC_CHECK } from '../../conductor/doctor/machines.ts';
import { ADDRESS_CHECK, LISTEN_CHECK } from '../../conductor/doctor/network.ts';
import { FETCH_CHECK } from '../../conductor/doctor/wire.ts';
import { WRITER_CHECK } from '../../conductor/doctor/writer.ts';
import { kernelFault, ramdiskFault } from '../../conductor/why/bootFile.ts';
import { openCli } from '../cli/harness.ts';

function config(lines = ''): Config {
  return parseConfig(
    `boot_http: {url: "http://127.0.0.1:8099"}\n${lines || 'dhcp: {enabled: false}'}`,
    'c',
  );
}

async function verdicts(check: Check, more: Partial<DoctorContext> = {}): Promise<string[]> {
  const context: DoctorContext = {
    config: config(),
    conductorRuns: false,
    nodes: undefined,
    askBmc: async () => undefined,
    signal: AbortSignal.timeout(30_000),
    ...more,
  };
  const results = await examine(context, [check]);
  return results.map(({ verdict, text }) => `${verdict} ${text}`);
}

const SERVER = `dhcp: {server_address: ADDRESS, subnets: [{cidr: 127.0.0.0/8, range_start: 127.0.0.2, range_end: 127.0.0.9}]}`;

test('addresses that this host has, and one that it has not', async (t) => {
  const good = await verdicts(ADDRESS_CHECK, {
    config: config(SERVER.replace('ADDRESS', '127.0.0.1')),
  });
  t.true(good.length > 0 && good.every((line) => line.startsWith('ok ')), good.join());
  const bad = await verdicts(ADDRESS_CHECK, {
    config: config(SERVER.replace('ADDRESS', '192.0.2.77')),
  });
  t.true(bad.includes('fail dhcp.server_address: 192.0.2.77 is not on this host'));
  t.true(bad.some((line) => line.startsWith('warn no subnet of dhcp.subnets holds')));
});

test('what writes disks, and whether the other writer could', async (t) => {
  const [own = ''] = await verdicts(WRITER_CHECK);
  const [, not, lacks] =
    /^ok the conductor's own initiator writes disks; .* could(?: (not): no (.+)|, too .*)$/.exec(
      own,
    ) ?? t.fail(own);
  const wished = config('dhcp: {enabled: false}\niscsi: {writer: iscsiadm}');
  const expected = not
    ? `fail iscsi.writer is "iscsiadm", and there is no ${lacks}`
    : 'ok iscsiadm and dd write disks';
  t.deepEqual(await verdicts(WRITER_CHECK, { config: wished }), [expected]);
});

test('a listening port that another program has is named with it', async (t) => {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  const { port } = socket.address();
  const withTftp = config(`dhcp: {enabled: false}\ntftp: {listen_port: ${port}}`);
  const lines = await verdicts(LISTEN_CHECK, { config: withTftp });
  t.regex(
    lines[0] ?? '',
    new RegExp(`^fail TFTP \\(udp ${port}\\): .*process ${process.pid}, has it`),
  );
});

test('a kernel that is one, one that is none, and one that is not there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-doctor-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const good = Buffer.alloc(1024);
  good.write('HdrS', 0x202);
  await writeFile(join(folder, 'kernel'), good);
  await writeFile(join(folder, 'page'), '<html>');
  const pxe = (kernel: string, ramdisk: string) =>
    config(
      `dhcp: {enabled: false}\npxe: {deploy_kernel: ${folder}/${kernel}, deploy_ramdisk: ${folder}/${ramdisk}}`,
    );
  const lines = await verdicts(BOOT_FILE_CHECK, { config: pxe('kernel', 'page') });
  t.regex(lines[0] ?? '', /^ok .*1\.0 KiB$/);
  t.regex(lines[1] ?? '', /^fail pxe\.deploy_ramdisk: .* begins with a tag: it is a web page$/);
  const [gone = ''] = await verdicts(BOOT_FILE_CHECK, { config: pxe('none', 'page') });
  t.regex(gone, /^fail pxe\.deploy_kernel: ENOENT/);
  t.deepEqual(
    (await verdicts(BOOT_FILE_CHECK)).map((line) => line.split(' ')[0]),
    ['warn', 'warn'],
  );
});

const HEADS: readonly (readonly [
  string,
  (head: Uint8Array) => string | undefined,
  RegExp | undefined,
])[] = [
  ['070701000', ramdiskFault, undefined],
  ['070701000', kernelFault, /cpio archive/],
  ['\x1f\x8b\x08', ramdiskFault, undefined],
  ['\x28\xb5\x2f\xfd', ramdiskFault, undefined],
  ['MZ\x90', kernelFault, undefined],
  ['\x7fELF', kernelFault, /ELF/],
  ['', kernelFault, /nothing/],
  ['', ramdiskFault, /nothing/],
  ['garbage', ramdiskFault, /the bytes 67617262616765/],
];

test('first bytes of boot files', (t) => {
  for (const [text, judge, expected] of HEADS) {
    const found = judge(Buffer.from(text, 'latin1'));
    if (expected === undefined) t.is(found, undefined, text);
    else t.regex(found ?? '', expected, text);
  }
});

test('the state folder need not be there yet', async (t) => {
  const lines = await verdicts(SPACE_CHECK, {
    config: config('dhcp: {enabled: false}\nstate_dir: /tmp/not/there/yet'),
  });
  t.regex(lines[0] ?? '', /^(?:ok|warn|fail) \/tmp\/not\/there\/yet: .* free/);
});

test('boot files are not fetched while no conductor runs, and a silent one fails in time', async (t) => {
  t.deepEqual(await verdicts(FETCH_CHECK), ['skip no conductor runs']);
  const silent = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address();
  const lines = await verdicts(FETCH_CHECK, {
    conductorRuns: true,
    config: config(
      `dhcp: {enabled: false}\ntftp: {listen_address: 127.0.0.1, listen_port: ${port}}`,
    ),
  });
  t.regex(lines[0] ?? '', /^fail TFTP 127\.0\.0\.1:\d+ boot\.ipxe: no answer$/);
  t.regex(lines[1] ?? '', /^fail http:\/\/127\.0\.0\.1:8099\/boot\.ipxe: /);
});

test('every machine with a BMC is asked, and those that do not answer are named', async (t) => {
  const node = (name: string, driver = 'ipmi') => ({ uuid: name, name, driver });
  const nodes = [node('a'), node('b'), node('c', 'manual')];
  const asked: string[] = [];
  const lines = await verdicts(BMC_CHECK, {
    nodes,
    askBmc: async (uuid) => {
      asked.push(uuid);
      if (uuid === 'b') throw new Error('no route');
    },
  });
  t.deepEqual(asked.toSorted(), ['a', 'b']);
  t.deepEqual(lines, ['ok 1 of 2 answer', 'fail b (ipmi): no route']);
  t.deepEqual(await verdicts(BMC_CHECK), ['skip no conductor answers at the API']);
});

test('a check that breaks is a failure, and hides no other', async (t) => {
  const broken: Check = {
    name: 'broken',
    title: '',
    run: () => Promise.reject(new Error('what?')),
  };
  t.deepEqual(await verdicts(broken), ['fail could not be checked: what?']);
});

test('the command: a table, JSON, and an exit status', async (t) => {
  const { run } = await openCli(t);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-doctor-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'c.yaml');
  await writeFile(
    path,
    'boot_http: {url: "http://192.0.2.77:8099"}\ndhcp: {enabled: false}\ntftp: {enabled: false}\n',
  );
  const table = await run(`doctor --config ${path}`);
  t.regex(table.out, /^(?:✓ ok|! warn|✗ FAIL) /m);
  t.regex(table.out, /What to do:/);
  const json = await run(`doctor --config ${path} --json`);
  const { ok, checks } = JSON.parse(json.out) as { ok: boolean; checks: { verdict: string }[] };
  t.is(ok, !checks.some(({ verdict }) => verdict === 'fail'));
  t.is(json.status, ok ? 0 : 1);
  t.is((await run('doctor --config /nowhere.yaml')).status, 1);
});
