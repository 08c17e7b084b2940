import test from 'ava';
import { parseFstabLine, withoutBoot } from '../../../image-tools/root/fstab.ts';
import { parseOsRelease } from '../../../image-tools/root/osRelease.ts';

const LINES: readonly [string, boolean][] = [
  ['UUID=1 /boot ext4 defaults 1 2', true],
  ['UUID=1\t/boot\text4', true],
  ['  UUID=1 /boot/ ext4', true],
  ['UUID=1 //boot ext4', true],
  ['UUID=1 /boot/efi vfat umask=0077 0 2', true],
  ['UUID=1 /efi vfat', true],
  ['UUID=1 /bootstrap ext4', false],
  ['UUID=1 /boot/extra ext4', false],
  ['/boot /mnt none bind', false],
  ['# UUID=1 /boot ext4', false],
  ['#UUID=1 /boot ext4', false],
  ['', false],
  ['UUID=1 / xfs', false],
  ['UUID=1', false],
];

for (const [line, goes] of LINES)
  test(`${JSON.stringify(line)} ${goes ? 'goes' : 'stays'}`, (t) => {
    const text = `a\n${line}\nb`;
    const { text: left, removed } = withoutBoot(text);
    t.is(left, goes ? 'a\nb' : text);
    t.is(removed.length, goes ? 1 : 0);
  });

test('a last line without a newline', (t) => {
  t.is(withoutBoot('x / xfs\ny /boot ext4').text, 'x / xfs\n');
});

test('the root has no trailing slash to lose', (t) => {
  t.is(parseFstabLine('UUID=1 / xfs')?.mountPoint, '/');
});

test('os-release with and without quotes', (t) => {
  const text = `# comment\nID=fedora\nVERSION_ID='21'\nPRETTY_NAME="A \\"B\\" \\$C"\nBROKEN\n`;
  t.deepEqual(parseOsRelease(text), { id: 'fedora', version: '21', prettyName: 'A "B" $C' });
});
