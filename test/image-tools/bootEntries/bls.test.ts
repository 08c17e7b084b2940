import test from 'ava';
import { parseBlsEntry } from '../../../image-tools/bootEntries/bls.ts';
import { compareVersions, inMenuOrder } from '../../../image-tools/bootEntries/versionOrder.ts';

test('an entry of ostree', (t) => {
  const text = `title Fedora 21 (ostree)
version 1
options no_timer_check root=/dev/mapper/atomicos-root ostree=/ostree/boot.0/f/ab/0
linux /ostree/f-ab/vmlinuz-3.17.4
initrd /ostree/f-ab/initramfs-3.17.4.img
`;
  t.deepEqual(parseBlsEntry('ostree-f-0.conf', text), {
    id: 'ostree-f-0',
    title: 'Fedora 21 (ostree)',
    version: '1',
    linux: '/ostree/f-ab/vmlinuz-3.17.4',
    initrds: ['/ostree/f-ab/initramfs-3.17.4.img'],
    options: 'no_timer_check root=/dev/mapper/atomicos-root ostree=/ostree/boot.0/f/ab/0',
  });
});

test('comments, tabs, CRLF, several options and initrds', (t) => {
  const text =
    '# made by hand\r\ntitle\tX\r\nlinux  /vmlinuz\r\ninitrd /a.img /b.img\r\ninitrd /c.img\r\noptions a=1\r\noptions b=2\r\n';
  const entry = parseBlsEntry('x.conf', text);
  t.deepEqual(entry?.initrds, ['/a.img', '/b.img', '/c.img']);
  t.is(entry?.options, 'a=1 b=2');
  t.is(entry?.version, '');
});

test('an entry without a kernel is none', (t) => {
  t.is(parseBlsEntry('efi.conf', 'title Windows\nefi /EFI/bootmgfw.efi\n'), undefined);
});

/** Newer first. */
const VERSIONS: readonly [string, string][] = [
  ['10', '9'],
  ['2', '1'],
  ['6.1.0-10', '6.1.0-9'],
  ['5.14.10-300.fc35.x86_64', '5.14.9-300.fc35.x86_64'],
  ['1.0', '1.0~rc1'],
  ['1.0.1', '1.0'],
  ['1.1', '1.a'],
  ['1', ''],
];

for (const [newer, older] of VERSIONS)
  test(`${newer} is newer than ${JSON.stringify(older)}`, (t) => {
    t.true(compareVersions(newer, older) > 0);
    t.true(compareVersions(older, newer) < 0);
    t.is(compareVersions(newer, newer), 0);
  });

test('the menu goes by version, then by name, rescue entries last', (t) => {
  const entry = (id: string, version: string) => ({
    id,
    version,
    title: id,
    linux: '/v',
    initrds: [],
    options: '',
  });
  const sorted = inMenuOrder([
    entry('a-0-rescue', '0-rescue-abc'),
    entry('ostree-1', '1'),
    entry('ostree-10', '10'),
    entry('ostree-9', '9'),
    entry('same-1', '1'),
  ]);
  t.deepEqual(
    sorted.map(({ id }) => id),
    ['ostree-10', 'ostree-9', 'same-1', 'ostree-1', 'a-0-rescue'],
  );
});
