import { IronpxeError } from '../errors/error.ts';
import type { SessionParameters } from './login/keys.ts';
import { Login, type LoginOptions, type LoginStep } from './login/login.ts';
import { FullFeature } from './session/fullFeature.ts';
import type { Effect, ScsiResult, ScsiTask } from './session/task.ts';
import { describePortal, dial, type Portal, type Wire } from './socket.ts';
import { PduDecoder } from './wire/decoder.ts';
import { frame, NO_DIGESTS } from './wire/frame.ts';
import { encodeLun } from './wire/requests.ts';
import { parseTargetPdu, type TargetPdu } from './wire/responses.ts';

export type SessionOptions = Portal & {
  readonly login: LoginOptions;
  readonly lun: number;
  /** For the TCP connection, and again for the login. */
  readonly connectTimeoutMs: number;
  /** How long a command may wait without any sign from the target. */
  readonly commandTimeoutMs: number;
  /** After this much silence the target is asked for a sign of life; without one in twice that, it is gone. */
  readonly keepaliveMs: number;
  /** Ends the opening; later, {@link Session.fail} ends the session. */
  readonly signal: AbortSignal;
};

const ANSWER_INTERVALS = 2;
const LOGOUT_TIMEOUT_MS = 2000;
const MAX_TICK_MS = 1000;
const LATE_TICKS = 5;

/** One login to a target, until its connection is gone. It does not reconnect. */
export class Session {
  readonly #options: SessionOptions;
  readonly #decoder = new PduDecoder();
  readonly #login: Login;
  readonly #answers = new Map<ScsiTask, PromiseWithResolvers<ScsiResult>>();
  readonly #loggedIn = Promise.withResolvers<SessionParameters>();
  readonly #lost = Promise.withResolvers<unknown>();
  #wire: Wire | undefined;
  #state: FullFeature | undefined;
  #isFailed = false;
  #failure: unknown;
  #heardAtMs = 0;
  #pingedAtMs: number | undefined;
  #tickedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#login = new Login(options.login);
    this.#loggedIn.promise.catch(() => {});
  }

  /** Settles with the reason when the session is over. */
  get lost(): Promise<unknown> {
    return this.#lost.promise;
  }

  /** Bytes of commands' data sent so far. */
  get sentDataBytes(): number {
    return this.#state?.sentDataBytes ?? 0;
  }

  /**
   * Connects and logs in.
   * @throws IronpxeError ISCSI_CONNECT_*, ISCSI_LOGIN_*, ISCSI_TARGET_NOT_FOUND,
   * ISCSI_TARGET_NOT_AUTHENTIC, ISCSI_NEGOTIATION_FAILED, ISCSI_PROTOCOL_ERROR
   */
  async open(): Promise<SessionParameters> {
    const { host, listenPort, connectTimeoutMs: timeoutMs, signal } = this.#options;
    const onBytes = (bytes: Buffer): void => this.#takeBytes(bytes);
    const onClosed = (error: Error): void => this.fail(error);
    const wire = await dial({ host, listenPort, timeoutMs, signal, onBytes, onClosed });
    this.#wire = wire;
    if (this.#isFailed) wire.destroy();
    else this.#takeStep(this.#login.start());
    return await this.#untilLoggedIn();
  }

  /** Carries out a command. Rejects with the reason when the session is lost before its answer. */
  async execute(task: ScsiTask): Promise<ScsiResult> {
    if (this.#isFailed) throw this.#failure;
    if (!this.#state) throw new Error('the session is not open');
    const answer = Promise.withResolvers<ScsiResult>();
    this.#answers.set(task, answer);
    this.#carryOut(this.#state.submit(task, performance.now()));
    return await answer.promise;
  }

  /** Logs out, or gives up on that soon; the session is over then. */
  async logout(): Promise<void> {
    if (this.#state && !this.#isFailed) {
      this.#carryOut(this.#state.logout());
      const timer = setTimeout(() => this.fail(this.#lostError('no logout')), LOGOUT_TIMEOUT_MS);
      await this.#lost.promise;
      clearTimeout(timer);
    }
    this.fail(this.#lostError('logged out'));
  }

  /** Ends the session at once; open commands reject with `reason`. */
  fail(reason: unknown): void {
    if (this.#isFailed) return;
    this.#isFailed = true;
    this.#failure = reason;
    clearInterval(this.#timer);
    this.#wire?.destroy();
    this.#loggedIn.reject(reason);
    for (const answer of this.#answers.values()) answer.reject(reason);
    this.#answers.clear();
    this.#lost.resolve(reason);
  }

  async #untilLoggedIn(): Promise<SessionParameters> {
    const { signal, connectTimeoutMs } = this.#options;
    const abort = (): void => this.fail(signal.reason);
    const timer = setTimeout(() => this.fail(this.#loginTimedOut()), connectTimeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.#loggedIn.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  #takeBytes(bytes: Buffer): void {
    if (this.#isFailed) return;
    this.#heardAtMs = performance.now();
    this.#pingedAtMs = undefined;
    try {
      for (const pdu of this.#decoder.push(bytes)) this.#takePdu(parseTargetPdu(pdu));
    } catch (error) {
      this.fail(error);
    }
  }

  #takePdu(pdu: TargetPdu): void {
    if (this.#isFailed) return;
    if (this.#state) this.#carryOut(this.#state.receive(pdu, this.#heardAtMs));
    else this.#takeStep(this.#login.receive(pdu));
  }

  #takeStep(step: LoginStep): void {
    if (step.kind === 'send') {
      this.#wire?.send(frame(step.header, step.data, NO_DIGESTS));
      return;
    }
    const { parameters } = step;
    const { digests, maxReceiveDataSegmentBytes: maxDataBytes } = parameters;
    this.#decoder.use({ digests, maxDataBytes });
    this.#state = new FullFeature({ ...step, lun: encodeLun(this.#options.lun) });
    const { commandTimeoutMs, keepaliveMs } = this.#options;
    const tickMs = Math.min(MAX_TICK_MS, commandTimeoutMs / 4, keepaliveMs / 2);
    this.#tickedAtMs = performance.now();
    this.#timer = setInterval(() => this.#tick(tickMs), tickMs);
    this.#loggedIn.resolve(parameters);
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOutOne(effect);
  }

  #carryOutOne(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#wire?.send(effect.chunks, effect.release);
        return;
      case 'settled':
        this.#answers.get(effect.task)?.resolve(effect.result);
        this.#answers.delete(effect.task);
        return;
      case 'refused':
        this.#refuse(effect.task, new IronpxeError('ISCSI_COMMAND_FAILED', `${effect.reason}.`));
        return;
      case 'closed':
        this.fail(this.#lostError(effect.reason));
    }
  }

  #refuse(task: ScsiTask, error: IronpxeError): void {
    this.#answers.get(task)?.reject(error);
    this.#answers.delete(task);
  }

  #tick(tickMs: number): void {
    const nowMs = performance.now();
    const isLate = nowMs - this.#tickedAtMs > LATE_TICKS * tickMs;
    this.#tickedAtMs = nowMs;
    // After a pause of this process answers may be waiting to be read: those come first.
    if (isLate) return;
    const { commandTimeoutMs } = this.#options;
    const overdue = this.#state?.overdue(nowMs, commandTimeoutMs);
    if (overdue) {
      this.#refuse(overdue, commandTimedOut(overdue, commandTimeoutMs));
      this.fail(this.#lostError(`a command was not answered within ${commandTimeoutMs} ms`));
    } else this.#keepAlive(nowMs);
  }

  #keepAlive(nowMs: number): void {
    const { keepaliveMs } = this.#options;
    const silentMs = nowMs - this.#heardAtMs;
    if (this.#pingedAtMs !== undefined) {
      if (nowMs - this.#pingedAtMs < keepaliveMs * ANSWER_INTERVALS) return;
      this.fail(this.#lostError(`nothing was heard for ${Math.round(silentMs)} ms`));
    } else if (silentMs >= keepaliveMs) {
      this.#pingedAtMs = nowMs;
      this.#carryOut(this.#state?.ping() ?? []);
    }
  }

  #loginTimedOut(): IronpxeError {
    return new IronpxeError(
      'ISCSI_CONNECT_TIMED_OUT',
      `The login at ${describePortal(this.#options)} was not answered within ${this.#options.connectTimeoutMs} ms.`,
    );
  }

  #lostError(why: string): IronpxeError {
    return new IronpxeError(
      'ISCSI_CONNECTION_LOST',
      `The session at ${describePortal(this.#options)} ended: ${why}.`,
    );
  }
}

function commandTimedOut(task: ScsiTask, timeoutMs: number): IronpxeError {
  const opcode = `0x${(task.cdb[0] ?? 0).toString(16).padStart(2, '0')}`;
  return new IronpxeError(
    'ISCSI_COMMAND_TIMED_OUT',
    `The target did not answer the SCSI command ${opcode} within ${timeoutMs} ms.`,
  );
}
