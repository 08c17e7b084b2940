import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkFormat, formatOfName, readHead, sniffFormat } from '../../conductor/images/format.ts';

function head(at: number, text: string): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write(text, at, 'latin1');
  return bytes;
}

const SNIFFED: readonly [found: string, bytes: Buffer][] = [
  ['raw', Buffer.alloc(512)],
  ['raw', Buffer.from([1])],
  ['raw', Buffer.alloc(0)],
  ['qcow2', head(0, 'QFI\xfb\0\0\0\x03')],
  ['qcow2', head(0, 'QFI\xfb\0\0\0\x02')],
  ['qcow (version 1)', head(0, 'QFI\xfb\0\0\0\x01')],
  ['qed', head(0, 'QED\0')],
  ['vmdk', head(0, 'KDMV\x01')],
  ['vmdk', head(0, '# Disk DescriptorFile\nversion=1')],
  ['vdi', head(64, '\x7f\x10\xda\xbe')],
  ['vhdx', head(0, 'vhdxfile')],
  ['vhd', head(0, 'conectix')],
  ['gzip', head(0, '\x1f\x8b\x08')],
  ['xz', head(0, '\xfd7zXZ\0')],
  ['zstd', head(0, '\x28\xb5\x2f\xfd')],
  ['zip', head(0, 'PK\x03\x04')],
  ['tar', head(257, 'ustar\x0000')],
  ['web page', head(0, '\n<!DOCTYPE html><title>404')],
  ['web page', head(0, '<html>')],
];

for (const [found, bytes] of SNIFFED)
  test(`${JSON.stringify(bytes.toString('latin1', 0, 12))}… is ${found}`, (t) => {
    t.is(sniffFormat(bytes), found);
  });

test('a declared format must be the one that is found', (t) => {
  const qcow2 = head(0, 'QFI\xfb\0\0\0\x03');
  t.is(checkFormat('x', qcow2, undefined), 'qcow2');
  t.is(checkFormat('x', qcow2, 'qcow2'), 'qcow2');
  const mismatch = { code: 'IMAGE_FORMAT_MISMATCH', message: /"x".*found qcow2, expected raw/ };
  t.throws(() => checkFormat('x', qcow2, 'raw'), mismatch);
  const unsupported = { code: 'IMAGE_FORMAT_UNSUPPORTED', message: /found gzip.*expected raw or/ };
  t.throws(() => checkFormat('x', head(0, '\x1f\x8b\x08'), 'raw'), unsupported);
});

test('names promise a format or nothing', (t) => {
  t.is(formatOfName('a.QCOW2'), 'qcow2');
  t.is(formatOfName('/x.raw/a.raw'), 'raw');
  t.is(formatOfName('a.img'), undefined);
  t.is(formatOfName('qcow2'), undefined);
});

test('the head of a file is at most 4096 bytes, and a missing file is named', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-head-'));
  const path = join(folder, 'image');
  await writeFile(path, Buffer.alloc(5000, 1));
  t.is((await readHead(path)).length, 4096);
  await writeFile(path, 'abc');
  t.is((await readHead(path)).toString(), 'abc');
  await rm(folder, { recursive: true });
  await t.throwsAsync(readHead(path), { code: 'IMAGE_NOT_FOUND', message: /image" cannot/ });
});
