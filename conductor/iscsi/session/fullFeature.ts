import { IronpxeError } from '../../errors/error.ts';
import type { SessionParameters } from '../login/keys.ts';
import { frame } from '../wire/frame.ts';
import { RESERVED_TAG } from '../wire/opcodes.ts';
import {
  encodeLun,
  logoutHeader,
  pingHeader,
  pongHeader,
  type RequestNumbers,
  scsiCommandHeader,
} from '../wire/requests.ts';
import type { TargetPdu } from '../wire/responses.ts';
import { encodeBurst, encodeCommand, type Encoded } from './dataOut.ts';
import { DATA_DIGEST_ERROR, describeAsyncEvent, describeReject } from './notices.ts';
import { next } from './serial.ts';
import type { Effect, ScsiResult, ScsiTask, TaskState } from './task.ts';
import { CommandWindow } from './window.ts';

type PduOf<K extends TargetPdu['kind']> = Extract<TargetPdu, { kind: K }>;

/** With what a session enters the full-feature phase. */
export type FullFeatureStart = {
  readonly parameters: SessionParameters;
  readonly numbers: RequestNumbers;
  readonly maxCmdSn: number;
  readonly lun: Buffer;
};

const NO_DATA = Buffer.alloc(0);
const GOOD = 0;

/**
 * The initiator's state in the full-feature phase, without I/O: each task and each PDU from the
 * target gives the effects to carry out (RFC 7143 §4.2, §4.3). Times are in milliseconds of any
 * steady clock.
 */
export class FullFeature {
  readonly #parameters: SessionParameters;
  readonly #lun: Buffer;
  readonly #window: CommandWindow;
  readonly #tasks = new Map<number, TaskState>();
  readonly #waiting: ScsiTask[] = [];
  #idleSinceMs = 0;
  #nextTag = 1;
  #sentDataBytes = 0;

  constructor({ parameters, numbers, maxCmdSn, lun }: FullFeatureStart) {
    this.#parameters = parameters;
    this.#lun = lun;
    this.#window = new CommandWindow(numbers, maxCmdSn);
  }

  /** Bytes of commands' data sent so far. */
  get sentDataBytes(): number {
    return this.#sentDataBytes;
  }

  /** Takes a command, which goes out as soon as the target's window allows. */
  submit(task: ScsiTask, nowMs: number): Effect[] {
    if (this.#waiting.length === 0 && this.#tasks.size === 0) this.#idleSinceMs = nowMs;
    this.#waiting.push(task);
    return this.#sendWaiting(nowMs);
  }

  /**
   * Takes a PDU from the target.
   * @throws IronpxeError ISCSI_PROTOCOL_ERROR
   */
  receive(pdu: TargetPdu, nowMs: number): Effect[] {
    this.#window.update(pdu);
    const effects = this.#dispatch(pdu, nowMs);
    if (effects.some(({ kind }) => kind === 'settled')) this.#idleSinceMs = nowMs;
    effects.push(...this.#sendWaiting(nowMs));
    return effects;
  }

  /** Asks the target for a sign of life (NOP-Out). */
  ping(): Effect[] {
    return [this.#send(pingHeader({ tag: this.#takeTag(), ...this.#window.numbers }))];
  }

  /** Asks the target to end the session. */
  logout(): Effect[] {
    return [this.#send(logoutHeader({ tag: this.#takeTag(), ...this.#window.numbers }))];
  }

  /** The task on which nothing moved for longest, if that is `timeoutMs` or more. */
  overdue(nowMs: number, timeoutMs: number): ScsiTask | undefined {
    // A map keeps the order of sending, and refreshed tasks are put at the end.
    const [oldest] = this.#tasks.values();
    const [waiting] = this.#waiting;
    // With nothing on its way, what waits does so because the target keeps its window shut.
    const task = oldest?.task ?? waiting;
    return nowMs - (oldest?.activeAtMs ?? this.#idleSinceMs) >= timeoutMs ? task : undefined;
  }

  #dispatch(pdu: TargetPdu, nowMs: number): Effect[] {
    switch (pdu.kind) {
      case 'scsi_response':
        return this.#complete(pdu);
      case 'data_in':
        return this.#takeData(pdu, nowMs);
      case 'r2t':
        return this.#answerR2t(pdu, nowMs);
      case 'nop_in':
        return this.#answerNop(pdu);
      case 'reject':
        return this.#takeReject(pdu);
      case 'async_message':
        return closedBy(describeAsyncEvent(pdu.event));
      case 'logout_response':
        return closedBy('logged out');
      case 'login_response':
        break;
    }
    throw protocolError('sent a login response after the login');
  }

  #sendWaiting(nowMs: number): Effect[] {
    const effects: Effect[] = [];
    while (this.#waiting.length > 0 && this.#window.isOpen) {
      const task = this.#waiting.shift();
      if (task) effects.push(this.#start(task, nowMs));
    }
    return effects;
  }

  /** The command with immediate data, and all unsolicited data after it (RFC 7143 §4.2.5). */
  #start(task: ScsiTask, nowMs: number): Effect {
    const { initialR2t, firstBurstBytes } = this.#parameters;
    const data = task.dataOut ?? NO_DATA;
    const immediateBytes = this.#immediateBytes(data.length);
    const unaskedBytes = initialR2t ? immediateBytes : Math.min(firstBurstBytes, data.length);
    const moreBytes = Math.max(0, unaskedBytes - immediateBytes);
    const state = this.#remember(task, nowMs);
    const header = scsiCommandHeader({
      tag: state.tag,
      lun: task.lun === undefined ? this.#lun : encodeLun(task.lun),
      cdb: task.cdb,
      direction: directionOf(task),
      transferBytes: data.length > 0 ? data.length : (task.dataIn?.length ?? 0),
      final: moreBytes === 0,
      ...this.#window.takeNumbers(),
    });
    this.#countSent(state, immediateBytes);
    const command = encodeCommand(header, state.tag, data, immediateBytes, this.#parameters);
    return sendAll(command, this.#burst(state, RESERVED_TAG, immediateBytes, moreBytes));
  }

  #immediateBytes(lengthBytes: number): number {
    const { immediateData, firstBurstBytes, maxSendDataSegmentBytes } = this.#parameters;
    return immediateData ? Math.min(firstBurstBytes, maxSendDataSegmentBytes, lengthBytes) : 0;
  }

  #remember(task: ScsiTask, nowMs: number): TaskState {
    const state: TaskState = {
      task,
      tag: this.#takeTag(),
      movedBytes: 0,
      activeAtMs: nowMs,
    };
    this.#tasks.set(state.tag, state);
    return state;
  }

  #burst(state: TaskState, targetTag: number, offsetBytes: number, lengthBytes: number): Encoded {
    this.#countSent(state, lengthBytes);
    const { tag, task } = state;
    const { expStatSn } = this.#window.numbers;
    const burst = { tag, targetTag, lun: this.#lun, expStatSn, offsetBytes, lengthBytes };
    return encodeBurst(burst, task.dataOut ?? NO_DATA, this.#parameters);
  }

  #countSent(state: TaskState, bytes: number): void {
    state.movedBytes += bytes;
    this.#sentDataBytes += bytes;
  }

  #answerR2t(pdu: PduOf<'r2t'>, nowMs: number): Effect[] {
    const state = this.#find(pdu.tag, 'an R2T');
    const { offsetBytes, lengthBytes } = pdu;
    const data = state.task.dataOut ?? NO_DATA;
    const fits = lengthBytes > 0 && offsetBytes + lengthBytes <= data.length;
    if (!fits || lengthBytes > this.#parameters.maxBurstBytes || pdu.targetTag === RESERVED_TAG)
      throw protocolError(
        `asked for ${lengthBytes} bytes at ${offsetBytes} of a command with ${data.length} bytes, at most ${this.#parameters.maxBurstBytes} at once are agreed`,
      );
    this.#refresh(state, nowMs);
    return [sendAll(this.#burst(state, pdu.targetTag, offsetBytes, lengthBytes))];
  }

  #takeData(pdu: PduOf<'data_in'>, nowMs: number): Effect[] {
    const state = this.#find(pdu.tag, 'data');
    const end = pdu.offsetBytes + pdu.data.length;
    // DataPDUInOrder and DataSequenceInOrder are Yes: no gaps, no repeats.
    const { dataIn = NO_DATA } = state.task;
    if (pdu.offsetBytes !== state.movedBytes || end > dataIn.length)
      throw protocolError(
        `sent bytes ${pdu.offsetBytes} to ${end} of a command, expected from ${state.movedBytes} to at most ${dataIn.length}`,
      );
    pdu.data.copy(dataIn, pdu.offsetBytes);
    state.movedBytes = end;
    if (pdu.status === undefined) {
      this.#refresh(state, nowMs);
      return [];
    }
    return [this.#settle(state, pdu.status, NO_DATA, pdu)];
  }

  #complete(pdu: PduOf<'scsi_response'>): Effect[] {
    const state = this.#find(pdu.tag, 'a SCSI response');
    if (pdu.response === 0) return [this.#settle(state, pdu.status, pdu.sense, pdu)];
    this.#tasks.delete(state.tag);
    const response = `0x${pdu.response.toString(16).padStart(2, '0')}`;
    const reason = `the target failed before it completed the command (response ${response})`;
    return [{ kind: 'refused', task: state.task, reason }];
  }

  #settle(
    state: TaskState,
    status: number,
    sense: Buffer,
    { residual }: Pick<ScsiResult, 'residual'>,
  ): Effect {
    this.#tasks.delete(state.tag);
    const { dataIn = NO_DATA, dataOut = NO_DATA } = state.task;
    if (status === GOOD && state.movedBytes + residual.bytes < dataOut.length)
      throw protocolError(
        `said that a command went well after ${state.movedBytes} of its ${dataOut.length} bytes`,
      );
    const data = dataIn.subarray(0, state.movedBytes);
    const result = { status, data, sense: Buffer.from(sense), residual };
    return { kind: 'settled', task: state.task, result };
  }

  #answerNop(pdu: PduOf<'nop_in'>): Effect[] {
    if (pdu.targetTag === RESERVED_TAG) return [];
    return [
      this.#send(pongHeader({ targetTag: pdu.targetTag, lun: pdu.lun, ...this.#window.numbers })),
    ];
  }

  #takeReject(pdu: PduOf<'reject'>): Effect[] {
    const tag = pdu.rejected.length >= 20 ? pdu.rejected.readUInt32BE(16) : RESERVED_TAG;
    const state = this.#tasks.get(tag);
    const reason = describeReject(pdu.reason);
    // Where no command is named none can be trusted to end; damaged data is to be sent again.
    if (!state || pdu.reason === DATA_DIGEST_ERROR) return closedBy(reason);
    this.#tasks.delete(tag);
    return [{ kind: 'refused', task: state.task, reason }];
  }

  #find(tag: number, what: string): TaskState {
    const state = this.#tasks.get(tag);
    if (state) return state;
    throw protocolError(`sent ${what} for the unknown task 0x${tag.toString(16)}`);
  }

  #refresh(state: TaskState, nowMs: number): void {
    state.activeAtMs = nowMs;
    this.#tasks.delete(state.tag);
    this.#tasks.set(state.tag, state);
  }

  #takeTag(): number {
    const tag = this.#nextTag;
    this.#nextTag = next(tag) === RESERVED_TAG ? 0 : next(tag);
    return tag;
  }

  #send(header: Buffer): Effect {
    return { kind: 'send', chunks: frame(header, NO_DATA, this.#parameters.digests) };
  }
}

function sendAll(...all: readonly Encoded[]): Effect {
  return {
    kind: 'send',
    chunks: all.flatMap(({ chunks }) => chunks),
    release: () => all.forEach(({ release }) => release?.()),
  };
}

function directionOf(task: ScsiTask): 'in' | 'out' | 'none' {
  if (task.dataOut && task.dataOut.length > 0) return 'out';
  return (task.dataIn?.length ?? 0) > 0 ? 'in' : 'none';
}

function closedBy(reason: string | undefined): Effect[] {
  return reason === undefined ? [] : [{ kind: 'closed', reason }];
}

function protocolError(what: string): IronpxeError {
  return new IronpxeError('ISCSI_PROTOCOL_ERROR', `The target ${what}.`);
}
