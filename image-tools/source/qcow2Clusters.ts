import type { FileHandle } from 'node:fs/promises';
import { inflateRawSync, constants, zstdDecompressSync } from 'node:zlib';
import { ImageToolError } from '../errors/error.ts';
import type { Qcow2Header } from './qcow2Header.ts';
import { zstdFrameBytes } from './zstdFrame.ts';

/** Where the bytes of one cluster of the virtual disk come from. */
export type Cluster =
  | { readonly kind: 'zero' }
  | { readonly kind: 'plain'; readonly offsetBytes: number }
  | { readonly kind: 'compressed'; readonly offsetBytes: number; readonly sizeBytes: number };

const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;
const COMPRESSED = 1n << 62n;
const ALL_ZERO = 1n;
const ZERO: Cluster = { kind: 'zero' };

/**
 * Finds and reads clusters of a qcow2 file (QEMU docs/interop/qcow2.txt, "Cluster mapping"): plain,
 * zero and compressed ones. Tables are read once and kept.
 */
export class Qcow2Clusters {
  readonly #file: FileHandle;
  readonly #header: Qcow2Header;
  readonly #tables = new Map<number, Promise<Buffer>>();
  readonly clusterBytes: number;

  constructor(file: FileHandle, header: Qcow2Header) {
    this.#file = file;
    this.#header = header;
    this.clusterBytes = 2 ** header.clusterBits;
  }

  /** Looks a cluster up by its number on the virtual disk. @throws ImageToolError SOURCE_DAMAGED */
  async find(number: number): Promise<Cluster> {
    const perTable = this.clusterBytes / 8;
    const level1 = Math.floor(number / perTable);
    if (level1 >= this.#header.level1Entries) return ZERO;
    const top = await this.#table(this.#header.level1OffsetBytes, this.#header.level1Entries * 8);
    const at = Number(top.readBigUInt64BE(level1 * 8) & OFFSET_MASK);
    if (at === 0) return ZERO;
    const table = await this.#table(at, this.clusterBytes);
    return this.#parse(table.readBigUInt64BE((number % perTable) * 8));
  }

  #parse(entry: bigint): Cluster {
    if (entry & COMPRESSED) return this.#parseCompressed(entry);
    const offsetBytes = Number(entry & OFFSET_MASK);
    if (entry & ALL_ZERO || offsetBytes === 0) return ZERO;
    return { kind: 'plain', offsetBytes };
  }

  #parseCompressed(entry: bigint): Cluster {
    const offsetBits = BigInt(62 - (this.#header.clusterBits - 8));
    const offsetBytes = Number(entry & ((1n << offsetBits) - 1n));
    const sectors = Number((entry & (COMPRESSED - 1n)) >> offsetBits) + 1;
    return { kind: 'compressed', offsetBytes, sizeBytes: sectors * 512 - (offsetBytes % 512) };
  }

  /** Reads plain bytes of the file. @throws ImageToolError SOURCE_DAMAGED when it is too short */
  async readFile(offsetBytes: number, sizeBytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(sizeBytes);
    const { bytesRead } = await this.#file.read(buffer, 0, sizeBytes, offsetBytes);
    if (bytesRead === sizeBytes) return buffer;
    throw new ImageToolError(
      'SOURCE_DAMAGED',
      `The qcow2 image is truncated: bytes ${offsetBytes} to ${offsetBytes + sizeBytes} are missing.`,
    );
  }

  /** Unpacks a compressed cluster; its last sector may hold the start of the next one. */
  async inflate(cluster: Extract<Cluster, { kind: 'compressed' }>): Promise<Buffer> {
    const packed = Buffer.alloc(cluster.sizeBytes);
    await this.#file.read(packed, 0, cluster.sizeBytes, cluster.offsetBytes);
    try {
      const plain = this.#unpack(packed);
      if (plain.length === this.clusterBytes) return plain;
    } catch (error) {
      throw new ImageToolError('SOURCE_DAMAGED', 'A compressed cluster cannot be unpacked.', {
        cause: error,
      });
    }
    throw new ImageToolError('SOURCE_DAMAGED', 'A compressed cluster is too short.');
  }

  #unpack(packed: Buffer): Buffer {
    const maxOutputLength = this.clusterBytes;
    if (this.#header.compression === 'zstd')
      return zstdDecompressSync(packed.subarray(0, zstdFrameBytes(packed)), { maxOutputLength });
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength });
  }

  #table(offsetBytes: number, sizeBytes: number): Promise<Buffer> {
    const known = this.#tables.get(offsetBytes);
    if (known) return known;
    const table = this.readFile(offsetBytes, sizeBytes);
    this.#tables.set(offsetBytes, table);
    return table;
  }
}
