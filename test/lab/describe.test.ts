import test from 'ava';
import { parseDomain, macsOf } from '../../conductor/drivers/ssh/domain.ts';
import { readBootOrder } from '../../conductor/drivers/ssh/bootOrder.ts';
import type { Cidr, Ipv4 } from '../../conductor/values/ipv4.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { conductorConfig } from '../../lab/conductor.ts';
import { CONFIG_SCHEMA } from '../../conductor/config/schema.ts';
import { parseAptConfig, parseIndexTargets, parseOsRelease } from '../../lab/debian.ts';
import { LabFault } from '../../lab/fault.ts';
import { domainXml, type MachineSpec } from '../../lab/machine.ts';
import { milestoneOf } from '../../lab/milestones.ts';
import { readOptions } from '../../lab/options.ts';
import { formatSeconds, progressLine } from '../../lab/progress.ts';
import { claimState } from '../../lab/state.ts';
import { createView } from '../../lab/view.ts';

const MACHINE: MachineSpec = {
  name: 'node-1',
  mac: '52:54:00:1a:b0:01' as Mac,
  tap: 'tap1',
  accelerator: 'qemu',
  firmware: 'bios',
  memoryMib: 512,
  diskPath: `/a & b/it's <here>.raw`,
  serialLogPath: '/log',
  nvramPath: '/nvram',
};

test('a machine is a domain that boots from its NIC, then from its disk', (t) => {
  for (const firmware of ['bios', 'uefi', 'uefi-http'] as const) {
    const xml = domainXml({ ...MACHINE, firmware });
    const domain = parseDomain(
      xml.replace('<name>', '<uuid>aadf78ca-0b18-4986-aa17-168b2604dd48</uuid><name>'),
    );
    t.truthy(domain, xml);
    if (domain === undefined) continue;
    t.deepEqual(macsOf(domain), [MACHINE.mac]);
    t.deepEqual(readBootOrder(domain).entries, [`interface:${MACHINE.mac}`, 'disk:vda']);
    t.is(xml.includes('useserial'), firmware === 'bios');
    t.is(xml.includes("<rom enabled='no'/>"), firmware !== 'bios');
    t.is(xml.includes('IPv4PXESupport'), firmware === 'uefi-http');
  }
});

test('the configuration of a lab is one that the conductor takes', (t) => {
  const hardware = {
    name: 'x',
    stateDir: '/lab/x',
    netns: 'ironpxe-x',
    bridgeName: 'br0',
    bridgeAddress: '172.30.0.1' as Ipv4,
    subnet: { network: '172.30.0.0' as Ipv4, prefixLength: 24 } satisfies Cidr,
    accelerator: 'qemu' as const,
    sshLogin: { username: 'root', keyPath: '/k', password: 'p' },
    nodes: [],
  };
  const config = conductorConfig(hardware, {
    deployKernel: '/k',
    deployRamdisk: '/r',
    imageFolders: ['/images'],
    ipxe: true,
  });
  t.deepEqual(CONFIG_SCHEMA.safeParse(config).error?.issues ?? [], []);
});

const LINES: readonly (readonly [string, string | undefined])[] = [
  ['SeaBIOS (version 1.16.2-debian-1.16.2-1)', 'firmware: SeaBIOS'],
  ['iPXE initialising devices...ok', 'firmware: iPXE boot ROM'],
  ['PXELINUX 6.04 PXE 20190226 Copyright (C)', 'PXELINUX 6.04'],
  ['[    0.000000] Linux version 6.1.0-56-cloud-amd64 (x@y)', 'Linux 6.1.0-56-cloud-amd64 starts'],
  ['ironpxe-ramdisk: stage=start uptime=3.1', undefined],
  ['ironpxe-ramdisk: Exporting /dev/vda.', 'ramdisk: Exporting /dev/vda.'],
  [
    'Welcome to \u001B[1mDebian GNU/Linux 12 (bookworm)\u001B[0m!',
    'Debian GNU/Linux 12 (bookworm) starts',
  ],
  ['metal login: ', 'login prompt'],
  ['[    1.0] Kernel panic - not syncing: VFS', 'kernel panic: not syncing: VFS'],
  ['Starting systemd-logind.service - User Login Management...', undefined],
  ['', undefined],
];
for (const [line, text] of LINES)
  test(`serial line ${JSON.stringify(line.slice(0, 40))}`, (t) => {
    t.is(milestoneOf(line)?.text, text);
  });

test('options have defaults, and paths become absolute', (t) => {
  t.like(readOptions([]), { command: 'up', name: 'default', nodes: 1, image: undefined });
  t.like(readOptions(['console', 'node-2', '--name', 'x']), { command: 'console', node: 'node-2' });
  t.like(readOptions(['--image', 'package.json', '--nodes', '3', '--pxelinux']), {
    nodes: 3,
    pxelinux: true,
  });
  t.true(readOptions(['--image', 'package.json']).image?.startsWith('/'));
  t.is(readOptions(['down', '--help']).command, 'help');
});

for (const args of [
  ['sideways'],
  ['up', 'more'],
  ['console'],
  ['--nodes', '0'],
  ['--nodes', 'many'],
  ['--image', '/nowhere/image.qcow2'],
  ['--kernel', 'package.json'],
  ['--ramdisk', 'package.json', '--image', 'package.json'],
  ['--atomic', '--image', 'package.json'],
  ['--cloud', '--atomic'],
  ['--unknown'],
])
  test(`refused: lab ${args.join(' ')}`, (t) => {
    t.throws(() => readOptions(args), { instanceOf: LabFault });
  });

for (const name of ['', 'Upper', 'a b', '../x', '-x', 'x'.repeat(40)])
  test(`no lab is named ${JSON.stringify(name)}`, async (t) => {
    await t.throwsAsync(claimState('/nowhere/lab', name), { instanceOf: LabFault });
  });

test('a folder whose socket paths would be too long is refused', async (t) => {
  await t.throwsAsync(claimState(`/nowhere/${'long/'.repeat(20)}lab`, 'x'), {
    instanceOf: LabFault,
    message: /too long/,
  });
});

test('the mirrors of a host are read', (t) => {
  t.is(parseOsRelease('ID=debian\nVERSION_CODENAME="trixie"\n#x\n')['VERSION_CODENAME'], 'trixie');
  const targets =
    'http://m/debian/ trixie main\nhttp://m/debian/ trixie contrib\nhttp://s/ trixie-security main\nhttp://m/debian/ sid main\n';
  t.deepEqual(parseIndexTargets(targets, 'trixie'), [
    'deb http://m/debian/ trixie main',
    'deb http://s/ trixie-security main',
  ]);
  t.deepEqual(
    parseAptConfig(
      'Acquire::http::Proxy "http://p:3142";\nAcquire::cdrom::mount "/c";\nAcquire::https "";\n',
    ),
    ['Acquire::http::Proxy "http://p:3142"'],
  );
});

test('progress is told in full', (t) => {
  const line = progressLine({
    doneBytes: 64 * 2 ** 20,
    totalBytes: 256 * 2 ** 20,
    elapsedMs: 2000,
  });
  t.is(
    line,
    '██████░░░░░░░░░░░░░░░░░░  25.0 %  64.0 MiB of 256 MiB  32.0 MiB/s  2.0 s elapsed, 6.0 s remaining',
  );
  t.true(progressLine({ doneBytes: 0, totalBytes: 0, elapsedMs: 0 }).includes('100.0 %'));
  t.true(progressLine({ doneBytes: 0, totalBytes: 9, elapsedMs: 0 }).includes('? remaining'));
  t.is(formatSeconds(125_400), '2 min 05 s');
});

test('a terminal gets live lines, anything else a line now and then', (t) => {
  let nowMs = 0;
  const show = (isTTY: boolean): string => {
    let text = '';
    const view = createView(
      { isTTY, columns: 20, write: (more: string) => (text += more) },
      () => nowMs,
    );
    view.live('a', 'one');
    view.live('a', 'two and more than fits');
    view.line('stays');
    nowMs += 6000;
    view.live('a', 'three');
    view.live('a', undefined);
    view.plain('end');
    return text;
  };
  t.is(
    show(true),
    'one\n\u001B[1F\u001B[Jtwo and more than f\n\u001B[1F\u001B[J       0.0 s  stays\ntwo and more than f\n' +
      '\u001B[1F\u001B[Jthree\n\u001B[1F\u001B[Jend\n',
  );
  t.is(show(false), 'one\n       0.0 s  stays\nthree\nend\n');
});
