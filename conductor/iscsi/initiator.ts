import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, IronpxeError } from '../errors/error.ts';
import type { NewEvent } from '../events/kinds.ts';
import type { SessionParameters } from './login/keys.ts';
import { retryDelayMs, SENSE_KEY, senseOf } from './scsi/outcome.ts';
import { describeDisk, type DiskFacts, isSameDisk, probeDisk } from './scsi/probe.ts';
import { Session, type SessionOptions } from './session.ts';
import type { ScsiResult, ScsiTask } from './session/task.ts';
import { describePortal } from './socket.ts';

export type InitiatorOptions = SessionOptions & {
  /** How long an outage may last before it is final. */
  readonly reconnectForMs: number;
  readonly observe: (event: NewEvent) => void;
  /** Called at once when a session is lost or the disk was reset: see {@link Durability}. */
  readonly onInterrupted: () => void;
};

type Outage = { readonly sinceMs: number; attempts: number };

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5000;
const MAX_TIMEOUTS = 3;
/** A command that ends each session it is sent in must not do so for ever. */
const MAX_LOSSES = 10;
/** A session that lived this long ended the outage before it, even if it was idle. */
const STABLE_MS = 10_000;
const RESET_OCCURRED = 0x29;

/**
 * Keeps a session to one LUN: when it is lost, logs in again, sees that the disk is the same, and
 * sends the commands again that were not answered. So commands must be such that doing them twice
 * does no harm.
 */
export class Initiator {
  readonly #options: InitiatorOptions;
  #session: Promise<Session>;
  #current: Session | undefined;
  #facts: DiskFacts | undefined;
  #outage: Outage | undefined;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  #isClosing = false;
  #openedAtMs = 0;
  #earlierSentBytes = 0;
  #segmentBytes = 0;

  constructor(options: InitiatorOptions) {
    this.#options = options;
    this.#session = Promise.reject(new Error('the initiator is not open'));
    this.#session.catch(() => {});
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
    this.#signal.addEventListener('abort', () => this.#current?.fail(this.#signal.reason));
  }

  /** Bytes of commands' data sent so far, in all sessions. */
  get sentBytes(): number {
    return this.#earlierSentBytes + (this.#current?.sentDataBytes ?? 0);
  }

  /** The longest data segment that the target took when it was connected last. */
  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Logs in for the first time, without further tries. @throws IronpxeError ISCSI_* */
  async open(): Promise<DiskFacts> {
    this.#session = this.#connect();
    await this.#session;
    if (!this.#facts) throw new Error('a session was opened without a probe');
    return this.#facts;
  }

  /**
   * Carries out a command to its end, across lost sessions and passing conditions. The result may
   * still be an error of the disk.
   * @throws IronpxeError ISCSI_TARGET_LOST, ISCSI_TARGET_CHANGED, ISCSI_COMMAND_TIMED_OUT,
   * ISCSI_COMMAND_FAILED, ISCSI_PROTOCOL_ERROR; the reason of `signal`
   */
  async execute(task: ScsiTask): Promise<ScsiResult> {
    for (let timeouts = 0, losses = 0; ; losses++) {
      const session = await this.#session;
      try {
        const result = await this.#executeOn(session, task);
        this.#outage = undefined;
        return result;
      } catch (error) {
        if (hasCode(error, 'ISCSI_COMMAND_TIMED_OUT')) timeouts++;
        const isFinal = timeouts >= MAX_TIMEOUTS || losses >= MAX_LOSSES;
        if (!isPassing(error) || isFinal || this.#signal.aborted) throw error;
      }
      // Lets the news of the lost session arrive first.
      await session.lost;
    }
  }

  /** Logs out and ends; open commands reject. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#current?.logout();
    this.#ended.abort(new Error('the disk was closed'));
  }

  async #executeOn(session: Session, task: ScsiTask): Promise<ScsiResult> {
    for (let attempt = 0; ; attempt++) {
      const result = await session.execute(task);
      const delayMs = retryDelayMs(result, attempt);
      if (delayMs === undefined) return result;
      const sense = senseOf(result);
      if (sense?.key === SENSE_KEY.unitAttention && sense.asc === RESET_OCCURRED)
        this.#options.onInterrupted();
      await this.#pause(delayMs);
    }
  }

  /** One try: log in, probe, and from then on watch the session. */
  async #connect(): Promise<Session> {
    const session = new Session({ ...this.#options, signal: this.#signal });
    this.#current = session;
    try {
      const parameters = await session.open();
      this.#segmentBytes = parameters.maxSendDataSegmentBytes;
      const execute = (task: ScsiTask): Promise<ScsiResult> => this.#executeOn(session, task);
      this.#expectSameDisk(await probeDisk(execute, this.#options.lun));
      this.#tellConnected(parameters);
    } catch (error) {
      await session.logout();
      this.#current = undefined;
      throw error;
    }
    this.#openedAtMs = performance.now();
    void session.lost.then((reason) => this.#onLost(session, reason));
    return session;
  }

  #expectSameDisk(facts: DiskFacts): void {
    const before = (this.#facts ??= facts);
    if (isSameDisk(before, facts)) return;
    throw new IronpxeError(
      'ISCSI_TARGET_CHANGED',
      `After a reconnect to ${this.#name}, found ${describeDisk(facts)}, expected ${describeDisk(before)}.`,
    );
  }

  #onLost(session: Session, reason: unknown): void {
    this.#earlierSentBytes += session.sentDataBytes;
    this.#current = undefined;
    if (this.#signal.aborted || this.#isClosing) return;
    if (performance.now() - this.#openedAtMs > STABLE_MS) this.#outage = undefined;
    this.#options.onInterrupted();
    const text = reason instanceof Error ? reason.message : String(reason);
    this.#options.observe({ kind: 'iscsi.lost', message: text, data: { target: this.#name } });
    this.#session = isPassing(reason) ? this.#reconnect(reason) : Promise.reject(reason);
    // Who waits for it is told; nobody may be waiting.
    this.#session.catch(() => {});
  }

  async #reconnect(reason: unknown): Promise<Session> {
    const outage = (this.#outage ??= { sinceMs: performance.now(), attempts: 0 });
    const { reconnectForMs } = this.#options;
    for (let cause = reason; ;) {
      const leftMs = outage.sinceMs + reconnectForMs - performance.now();
      if (leftMs <= 0) throw this.#givenUp(outage, cause);
      const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** outage.attempts++, leftMs);
      await this.#pause(delayMs);
      try {
        return await this.#connect();
      } catch (error) {
        this.#signal.throwIfAborted();
        if (hasCode(error, 'ISCSI_TARGET_CHANGED')) throw error;
        cause = error;
      }
    }
  }

  async #pause(delayMs: number): Promise<void> {
    try {
      await sleep(delayMs, undefined, { signal: this.#signal });
    } catch {
      throw this.#signal.reason;
    }
  }

  #givenUp(outage: Outage, cause: unknown): IronpxeError {
    const text = cause instanceof Error ? cause.message : String(cause);
    const seconds = Math.round((performance.now() - outage.sinceMs) / 100) / 10;
    return new IronpxeError(
      'ISCSI_TARGET_LOST',
      `${this.#name} did not come back in ${seconds} s and ${outage.attempts} tries. ${text}`,
      { cause },
    );
  }

  #tellConnected(parameters: SessionParameters): void {
    const data = { target: this.#name, lun: this.#options.lun, ...parameters };
    const again = this.#outage ? ' again' : '';
    const message = `Logged in to ${this.#name}${again}.`;
    this.#options.observe({ kind: 'iscsi.connected', message, data });
  }

  get #name(): string {
    return `${this.#options.login.targetIqn} at ${describePortal(this.#options)}`;
  }
}

/** Whether a new session may help. */
function isPassing(error: unknown): boolean {
  return hasCode(
    error,
    'ISCSI_CONNECTION_LOST',
    'ISCSI_COMMAND_TIMED_OUT',
    'ISCSI_DIGEST_MISMATCH',
  );
}
