import type { ScsiResult, ScsiTask } from './session/task.ts';
import { type BlockRange, read16, write16, writeSame16 } from './scsi/cdb.ts';
import { expectGood, isGood, SENSE_KEY, senseOf } from './scsi/outcome.ts';
import type { DiskFacts, Execute } from './scsi/probe.ts';

/** Ways to make blocks zero, the cheapest first. */
export const ZERO_WAYS = ['unmap', 'write_same', 'write'] as const;
export type ZeroWay = (typeof ZERO_WAYS)[number];

/**
 * How much one command may cover. WRITE SAME without UNMAP makes tgt write block by block, so it
 * gets little at a time, lest a slow disk run into the command timeout.
 */
const CHUNK_BYTES: Readonly<Record<ZeroWay, number>> = {
  unmap: 1024 * 1024 * 1024,
  write_same: 32 * 1024 * 1024,
  write: 1024 * 1024,
};

/** So many unmaps are looked at, and later one in so many: for small ones that is most of the time. */
const CHECKED_UNMAPS = 16;

/**
 * Makes blocks zero in the cheapest way that works on this disk; a way that it refuses, or that
 * leaves something else than zeros, is not tried again.
 */
export class Zeroer {
  readonly #execute: Execute;
  readonly #blockSizeBytes: number;
  readonly #maxSameBlocks: number;
  readonly #zeros: Buffer;
  #way: ZeroWay;
  #unmaps = 0;

  constructor(execute: Execute, { capacity, limits }: DiskFacts) {
    this.#execute = execute;
    this.#blockSizeBytes = capacity.blockSizeBytes;
    this.#maxSameBlocks = limits.maxSameBlocks || 0xff_ff_ff_ff;
    this.#zeros = Buffer.alloc(CHUNK_BYTES.write);
    this.#way = capacity.canUnmap && capacity.unmappedReadsZero ? 'unmap' : 'write_same';
  }

  /** The way that the next blocks are made zero. */
  get way(): ZeroWay {
    return this.#way;
  }

  /** Makes blocks read as zero, one command after the other. @throws IronpxeError ISCSI_* */
  async zero(range: BlockRange): Promise<void> {
    const end = range.lba + range.blocks;
    for (let lba = range.lba; lba < end;) {
      const way = this.#way;
      const piece = { lba, blocks: Math.min(this.#chunkBlocks(way), end - lba) };
      if (await this.#tryWay(way, piece)) lba += piece.blocks;
      else this.#demote(way);
    }
  }

  #chunkBlocks(way: ZeroWay): number {
    const blocks = CHUNK_BYTES[way] / this.#blockSizeBytes;
    return way === 'write' ? blocks : Math.min(blocks, this.#maxSameBlocks);
  }

  /** Another call may have done so in the meantime. */
  #demote(from: ZeroWay): void {
    if (this.#way === from) this.#way = from === 'unmap' ? 'write_same' : 'write';
  }

  async #tryWay(way: ZeroWay, piece: BlockRange): Promise<boolean> {
    const result = await this.#execute(this.#task(way, piece));
    const what = `make ${piece.blocks} blocks zero at LBA ${piece.lba}`;
    if (way !== 'write' && isRefusal(result)) return false;
    expectGood(result, what);
    return way !== 'unmap' || !this.#isCheckDue() || (await this.#readsZero(piece));
  }

  #task(way: ZeroWay, piece: BlockRange): ScsiTask {
    if (way === 'write') {
      const dataOut = this.#zeros.subarray(0, piece.blocks * this.#blockSizeBytes);
      return { cdb: write16(piece), dataOut };
    }
    const dataOut = this.#zeros.subarray(0, this.#blockSizeBytes);
    return { cdb: writeSame16(piece, way === 'unmap'), dataOut };
  }

  /** The disk promised zeros (LBPRZ); one that lies does so from the start, or now and then. */
  #isCheckDue(): boolean {
    const number = this.#unmaps++;
    return number < CHECKED_UNMAPS || number % CHECKED_UNMAPS === 0;
  }

  /** Looks at the first, the middle and the last block. */
  async #readsZero({ lba, blocks }: BlockRange): Promise<boolean> {
    const places = new Set([lba, lba + Math.floor(blocks / 2), lba + blocks - 1]);
    const samples = await Promise.all(Array.from(places, (place) => this.#readBlock(place)));
    return samples.every((sample) => sample.equals(this.#zeros.subarray(0, sample.length)));
  }

  async #readBlock(lba: number): Promise<Buffer> {
    const dataIn = Buffer.alloc(this.#blockSizeBytes);
    const result = await this.#execute({ cdb: read16({ lba, blocks: 1 }), dataIn });
    return expectGood(result, `read 1 block at LBA ${lba}`).data;
  }
}

/** The disk does not know the command; emulated SATA disks say HARDWARE ERROR for that. */
function isRefusal(result: ScsiResult): boolean {
  if (isGood(result)) return false;
  const key = senseOf(result)?.key;
  return key === SENSE_KEY.illegalRequest || key === SENSE_KEY.hardwareError;
}
