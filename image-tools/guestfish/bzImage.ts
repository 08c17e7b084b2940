import { execa } from 'execa';

/** What unpacks a kernel's payload from standard input to standard output, by its first bytes. */
const UNPACKERS: readonly (readonly [magic: string, program: string])[] = [
  ['1f8b', 'gzip'],
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
  ['02214c18', 'lz4'],
];

/** Where the header of a bzImage says what it holds (Linux's x86 boot protocol 2.08). */
const HEADER = { setupSectors: 0x1f1, magic: 0x202, payloadOffset: 0x248, payloadLength: 0x24c };
const SECTOR = 512;
/** Behind a payload that does not tell its size itself, as gzip does. */
const SIZE_BYTES = 4;

/** An ELF note of Xen's of type PHYS32_ENTRY, with an address of 4 or 8 bytes: where QEMU may enter. */
const ENTRY_NOTES = ['040000000400000012000000', '040000000800000012000000'].map((start) =>
  Buffer.concat([Buffer.from(start, 'hex'), Buffer.from('Xen\0')]),
);

/**
 * The ELF kernel in an x86 bzImage, which QEMU boots directly: to unpack it takes an emulated processor
 * more than a second. `undefined` where it cannot be had, or QEMU could not boot it: the bzImage does.
 */
export async function unpackBzImage(image: Buffer): Promise<Buffer | undefined> {
  const payload = payloadOf(image);
  const hex = payload?.subarray(0, 6).toString('hex') ?? '';
  const [magic, program] = UNPACKERS.find(([start]) => hex.startsWith(start)) ?? [];
  if (payload === undefined || magic === undefined || program === undefined) return undefined;
  const input = program === 'gzip' ? payload : payload.subarray(0, -SIZE_BYTES);
  const { stdout, exitCode } = await execa(program, ['-dc'], {
    input,
    encoding: 'buffer',
    reject: false,
  });
  const elf = Buffer.from(stdout ?? []);
  const isBootable = ENTRY_NOTES.some((note) => elf.includes(note));
  return exitCode === 0 && isBootable ? elf : undefined;
}

function payloadOf(image: Buffer): Buffer | undefined {
  if (image.toString('latin1', HEADER.magic, HEADER.magic + 4) !== 'HdrS') return undefined;
  // 0 stands for 4, of old.
  const start = ((image[HEADER.setupSectors] || 4) + 1) * SECTOR;
  const offset = start + image.readUInt32LE(HEADER.payloadOffset);
  return image.subarray(offset, offset + image.readUInt32LE(HEADER.payloadLength));
}
