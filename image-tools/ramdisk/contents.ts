import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { execa } from 'execa';
import { needsAppliance } from '../filesystems/tree.ts';
import { MIB } from '../values/bytes.ts';
import { CpioLister } from './cpioLister.ts';

const CHUNK_BYTES = MIB;
const MAX_BYTES = 4096 * MIB;

/**
 * The names of all files in a ramdisk: archives one after the other (microcode first), plain ones
 * and at the end one packed with gzip, zstd or xz. It stops when `isEnough`: unpacking takes long.
 * @throws ImageToolError APPLIANCE_NEEDED for other kinds
 */
export async function ramdiskContents(
  path: string,
  isEnough: (names: ReadonlySet<string>) => boolean = () => false,
): Promise<Set<string>> {
  const names = new Set<string>();
  const { size } = await stat(path);
  let start = 0;
  while (start < size) {
    const magic = await firstBytes(path, start);
    const lister = new CpioLister((name) => names.add(name));
    await feed(path, start, magic, { lister, isDone: () => lister.ended || isEnough(names) });
    if (isEnough(names)) break;
    if (!lister.ended) throw needsAppliance('its ramdisk is no whole cpio archive');
    if (!isPlain(magic)) break;
    start = await skipZeros(path, start + lister.endBytes);
  }
  return names;
}

function isPlain(magic: string): boolean {
  return magic.startsWith(Buffer.from('07070').toString('hex'));
}

/** Takes a part's bytes in order, until it has what it wants. */
type Taker = { readonly lister: CpioLister; readonly isDone: () => boolean };

async function feed(path: string, start: number, magic: string, taker: Taker): Promise<void> {
  const source = createReadStream(path, { start, highWaterMark: CHUNK_BYTES });
  const unpacker = unpackerFor(magic);
  if (!unpacker) return drain(source, taker);
  source.on('error', (error) => unpacker.destroy(error));
  await drain(source.pipe(unpacker), taker);
  source.destroy();
}

/** Reads on until the archive has ended, and no more than a ramdisk can have. */
async function drain(chunks: Readable, { lister, isDone }: Taker): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    lister.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw needsAppliance('its ramdisk has no end');
    if (isDone()) return;
  }
}

function unpackerFor(magic: string): Duplex | undefined {
  if (isPlain(magic)) return undefined;
  if (magic.startsWith('1f8b')) return createGunzip({ chunkSize: CHUNK_BYTES });
  if (magic.startsWith('28b52ffd')) return createZstdDecompress({ chunkSize: CHUNK_BYTES });
  if (magic === 'fd377a585a00')
    return execa('xz', ['-dc', '--memlimit=1GiB'], { buffer: false }).duplex();
  throw needsAppliance(
    `its ramdisk is packed in a way that is not known here (it starts ${magic})`,
  );
}

async function stat(path: string): Promise<{ size: number }> {
  await using file = await open(path);
  return await file.stat();
}

async function firstBytes(path: string, at: number): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(6), 0, 6, at);
  return buffer.toString('hex', 0, bytesRead);
}

async function skipZeros(path: string, start: number): Promise<number> {
  await using file = await open(path);
  const block = Buffer.alloc(4096);
  for (let at = start; ; at += block.length) {
    const { bytesRead } = await file.read(block, 0, block.length, at);
    const first = block.subarray(0, bytesRead).findIndex((byte) => byte !== 0);
    if (first >= 0) return at + first;
    if (bytesRead < block.length) return at + bytesRead;
  }
}
