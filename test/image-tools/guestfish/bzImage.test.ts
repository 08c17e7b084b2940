import { execa } from 'execa';
import test from 'ava';
import { unpackBzImage } from '../../../image-tools/guestfish/bzImage.ts';

const NOTE = Buffer.concat([Buffer.from('040000000800000012000000', 'hex'), Buffer.from('Xen\0')]);
const KERNEL = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(5000, 7), NOTE]);
const SETUP_SECTORS = 3;

/** How kernels are packed (scripts/Makefile.lib of Linux): with their size behind, but for gzip. */
const PACKERS: readonly (readonly [program: string, ...args: string[]])[] = [
  ['gzip', '-c'],
  ['xz', '--check=crc32', '-c'],
  ['zstd', '-c'],
  ['lz4', '-l', '-c'],
];

async function pack(kernel: Buffer, [program, ...args]: readonly [string, ...string[]]) {
  const { stdout } = await execa(program, args, { input: kernel, encoding: 'buffer' });
  if (program === 'gzip') return Buffer.from(stdout);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(kernel.length);
  return Buffer.concat([stdout, size]);
}

/** A bzImage: setup code with the header, some bytes of the loader, the payload, and more of the loader. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc((SETUP_SECTORS + 1) * 512);
  setup[0x1f1] = SETUP_SECTORS;
  setup.write('HdrS', 0x202, 'latin1');
  setup.writeUInt32LE(100, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(100, 1), payload, Buffer.alloc(100, 2)]);
}

for (const packer of PACKERS)
  test(`a kernel packed with ${packer[0]} is unpacked`, async (t) => {
    const image = bzImage(await pack(KERNEL, packer));
    t.deepEqual(await unpackBzImage(image), KERNEL);
  });

test('what QEMU could not boot directly is left packed', async (t) => {
  const [gzip] = PACKERS;
  if (gzip === undefined) throw new Error('no packer');
  const payload = await pack(KERNEL, gzip);
  t.is(await unpackBzImage(bzImage(payload.subarray(0, -20))), undefined);
  t.is(await unpackBzImage(bzImage(Buffer.from('unknown'))), undefined);
  t.is(await unpackBzImage(payload), undefined);
  t.is(await unpackBzImage(Buffer.from('short')), undefined);
  const withoutNote = KERNEL.subarray(0, -NOTE.length);
  t.is(await unpackBzImage(bzImage(await pack(withoutNote, gzip))), undefined);
});
