import test from 'ava';
import {
  bootOrderWithFirst,
  firstBootDevice,
  readBootOrder,
  readRestore,
  restoredXml,
  writeBootOrder,
  type BootOrder,
} from '../../../conductor/drivers/ssh/bootOrder.ts';
import {
  macsOf,
  parseDomain,
  powerStateOf,
  type Domain,
} from '../../../conductor/drivers/ssh/domain.ts';
import type { BootDevice } from '../../../conductor/drivers/types.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { OS_LIST, PER_DEVICE } from './domains.ts';

const MACS = ['52:54:00:1a:b0:01', '52:54:00:00:00:0b'] as Mac[];

function domain(xml: string): Domain {
  const parsed = parseDomain(xml);
  if (parsed === undefined) throw new Error(`not a domain: ${xml}`);
  return parsed;
}

/** What the driver does for `setBootDevice`. */
function set(xml: string, device: BootDevice, persistent: boolean): string {
  const before = domain(xml);
  const order = bootOrderWithFirst(before, device, MACS);
  if (order === undefined) throw new Error(`no ${device}`);
  const restore = persistent ? undefined : (readRestore(before) ?? readBootOrder(before));
  return writeBootOrder(before, order, restore);
}

test('a domain is read: names, MACs in lower case', (t) => {
  t.is(domain(PER_DEVICE).name, 'node-1');
  t.is(domain(PER_DEVICE).uuid, 'aadf78ca-0b18-4986-aa17-168b2604dd48');
  t.deepEqual(macsOf(domain(PER_DEVICE)), ['52:54:00:1a:b0:01', '52:54:00:1a:b0:02']);
  t.is(domain(OS_LIST).name, `it's "quoted" ☺`);
  t.is(parseDomain(PER_DEVICE.replace(/<uuid>.*<\/uuid>/, '')), undefined);
  t.is(parseDomain(PER_DEVICE.replace('aadf78ca', '$(reboot)')), undefined);
  t.is(
    parseDomain('<network><uuid>aadf78ca-0b18-4986-aa17-168b2604dd48</uuid></network>'),
    undefined,
  );
});

test('both ways to say a boot order are read', (t) => {
  t.deepEqual(readBootOrder(domain(PER_DEVICE)), {
    style: 'device',
    entries: ['interface:52:54:00:1a:b0:01', 'disk:vda', 'disk:sda'],
  });
  t.deepEqual(readBootOrder(domain(OS_LIST)), { style: 'os', entries: ['hd', 'network'] });
  t.is(firstBootDevice(domain(PER_DEVICE), readBootOrder(domain(PER_DEVICE))), 'pxe');
  t.is(firstBootDevice(domain(OS_LIST), readBootOrder(domain(OS_LIST))), 'disk');
  const none = PER_DEVICE.replaceAll(/<boot order='\d'\/>/g, '');
  t.deepEqual(readBootOrder(domain(none)), { style: 'os', entries: [] });
  t.is(firstBootDevice(domain(none), readBootOrder(domain(none))), undefined);
});

const EXPECTED: readonly (readonly [
  string,
  string,
  BootDevice,
  BootOrder['entries'] | undefined,
])[] = [
  ['per device', PER_DEVICE, 'pxe', ['interface:52:54:00:1a:b0:01', 'disk:vda', 'disk:sda']],
  ['per device', PER_DEVICE, 'disk', ['disk:vda', 'interface:52:54:00:1a:b0:01', 'disk:sda']],
  ['per device', PER_DEVICE, 'cdrom', ['disk:sda', 'interface:52:54:00:1a:b0:01', 'disk:vda']],
  ['list', OS_LIST, 'pxe', ['network', 'hd']],
  ['list', OS_LIST, 'disk', ['hd', 'network']],
  ['list', OS_LIST, 'cdrom', undefined],
];
for (const [style, xml, device, entries] of EXPECTED)
  test(`${device} first, ${style}`, (t) => {
    t.deepEqual(bootOrderWithFirst(domain(xml), device, MACS)?.entries, entries);
    if (entries === undefined) return;
    const written = domain(set(xml, device, true));
    t.deepEqual(readBootOrder(written).entries, entries);
    t.is(firstBootDevice(written, readBootOrder(written)), device);
    t.is(readRestore(written), undefined);
  });

test('only a NIC that the conductor knows is put first', (t) => {
  const other = ['52:54:00:1a:b0:02'] as Mac[];
  t.is(
    bootOrderWithFirst(domain(PER_DEVICE), 'pxe', other)?.entries[0],
    'interface:52:54:00:1a:b0:02',
  );
  t.is(bootOrderWithFirst(domain(PER_DEVICE), 'pxe', ['52:54:00:99:99:99'] as Mac[]), undefined);
});

test('nothing but the boot order changes', (t) => {
  const plain = (xml: string): string => xml.replaceAll(/\s*<boot [^>]*\/>/g, '');
  for (const xml of [PER_DEVICE, OS_LIST])
    for (const device of ['pxe', 'disk'] as const) t.is(plain(set(xml, device, true)), plain(xml));
  t.true(set(PER_DEVICE, 'disk', true).includes(`passwd='secret'`));
  t.true(set(OS_LIST, 'pxe', true).includes(`<!-- <boot dev='fd'/> in a comment is none -->`));
});

for (const [name, xml] of Object.entries({ PER_DEVICE, OS_LIST }))
  test(`${name}: once is remembered in the metadata and put back`, (t) => {
    const before = readBootOrder(domain(xml));
    const wished = firstBootDevice(domain(xml), before) === 'pxe' ? 'disk' : 'pxe';
    const once = set(xml, wished, false);
    t.is(firstBootDevice(domain(once), readBootOrder(domain(once))), wished);
    t.deepEqual(readRestore(domain(once)), before);
    // Once more: what counts is the order before the first.
    const twice = set(set(once, 'disk', false), 'pxe', false);
    t.deepEqual(readRestore(domain(twice)), before);
    const restored = restoredXml(once) ?? '';
    t.deepEqual(readBootOrder(domain(restored)), before);
    t.is(restoredXml(restored), undefined);
    // A persistent choice ends the one for once.
    t.is(restoredXml(set(once, 'disk', true)), undefined);
    t.is(once.includes('kept'), xml.includes('kept'));
  });

test('an empty metadata element is filled, and a damaged note is no note', (t) => {
  const empty = PER_DEVICE.replace('</uuid>', '</uuid>\n  <metadata/>');
  const once = set(empty, 'disk', false);
  t.is(once.match(/<metadata/g)?.length, 1);
  t.deepEqual(readRestore(domain(once)), readBootOrder(domain(empty)));
  const damaged = once.replace(/restore='[^']*'/, `restore='[1]'`);
  t.is(readRestore(domain(damaged)), undefined);
});

for (const [said, state] of [
  ['running\n', 'power on'],
  ['idle', 'power on'],
  ['paused', 'power on'],
  ['in shutdown', 'power on'],
  ['pmsuspended', 'power on'],
  ['shut off\n\n', 'power off'],
  ['crashed', 'power off'],
  ['no state', undefined],
  ['', undefined],
] as const)
  test(`domstate ${JSON.stringify(said)}`, (t) => {
    t.is(powerStateOf(said), state);
  });
