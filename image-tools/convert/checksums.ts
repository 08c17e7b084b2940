import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MIB, type ByteRange } from '../values/bytes.ts';
import { bothSettled } from './bothSettled.ts';
import { dataExtents } from './extents.ts';
import { HashThread, type HashJob, type HashThreads, type Piece } from './hashThread.ts';

/**
 * How much is hashed: each extent of the root alone; the whole file by SHA-256 as well, which costs
 * by its size and not by its data; by MD5 too, for an old Glance.
 */
export const CHECKSUM_LEVELS = ['data', 'sha256', 'md5'] as const;
export type ChecksumLevel = (typeof CHECKSUM_LEVELS)[number];

/** Of a whole file, holes as zeros; what was not asked for is missing. */
export type Checksums = { readonly sha256?: string; readonly md5?: string };

/** `[offset, length, sha256]` of a run of data, in bytes of the virtual disk. */
export type HashedExtent = readonly [offsetBytes: number, sizeBytes: number, sha256: string];

/** A finished small file. */
export type FileFacts = {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly md5?: string;
};

/** A sparse file and what of it holds data. */
export type SparseFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly extents: readonly ByteRange[];
};

/** Longer extents are cut, so that two threads have about as much to do. */
const MOST_BYTES = 16 * MIB;

/** Size and checksums of a small file; it always gets its SHA-256. */
export async function factsOf(path: string, level: ChecksumLevel): Promise<FileFacts> {
  const bytes = await readFile(path);
  const facts = { sizeBytes: bytes.length, sha256: hash('sha256', bytes) };
  return level === 'md5' ? { ...facts, md5: hash('md5', bytes) } : facts;
}

/** SHA-256 of all data of a sparse raw file. */
export async function hashData(
  path: string,
  threads: HashThreads,
  signal?: AbortSignal,
): Promise<HashedExtent[]> {
  return hashExtents({ path, extents: await dataExtents(path, 'raw', signal) }, threads, signal);
}

/** SHA-256 of each run of data, in pieces of at most 16 MiB. */
export async function hashExtents(
  { path, extents }: Omit<SparseFile, 'sizeBytes'>,
  { pair }: HashThreads,
  signal?: AbortSignal,
): Promise<HashedExtent[]> {
  const pieces = extents.flatMap(cut);
  const [first, second] = halves(pieces);
  const hashHalf = (thread: HashThread, half: readonly ByteRange[]) =>
    thread.hash({ path, algorithm: 'sha256', messages: half.map((each) => [each]) }, signal);
  const sums = (await bothSettled(hashHalf(pair[0], first), hashHalf(pair[1], second))).flat();
  return pieces.map(({ offsetBytes, sizeBytes }, index) => [
    offsetBytes,
    sizeBytes,
    sums[index] ?? '',
  ]);
}

/** Where hashed extents stand. */
export function rangesOf(hashed: readonly HashedExtent[]): ByteRange[] {
  return hashed.map(([offsetBytes, sizeBytes]) => ({ offsetBytes, sizeBytes }));
}

function cut({ offsetBytes, sizeBytes }: ByteRange): ByteRange[] {
  return Array.from({ length: Math.ceil(sizeBytes / MOST_BYTES) }, (_, index) => ({
    offsetBytes: offsetBytes + index * MOST_BYTES,
    sizeBytes: Math.min(MOST_BYTES, sizeBytes - index * MOST_BYTES),
  }));
}

/** Parts a list where the bytes before and after are about as many. */
function halves(pieces: readonly ByteRange[]): [ByteRange[], ByteRange[]] {
  let leftBytes = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 2;
  const middle = pieces.findIndex(({ sizeBytes }) => (leftBytes -= sizeBytes) <= 0);
  return [pieces.slice(0, middle + 1), pieces.slice(middle + 1)];
}

/** The checksums that `level` asks for of a large sparse file, each in a thread of its own. */
export async function hashWhole(
  file: SparseFile,
  level: ChecksumLevel,
  signal?: AbortSignal,
): Promise<Checksums> {
  if (level === 'data') return {};
  const job = { path: file.path, messages: [withHoles(file)] };
  const [[sha256 = ''], [md5]] = await bothSettled(
    hashInThread({ ...job, algorithm: 'sha256' }, signal),
    level === 'md5' ? hashInThread({ ...job, algorithm: 'md5' }, signal) : Promise.resolve([]),
  );
  return md5 === undefined ? { sha256 } : { sha256, md5 };
}

/** All of a file: its extents, and zeros between and after them. */
export function withHoles({ sizeBytes, extents }: Omit<SparseFile, 'path'>): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const extent of [...extents, { offsetBytes: sizeBytes, sizeBytes: 0 }]) {
    if (extent.offsetBytes > at)
      pieces.push({ offsetBytes: at, sizeBytes: extent.offsetBytes - at, zeros: true });
    if (extent.sizeBytes > 0) pieces.push(extent);
    at = extent.offsetBytes + extent.sizeBytes;
  }
  return pieces;
}

async function hashInThread(job: HashJob, signal: AbortSignal | undefined): Promise<string[]> {
  await using thread = new HashThread();
  return await thread.hash(job, signal);
}
