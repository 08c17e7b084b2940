import test from 'ava';
import { treeName } from '../../../conductor/netboot/tree/name.ts';
import { randomBytes, seeded } from '../support/random.ts';

const CASES: [string, string | undefined][] = [
  ['pxelinux.0', 'pxelinux.0'],
  ['/pxelinux.0', 'pxelinux.0'],
  ['//tftpboot//pxelinux.cfg/default', 'pxelinux.cfg/default'],
  ['tftpboot/x', 'x'],
  ['/tftpboot/tftpboot/x', 'tftpboot/x'],
  ['./a/./b', 'a/b'],
  ['../etc/passwd', undefined],
  ['/tftpboot/../../etc/passwd', undefined],
  ['a/..', undefined],
  ['..\\..\\boot.ini', undefined],
  ['a\0b', undefined],
  ['a b', undefined],
  ['a\nb', undefined],
  ['ä', undefined],
  ['', undefined],
  ['/', undefined],
  ['tftpboot', undefined],
  ['a'.repeat(256), undefined],
  ['...', '...'],
];

for (const [requested, expected] of CASES)
  test(`${JSON.stringify(requested.slice(0, 40))} is ${expected ?? 'refused'}`, (t) => {
    t.is(treeName(requested), expected);
  });

test('seeded noise never leaves the tree', (t) => {
  const random = seeded(7);
  const alphabet = './\\tfpbo%0';
  for (let round = 0; round < 20_000; round++) {
    const text =
      random(2) === 0
        ? randomBytes(random(20), random).toString('latin1')
        : Array.from({ length: random(16) }, () => alphabet[random(alphabet.length)]).join('');
    const name = treeName(text);
    if (name === undefined) continue;
    t.false(name.startsWith('/') || name.includes('\\') || name.split('/').includes('..'), text);
  }
});
