import { IronpxeError } from '../../errors/error.ts';
import { LOGIN_STAGES, loginHeader, type RequestNumbers } from '../wire/requests.ts';
import type { TargetPdu } from '../wire/responses.ts';
import type { ChapCredentials } from './chap.ts';
import { OperationalKeys, type SessionParameters, type WantedParameters } from './keys.ts';
import { SecurityKeys } from './security.ts';
import { loginRefused } from './status.ts';
import { decodeText, encodeText, type TextPairs } from './text.ts';

/** Who logs in to what, and how. */
export type LoginOptions = {
  readonly initiatorIqn: string;
  readonly targetIqn: string;
  /** Six bytes; the same again makes the target drop the older session (RFC 7143 §6.3.5). */
  readonly isid: Buffer;
  /** When given, the target must ask for CHAP. */
  readonly chap?: ChapCredentials | undefined;
  readonly wanted: WantedParameters;
};

/** What to do after a login response: send a request, or start the full-feature phase. */
export type LoginStep =
  | { readonly kind: 'send'; readonly header: Buffer; readonly data: Buffer }
  | {
      readonly kind: 'done';
      readonly parameters: SessionParameters;
      /** For the first command. */
      readonly numbers: RequestNumbers;
      readonly maxCmdSn: number;
    };

type LoginResponsePdu = Extract<TargetPdu, { kind: 'login_response' }>;

const FIRST_CMD_SN = 1;
const MAX_ROUNDS = 20;
const MAX_TEXT_BYTES = 64 * 1024;

/** The initiator's side of a login: from each response follows the next request (RFC 7143 §6.3). */
export class Login {
  readonly #options: LoginOptions;
  readonly #security: SecurityKeys;
  readonly #operational: OperationalKeys;
  #stage: number = LOGIN_STAGES.security;
  #text: Buffer[] = [];
  #rounds = 0;
  #expStatSn = 0;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#security = new SecurityKeys(options);
    this.#operational = new OperationalKeys(options.wanted);
  }

  /** The first request. */
  start(): LoginStep {
    return this.#request(this.#security.start(), this.#security.ready);
  }

  /**
   * The step that follows from the target's PDU.
   * @throws IronpxeError ISCSI_LOGIN_*, ISCSI_TARGET_NOT_FOUND, ISCSI_TARGET_NOT_AUTHENTIC,
   * ISCSI_NEGOTIATION_FAILED, ISCSI_PROTOCOL_ERROR
   */
  receive(pdu: TargetPdu): LoginStep {
    if (pdu.kind !== 'login_response') throw protocolError(`sent a ${pdu.kind} during login`);
    this.#expStatSn = (pdu.statSn + 1) >>> 0;
    if (++this.#rounds > MAX_ROUNDS)
      throw protocolError(`did not end the login within ${MAX_ROUNDS} exchanges`);
    const text = this.#gather(pdu.text);
    if (pdu.statusClass !== 0) throw this.#refused(pdu, text);
    if (pdu.stage !== this.#stage)
      throw protocolError(`answered in login stage ${pdu.stage}, expected ${this.#stage}`);
    if (pdu.continues) return this.#request([], false);
    this.#text = [];
    const pairs = decodeText(text);
    return this.#stage === LOGIN_STAGES.security
      ? this.#afterSecurity(pdu, pairs)
      : this.#afterOperational(pdu, pairs);
  }

  #afterSecurity(pdu: LoginResponsePdu, pairs: Map<string, string>): LoginStep {
    const answers = this.#security.receive(pairs);
    if (!pdu.transit) return this.#request(answers, this.#security.ready);
    if (!this.#security.done || pdu.nextStage !== LOGIN_STAGES.operational)
      throw protocolError(`moves to login stage ${pdu.nextStage} before the login is secured`);
    this.#stage = LOGIN_STAGES.operational;
    return this.#request(this.#operational.offer(), true);
  }

  #afterOperational(pdu: LoginResponsePdu, pairs: Map<string, string>): LoginStep {
    const answers = this.#operational.receive(pairs);
    if (!pdu.transit) return this.#request(answers, true);
    if (pdu.nextStage !== LOGIN_STAGES.fullFeature)
      throw protocolError(`moves to login stage ${pdu.nextStage}, expected 3`);
    return {
      kind: 'done',
      parameters: this.#operational.parameters(),
      numbers: this.#numbers(),
      maxCmdSn: pdu.maxCmdSn,
    };
  }

  #gather(text: Buffer): Buffer {
    this.#text.push(Buffer.from(text));
    const whole = Buffer.concat(this.#text);
    if (whole.length > MAX_TEXT_BYTES)
      throw protocolError(`sent more than ${MAX_TEXT_BYTES} bytes of login text`);
    return whole;
  }

  #request(pairs: TextPairs, transit: boolean): LoginStep {
    const { isid } = this.#options;
    const following =
      this.#stage === LOGIN_STAGES.security ? LOGIN_STAGES.operational : LOGIN_STAGES.fullFeature;
    const nextStage = transit ? following : undefined;
    const header = loginHeader({ isid, stage: this.#stage, nextStage, ...this.#numbers() });
    return { kind: 'send', header, data: encodeText(pairs) };
  }

  /** A login is immediate, so its CmdSN is also that of the first command (RFC 7143 §4.2.2.1). */
  #numbers(): RequestNumbers {
    return { cmdSn: FIRST_CMD_SN, expStatSn: this.#expStatSn };
  }

  #refused(pdu: LoginResponsePdu, text: Buffer): IronpxeError {
    const redirect = pdu.statusClass === 1 ? decodeText(text).get('TargetAddress') : undefined;
    return loginRefused(this.#options.targetIqn, pdu.statusClass, pdu.statusDetail, redirect);
  }
}

function protocolError(what: string): IronpxeError {
  return new IronpxeError('ISCSI_PROTOCOL_ERROR', `The target ${what}.`);
}
