import { randomBytes } from 'node:crypto';
import type { Fill, TargetDisk } from '../deploy/plan/types.ts';
import { IronpxeError } from '../errors/error.ts';
import type { NewEvent } from '../events/kinds.ts';
import { ByteGate } from './byteGate.ts';
import { Durability } from './durability.ts';
import { Initiator } from './initiator.ts';
import type { ChapCredentials } from './login/chap.ts';
import { type BlockRange, read16, synchronizeCache16, write16 } from './scsi/cdb.ts';
import type { DiskIdentity } from './scsi/inquiry.ts';
import { expectGood } from './scsi/outcome.ts';
import type { DiskFacts } from './scsi/probe.ts';
import { SpacedPool } from './session/spacedData.ts';
import type { DataOut } from './session/dataOut.ts';
import { Zeroer, type ZeroWay } from './zero.ts';

/** Which disk to open, and how patiently. */
export type IscsiDiskOptions = {
  readonly host: string;
  readonly listenPort: number;
  /** The name of the target. */
  readonly iqn: string;
  readonly lun: number;
  /** Our own name; `iqn.2026-11.org.ironpxe:conductor` by default. */
  readonly initiatorIqn?: string;
  /** When given, the target must authenticate us with CHAP; with `mutual`, itself too. */
  readonly chap?: ChapCredentials;
  /** Protect headers with CRC32C; the target must agree. */
  readonly headerDigest?: boolean;
  /** Protect data with CRC32C; the target must agree. */
  readonly dataDigest?: boolean;
  /** How much data may be on its way at once; 8 MiB by default. More waits its turn. */
  readonly maxInFlightBytes?: number;
  /** For the TCP connection, and again for the login. */
  readonly connectTimeoutMs: number;
  /** How long a command may wait without any sign of it from the target. */
  readonly commandTimeoutMs: number;
  /** After this much silence the target is asked for a sign of life; 10 s by default. */
  readonly keepaliveMs?: number;
  /** How long a target may be away before all I/O on it fails; 0: do not reconnect. */
  readonly reconnectForMs: number;
  readonly observe?: (event: NewEvent) => void;
  /** Ends the session at once; all I/O rejects with its reason. */
  readonly signal: AbortSignal;
};

const INITIATOR_IQN = 'iqn.2026-11.org.ironpxe:conductor';
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;
const KEEPALIVE_MS = 10_000;
const COMMAND_BYTES = 1024 * 1024;
const GROWN_BUFFER_BYTES = 8 * 1024 * 1024;
/** Where all disks put what nobody looks at. */
let unread: Buffer | undefined;
const NAME = /^[\x21-\x7e]{1,223}$/;

/**
 * Logs in to an iSCSI target and opens one of its disks (RFC 7143). One try; only an open disk
 * reconnects.
 * @throws IronpxeError ISCSI_*; the reason of `signal`
 */
export async function openIscsiDisk(options: IscsiDiskOptions): Promise<IscsiDisk> {
  const durability = new Durability();
  const initiator = new Initiator({
    ...options,
    keepaliveMs: options.keepaliveMs ?? KEEPALIVE_MS,
    login: {
      initiatorIqn: expectName(options.initiatorIqn ?? INITIATOR_IQN),
      targetIqn: expectName(options.iqn),
      isid: makeIsid(),
      chap: options.chap,
      wanted: {
        headerDigest: options.headerDigest ?? false,
        dataDigest: options.dataDigest ?? false,
      },
    },
    observe: options.observe ?? (() => {}),
    onInterrupted: () => durability.lost(),
  });
  const facts = await initiator.open();
  // The first writes need not wait for it.
  growBuffers(initiator, facts).catch(() => {});
  const gate = new ByteGate(options.maxInFlightBytes ?? MAX_IN_FLIGHT_BYTES);
  return new IscsiDisk(initiator, durability, gate, facts);
}

/**
 * Reads once more than any later command carries. tgtd takes a buffer for each command from glibc,
 * which maps those above a threshold anew each time: the page faults cost it 0.35 s of processor
 * time per GiB. The threshold rises to the largest buffer that was freed. Other targets lose a few
 * milliseconds; what they answer does not matter.
 */
async function growBuffers(initiator: Initiator, { capacity, limits }: DiskFacts): Promise<void> {
  const { blockSizeBytes } = capacity;
  const wanted = Math.min(GROWN_BUFFER_BYTES / blockSizeBytes, capacity.blocks);
  const blocks =
    limits.maxTransferBlocks === 0 ? wanted : Math.min(wanted, limits.maxTransferBlocks);
  unread ??= Buffer.allocUnsafeSlow(GROWN_BUFFER_BYTES);
  const dataIn = unread.subarray(0, blocks * blockSizeBytes);
  await initiator.execute({ cdb: read16({ lba: 0, blocks }), dataIn });
}

/**
 * A disk behind an iSCSI session; open it with {@link openIscsiDisk}.
 *
 * When the session is lost, it is made again and unanswered I/O is sent again; the caller sees
 * nothing of that but a delay. What was written since the last flush may be lost all the same, if
 * the target restarted. Therefore the next `flush()` rejects, once, with
 * ISCSI_SESSION_LOST_BEFORE_FLUSH: then everything that was written after the last `flush()` that
 * settled well must be written again, and flushed again. Every other rejection is final for that
 * I/O, and after ISCSI_TARGET_LOST, ISCSI_TARGET_CHANGED and ISCSI_PROTOCOL_ERROR for the disk.
 */
export class IscsiDisk implements TargetDisk, AsyncDisposable {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly identity: DiskIdentity;
  readonly #initiator: Initiator;
  readonly #durability: Durability;
  readonly #gate: ByteGate;
  readonly #zeroer: Zeroer;
  readonly #commandBytes: number;
  readonly #pool: SpacedPool;

  constructor(initiator: Initiator, durability: Durability, gate: ByteGate, facts: DiskFacts) {
    const { capacity, limits } = facts;
    this.sizeBytes = capacity.blocks * capacity.blockSizeBytes;
    this.blockSizeBytes = capacity.blockSizeBytes;
    this.identity = facts.identity;
    this.#initiator = initiator;
    this.#durability = durability;
    this.#gate = gate;
    this.#zeroer = new Zeroer((task) => initiator.execute(task), facts);
    const limitBytes = limits.maxTransferBlocks * capacity.blockSizeBytes || COMMAND_BYTES;
    this.#commandBytes = Math.min(COMMAND_BYTES, limitBytes);
    this.#pool = new SpacedPool(this.#commandBytes);
  }

  /** How `zero` works at present: `unmap` and `write_same` send next to nothing. */
  get zeroing(): ZeroWay {
    return this.#zeroer.way;
  }

  /** Payload bytes sent to the target so far, repetitions included. */
  get sentBytes(): number {
    return this.#initiator.sentBytes;
  }

  /** The session was lost since the last flush: the next `flush()` will reject. */
  get sessionLostSinceFlush(): boolean {
    return this.#durability.isLost;
  }

  /**
   * Writes `data`, which must not change until the promise settles.
   * @throws IronpxeError ISCSI_*; RangeError when unaligned or past the end
   */
  async write(offsetBytes: number, data: Uint8Array): Promise<void> {
    this.#expectInside(offsetBytes, data.length);
    await this.#durability.write(() =>
      this.#eachCommand(offsetBytes, data.length, (range, at) =>
        this.#send(range, data.subarray(at, at + range.blocks * this.blockSizeBytes)),
      ),
    );
  }

  /** Writes what `fill` puts where it can be sent from without a copy. @throws as `write`, and `fill` */
  async writeFrom(offsetBytes: number, lengthBytes: number, fill: Fill): Promise<void> {
    this.#expectInside(offsetBytes, lengthBytes);
    await this.#durability.write(() =>
      this.#eachCommand(offsetBytes, lengthBytes, async (range, at) => {
        const bytes = range.blocks * this.blockSizeBytes;
        const data = this.#pool.take(bytes, this.#initiator.segmentBytes);
        try {
          await fill(data.parts(), at);
          await this.#send(range, data);
        } finally {
          this.#pool.give(data);
        }
      }),
    );
  }

  async #send(range: BlockRange, dataOut: DataOut): Promise<void> {
    const result = await this.#initiator.execute({ cdb: write16(range), dataOut });
    const what = `write ${describeRange(range)}`;
    expectTransferred(expectGood(result, what).residual.bytes, what);
  }

  /** Reads; the target may answer from its cache. @throws as `write` */
  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    this.#expectInside(offsetBytes, lengthBytes);
    const whole = Buffer.allocUnsafe(lengthBytes);
    await this.#eachCommand(offsetBytes, lengthBytes, async (range, at) => {
      const dataIn = whole.subarray(at, at + range.blocks * this.blockSizeBytes);
      const result = await this.#initiator.execute({ cdb: read16(range), dataIn });
      const what = `read ${describeRange(range)}`;
      expectTransferred(dataIn.length - expectGood(result, what).data.length, what);
    });
    return whole;
  }

  /** Makes a range read as zero in the cheapest way that the target has. @throws as `write` */
  async zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    this.#expectInside(offsetBytes, lengthBytes);
    const range = {
      lba: offsetBytes / this.blockSizeBytes,
      blocks: lengthBytes / this.blockSizeBytes,
    };
    await this.#durability.write(() =>
      this.#gate.hold(this.#commandBytes, () => this.#zeroer.zero(range)),
    );
  }

  /**
   * Puts all writes that settled before on stable storage.
   * @throws IronpxeError ISCSI_SESSION_LOST_BEFORE_FLUSH: write everything since the last good
   * flush again; other ISCSI_* as for `write`
   */
  async flush(): Promise<void> {
    const finish = this.#durability.startFlush();
    const result = await this.#initiator.execute({ cdb: synchronizeCache16() });
    expectGood(result, 'flush its cache');
    if (finish()) return;
    throw new IronpxeError(
      'ISCSI_SESSION_LOST_BEFORE_FLUSH',
      'The session was lost since the last flush, so writes that the target had acknowledged may be lost.',
    );
  }

  /** Logs out. I/O still open rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#initiator.close();
  }

  /** Cuts a range into commands, and lets as many run at once as the gate admits. */
  async #eachCommand(
    offsetBytes: number,
    lengthBytes: number,
    run: (range: BlockRange, at: number) => Promise<void>,
  ): Promise<void> {
    const jobs: Promise<void>[] = [];
    for (let at = 0; at < lengthBytes; at += this.#commandBytes) {
      const bytes = Math.min(this.#commandBytes, lengthBytes - at);
      const range = {
        lba: (offsetBytes + at) / this.blockSizeBytes,
        blocks: bytes / this.blockSizeBytes,
      };
      jobs.push(this.#gate.hold(bytes, () => run(range, at)));
    }
    await Promise.all(jobs);
  }

  #expectInside(offsetBytes: number, lengthBytes: number): void {
    const isAligned =
      Number.isInteger(offsetBytes / this.blockSizeBytes) &&
      Number.isInteger(lengthBytes / this.blockSizeBytes);
    if (isAligned && offsetBytes >= 0 && offsetBytes + lengthBytes <= this.sizeBytes) return;
    throw new RangeError(
      `I/O of ${lengthBytes} bytes at ${offsetBytes}: expected multiples of ${this.blockSizeBytes} within ${this.sizeBytes} bytes`,
    );
  }
}

/** A random ISID, so that no two open disks end each other's session (RFC 7143 §11.12.5). */
function makeIsid(): Buffer {
  const isid = randomBytes(6);
  isid.writeUInt8(0x80, 0);
  return isid;
}

function expectName(name: string): string {
  if (NAME.test(name)) return name;
  throw new RangeError(`${JSON.stringify(name)} is no iSCSI name`);
}

function expectTransferred(missingBytes: number, what: string): void {
  if (missingBytes === 0) return;
  throw new IronpxeError(
    'ISCSI_COMMAND_FAILED',
    `The target said it did ${what}, but left ${missingBytes} bytes out.`,
  );
}

function describeRange({ lba, blocks }: BlockRange): string {
  return `${blocks} blocks at LBA ${lba}`;
}
