import { open, readFile, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasCode, IronpxeError } from '../../../errors/error.ts';
import { run } from '../../../process/run.ts';
import type { FileSource, TargetDisk } from '../../plan/types.ts';
import { FileDisk } from '../fileDisk.ts';
import { requireKernelInitiator } from './available.ts';
import { copyByDd } from './dd.ts';
import { forgetIface } from './iscsiadm.ts';
import { ifaceName, type KernelTarget, logIn } from './session.ts';

export type KernelDiskOptions = KernelTarget & {
  /** Whose session it is; see `ifaceName`. */
  readonly owner: string;
  readonly signal: AbortSignal;
};

/** What is known of a logged-in disk. */
type DeviceFacts = {
  readonly device: string;
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  /** The number of the kernel's session. */
  readonly session: string;
};

/** sysfs counts in these, whatever the disk's blocks are. */
const SYSFS_SECTOR_BYTES = 512;
const END_TIMEOUT_MS = 5000;

/**
 * Has the kernel log in to a disk. Disposing it ends what still runs, logs out and forgets the
 * target. @throws IronpxeError ISCSI_*, COMMAND_NOT_FOUND; the reason of `signal`
 */
export async function openKernelDisk(options: KernelDiskOptions): Promise<KernelDisk> {
  await requireKernelInitiator();
  const iface = ifaceName(options.owner, options.iqn);
  const device = await logIn(options, iface, options.signal);
  try {
    const facts = await readFacts(device);
    return new KernelDisk(facts, iface, await localPort(facts.session), options.signal);
  } catch (error) {
    await forgetIface(iface);
    throw error;
  }
}

async function readFacts(device: string): Promise<DeviceFacts> {
  const folder = `/sys/class/block/${basename(device)}`;
  const [session] = /(?<=\/session)\d+(?=\/)/.exec(await realpath(folder)) ?? [];
  if (session === undefined) throw new Error(`${device} belongs to no iSCSI session.`);
  const number = async (name: string) => Number(await readFile(`${folder}/${name}`, 'utf8'));
  const sizeBytes = (await number('size')) * SYSFS_SECTOR_BYTES;
  return { device, sizeBytes, blockSizeBytes: await number('queue/logical_block_size'), session };
}

/** Our port of the session's connection, another one after each reconnect; `undefined` without one. */
async function localPort(session: string): Promise<string | undefined> {
  const path = `/sys/class/iscsi_connection/connection${session}:0/local_port`;
  return readFile(path, 'utf8').catch(() => undefined);
}

/** A disk that the kernel is logged in to, written by processes of dd. */
export class KernelDisk implements TargetDisk, AsyncDisposable {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly device: string;
  readonly #session: string;
  readonly #iface: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<unknown>>();
  #localPort: string | undefined;
  #sentBytes = 0;

  constructor(facts: DeviceFacts, iface: string, port: string | undefined, signal: AbortSignal) {
    this.sizeBytes = facts.sizeBytes;
    this.blockSizeBytes = facts.blockSizeBytes;
    this.device = facts.device;
    this.#session = facts.session;
    this.#iface = iface;
    this.#localPort = port;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /** Bytes of files given to the kernel so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Copies by a process of its own. @throws IronpxeError WRITE_SOURCE_CHANGED, ISCSI_* */
  async copy(source: FileSource, targetOffsetBytes: number, lengthBytes: number): Promise<void> {
    const copy = { source, device: this.device, targetOffsetBytes, lengthBytes };
    await this.#track(copyByDd(copy, this.#signal));
    this.#sentBytes += lengthBytes;
  }

  async write(offsetBytes: number, data: Uint8Array): Promise<void> {
    await using file = await this.#open();
    await file.write(offsetBytes, data);
    this.#sentBytes += data.length;
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    await using file = await this.#open();
    return await file.read(offsetBytes, lengthBytes);
  }

  /**
   * The kernel has the target do it where that can, else it sends zeros. Without `--force` blkdiscard
   * wants the disk for itself, and of two at a time one fails. @throws ISCSI_*
   */
  async zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    const range = ['--offset', String(offsetBytes), '--length', String(lengthBytes)];
    await this.#run('blkdiscard', ['--force', '--zeroout', ...range, this.device], 'util-linux');
  }

  /**
   * fsync of the device: what is in the page cache, then SYNCHRONIZE CACHE. The ioctl behind
   * `blockdev --flushbufs` leaves the latter out.
   * @throws IronpxeError ISCSI_SESSION_LOST_BEFORE_FLUSH as the disk of the in-process initiator
   */
  async flush(): Promise<void> {
    await this.#run('sync', ['--data', this.device], 'coreutils');
    const before = this.#localPort;
    this.#localPort = await localPort(this.#session);
    if (this.#localPort !== undefined && this.#localPort === before) return;
    throw new IronpxeError(
      'ISCSI_SESSION_LOST_BEFORE_FLUSH',
      'The kernel made the session anew since the last flush, so acknowledged writes may be lost.',
    );
  }

  /** Ends what runs and logs out. A process that hangs in the kernel ends with the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('The disk was closed.'));
    await Promise.race([
      Promise.allSettled(this.#running),
      setTimeout(END_TIMEOUT_MS, undefined, { ref: false }),
    ]);
    await forgetIface(this.#iface);
  }

  async #open(): Promise<FileDisk> {
    return new FileDisk(await open(this.device, 'r+'), this.sizeBytes, this.blockSizeBytes);
  }

  #run(program: string, args: readonly string[], packageName: string): Promise<unknown> {
    return this.#track(run(program, args, { signal: this.#signal, package: packageName }));
  }

  /** Remembers what runs, and tells an I/O error from others. */
  async #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } catch (error) {
      if (!hasCode(error, 'COMMAND_FAILED')) throw error;
      throw new IronpxeError(await this.#failureCode(), error.message, { cause: error });
    } finally {
      this.#running.delete(work);
    }
  }

  async #failureCode() {
    const path = `/sys/class/iscsi_session/session${this.#session}/state`;
    const state = await readFile(path, 'utf8').catch(() => '');
    return state.trim() === 'LOGGED_IN' ? 'ISCSI_COMMAND_FAILED' : 'ISCSI_TARGET_LOST';
  }
}
