import { open, type FileHandle } from 'node:fs/promises';
import { MIB, type ByteRange } from '../values/bytes.ts';
import { Qcow2Clusters, type Cluster } from './qcow2Clusters.ts';
import type { Source } from './source.ts';

/** Reads a run of bytes of the virtual disk; short at the end of the disk. Not to be written to. */
export type ReadDisk = (range: ByteRange) => Promise<Buffer>;

/** The virtual disk of a source, opened for reading. */
export type DiskReader = AsyncDisposable & {
  readonly read: ReadDisk;
  /** The runs within `range` that hold data, counted from its start; all else reads as zeros. */
  readonly dataExtents: (range: ByteRange) => Promise<ByteRange[]>;
};

/** What most of a mostly empty disk reads as, made once. */
const ZEROS = Buffer.alloc(MIB);

/** Opens a checked source. Reading throws ImageToolError SOURCE_DAMAGED. */
export async function openDisk(source: Source): Promise<DiskReader> {
  const file = await open(source.path, 'r');
  const clusters = source.header && new Qcow2Clusters(file, source.header);
  const clip = (range: ByteRange) => clipTo(range, source.virtualSizeBytes);
  return {
    read: (range) =>
      clusters ? readClusters(clusters, clip(range)) : readPlain(file, clip(range)),
    dataExtents: async (range) =>
      clusters
        ? clusterExtents(clusters, clip(range))
        : [{ offsetBytes: 0, sizeBytes: clip(range).sizeBytes }],
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function clipTo({ offsetBytes, sizeBytes }: ByteRange, diskBytes: number): ByteRange {
  return { offsetBytes, sizeBytes: Math.max(0, Math.min(sizeBytes, diskBytes - offsetBytes)) };
}

async function readPlain(file: FileHandle, { offsetBytes, sizeBytes }: ByteRange): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes);
  await file.read(buffer, 0, sizeBytes, offsetBytes);
  return buffer;
}

/** A piece of a range that lies in clusters which follow each other in the file. */
type Piece = { cluster: Cluster; offsetBytes: number; sizeBytes: number };

async function pieces(clusters: Qcow2Clusters, range: ByteRange): Promise<Piece[]> {
  const size = clusters.clusterBytes;
  const end = range.offsetBytes + range.sizeBytes;
  const found: Piece[] = [];
  for (let at = range.offsetBytes; at < end;) {
    const number = Math.floor(at / size);
    const next = Math.min(end, (number + 1) * size);
    const cluster = await clusters.find(number);
    const last = found.at(-1);
    if (last && follows(last, cluster, at % size)) last.sizeBytes += next - at;
    else found.push({ cluster: shift(cluster, at % size), offsetBytes: at, sizeBytes: next - at });
    at = next;
  }
  return found;
}

/** A plain cluster, read from within. */
function shift(cluster: Cluster, skipBytes: number): Cluster {
  return cluster.kind === 'plain'
    ? { kind: 'plain', offsetBytes: cluster.offsetBytes + skipBytes }
    : cluster;
}

function follows(last: Piece, cluster: Cluster, skipBytes: number): boolean {
  if (cluster.kind === 'zero') return last.cluster.kind === 'zero';
  if (cluster.kind !== 'plain' || last.cluster.kind !== 'plain') return false;
  return last.cluster.offsetBytes + last.sizeBytes === cluster.offsetBytes + skipBytes;
}

async function readClusters(clusters: Qcow2Clusters, range: ByteRange): Promise<Buffer> {
  const found = await pieces(clusters, range);
  const [only] = found;
  if (found.length === 1 && only?.cluster.kind === 'plain')
    return clusters.readFile(only.cluster.offsetBytes, only.sizeBytes);
  if (only?.cluster.kind === 'zero' && found.length === 1 && range.sizeBytes <= ZEROS.length)
    return ZEROS.subarray(0, range.sizeBytes);
  const bytes = Buffer.alloc(range.sizeBytes);
  for (const { cluster, offsetBytes, sizeBytes } of found) {
    if (cluster.kind === 'zero') continue;
    const at = offsetBytes - range.offsetBytes;
    if (cluster.kind === 'plain')
      (await clusters.readFile(cluster.offsetBytes, sizeBytes)).copy(bytes, at);
    else {
      const skip = offsetBytes % clusters.clusterBytes;
      (await clusters.inflate(cluster)).copy(bytes, at, skip, skip + sizeBytes);
    }
  }
  return bytes;
}

async function clusterExtents(clusters: Qcow2Clusters, range: ByteRange): Promise<ByteRange[]> {
  const found: { offsetBytes: number; sizeBytes: number }[] = [];
  for (const { cluster, offsetBytes, sizeBytes } of await pieces(clusters, range)) {
    if (cluster.kind === 'zero') continue;
    const at = offsetBytes - range.offsetBytes;
    const last = found.at(-1);
    if (last && last.offsetBytes + last.sizeBytes === at) last.sizeBytes += sizeBytes;
    else found.push({ offsetBytes: at, sizeBytes });
  }
  return found;
}
