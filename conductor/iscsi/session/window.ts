import type { RequestNumbers } from '../wire/requests.ts';
import { RESERVED_TAG } from '../wire/opcodes.ts';
import type { TargetPdu } from '../wire/responses.ts';
import { isAfter, next } from './serial.ts';

/** The sequence numbers of a session, and how many commands the target takes (RFC 7143 §4.2.2). */
export class CommandWindow {
  #cmdSn: number;
  #maxCmdSn: number;
  #expStatSn: number;

  constructor({ cmdSn, expStatSn }: RequestNumbers, maxCmdSn: number) {
    this.#cmdSn = cmdSn;
    this.#expStatSn = expStatSn;
    this.#maxCmdSn = maxCmdSn;
  }

  /** Whether one more command may be sent. */
  get isOpen(): boolean {
    return !isAfter(this.#cmdSn, this.#maxCmdSn);
  }

  /** For a request that is not a command, or an immediate one. */
  get numbers(): RequestNumbers {
    return { cmdSn: this.#cmdSn, expStatSn: this.#expStatSn };
  }

  /** For the next command. */
  takeNumbers(): RequestNumbers {
    const { numbers } = this;
    this.#cmdSn = next(this.#cmdSn);
    return numbers;
  }

  /** Learns from a PDU of the target. */
  update(pdu: TargetPdu): void {
    const { statSn, expCmdSn, maxCmdSn } = pdu;
    // A window that ends before it starts is to be ignored (RFC 7143 §4.2.2.1).
    const isWindow = !isAfter(expCmdSn, next(maxCmdSn));
    if (isWindow && isAfter(maxCmdSn, this.#maxCmdSn)) this.#maxCmdSn = maxCmdSn;
    if (carriesStatus(pdu) && !isAfter(this.#expStatSn, statSn)) this.#expStatSn = next(statSn);
  }
}

/** Whether StatSN of this PDU counts: not in an R2T, nor in data without status (§4.2.2.2). */
function carriesStatus(pdu: TargetPdu): boolean {
  if (pdu.kind === 'r2t') return false;
  if (pdu.kind === 'data_in') return pdu.status !== undefined;
  return pdu.kind !== 'nop_in' || pdu.tag !== RESERVED_TAG;
}
