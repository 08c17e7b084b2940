import { IronpxeError } from '../../../conductor/errors/error.ts';
import type { TargetDisk } from '../../../conductor/deploy/plan/types.ts';

/** What happens to the n-th operation (counted from 0, over writes, zeros and flushes). */
export type Fault = (
  operation: number,
  kind: 'write' | 'zero' | 'flush',
) => 'lose session' | 'fail' | 'hang' | undefined;

/**
 * A disk in memory with a write cache, as far from the benign as a disk may be: what was written
 * is in `cached`, what was flushed also in `stable`, and a lost session drops what was not.
 */
export class FakeDisk implements TargetDisk {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly stable: Buffer;
  readonly cached: Buffer;
  operations = 0;
  flushes = 0;
  losses = 0;
  writtenBytes = 0;
  inFlightBytes = 0;
  maxInFlightBytes = 0;
  flushedBytes = 0;
  maxUnflushedBytes = 0;
  /** Called after each operation. */
  observe: () => void = () => {};
  #fault: Fault;
  #lost = false;

  constructor(content: Buffer, options: { blockSizeBytes?: number; fault?: Fault } = {}) {
    this.stable = Buffer.from(content);
    this.cached = Buffer.from(content);
    this.sizeBytes = content.length;
    this.blockSizeBytes = options.blockSizeBytes ?? 512;
    this.#fault = options.fault ?? (() => undefined);
  }

  async write(offsetBytes: number, data: Uint8Array): Promise<void> {
    this.inFlightBytes += data.length;
    this.maxInFlightBytes = Math.max(this.maxInFlightBytes, this.inFlightBytes);
    await this.#operation('write');
    this.inFlightBytes -= data.length;
    this.writtenBytes += data.length;
    const unflushed = this.writtenBytes - this.flushedBytes;
    this.maxUnflushedBytes = Math.max(this.maxUnflushedBytes, unflushed);
    this.#expectAligned(offsetBytes, data.length);
    this.cached.set(data, offsetBytes);
    this.observe();
  }

  async zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    await this.#operation('zero');
    this.#expectAligned(offsetBytes, lengthBytes);
    this.cached.fill(0, offsetBytes, offsetBytes + lengthBytes);
    this.observe();
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return Buffer.from(this.cached.subarray(offsetBytes, offsetBytes + lengthBytes));
  }

  async flush(): Promise<void> {
    const covered = Buffer.from(this.cached);
    const coveredBytes = this.writtenBytes;
    await this.#operation('flush');
    if (this.#lost) {
      this.#lost = false;
      throw new IronpxeError('ISCSI_SESSION_LOST_BEFORE_FLUSH', 'The session was lost.');
    }
    this.flushes++;
    this.flushedBytes = coveredBytes;
    covered.copy(this.stable);
    this.observe();
  }

  async #operation(kind: 'write' | 'zero' | 'flush'): Promise<void> {
    const fault = this.#fault(this.operations++, kind);
    await new Promise((resolve) => setImmediate(resolve));
    if (fault === 'hang') await new Promise(() => {});
    if (fault === 'fail') throw new IronpxeError('ISCSI_MEDIUM_ERROR', 'The disk is broken.');
    if (fault === 'lose session') this.#loseSession();
  }

  /** The target forgets its write cache; it is another life from here. */
  #loseSession(): void {
    this.#lost = true;
    this.losses++;
    this.stable.copy(this.cached);
  }

  #expectAligned(offsetBytes: number, lengthBytes: number): void {
    const end = offsetBytes + lengthBytes;
    if (
      offsetBytes % this.blockSizeBytes ||
      lengthBytes % this.blockSizeBytes ||
      end > this.sizeBytes
    )
      throw new Error(`I/O at ${offsetBytes} of ${lengthBytes} bytes`);
  }
}
