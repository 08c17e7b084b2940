import { randomBytes } from 'node:crypto';
import { IronpxeError } from '../../errors/error.ts';
import {
  CHAP_ALGORITHMS,
  type ChapAlgorithm,
  type ChapChallenge,
  type ChapCredentials,
  chapResponse,
  checkTargetResponse,
  encodeBinary,
  parseChallenge,
} from './chap.ts';
import type { TextPairs } from './text.ts';

type Options = {
  readonly initiatorIqn: string;
  readonly targetIqn: string;
  readonly chap?: ChapCredentials | undefined;
};

type Step = 'method' | 'challenge' | 'response' | 'done';

/** The security half of a login: no authentication, CHAP, or mutual CHAP (RFC 7143 §12.1). */
export class SecurityKeys {
  readonly #options: Options;
  #step: Step = 'method';
  #algorithm: ChapAlgorithm | undefined;
  #ourChallenge: ChapChallenge | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Whether our next request may ask for the next login stage. */
  get ready(): boolean {
    return this.#step === 'done' || this.#step === 'response' || !this.#options.chap;
  }

  /** Whether the target may go to the next stage. */
  get done(): boolean {
    return this.#step === 'done';
  }

  /** The keys of the first request. With CHAP wanted nothing less is offered. */
  start(): TextPairs {
    return [
      ['InitiatorName', this.#options.initiatorIqn],
      ['SessionType', 'Normal'],
      ['TargetName', this.#options.targetIqn],
      ['AuthMethod', this.#options.chap ? 'CHAP' : 'None'],
    ];
  }

  /**
   * What to answer to the target's keys.
   * @throws IronpxeError ISCSI_NEGOTIATION_FAILED, ISCSI_TARGET_NOT_AUTHENTIC
   */
  receive(pairs: ReadonlyMap<string, string>): TextPairs {
    switch (this.#step) {
      case 'method':
        return this.#chooseMethod(pairs.get('AuthMethod'));
      case 'challenge':
        return this.#answerChallenge(pairs);
      case 'response':
        return this.#checkTarget(pairs);
      case 'done':
        break;
    }
    return [];
  }

  #chooseMethod(method: string | undefined): TextPairs {
    const wanted = this.#options.chap ? 'CHAP' : 'None';
    // A target without authentication may leave the key out altogether.
    if ((method ?? 'None') !== wanted)
      throw new IronpxeError(
        'ISCSI_NEGOTIATION_FAILED',
        `The target chose AuthMethod=${method ?? '(none)'}, ${wanted} was offered.`,
      );
    this.#step = this.#options.chap ? 'challenge' : 'done';
    const numbers = CHAP_ALGORITHMS.map(({ number }) => number).join(',');
    return this.#options.chap ? [['CHAP_A', numbers]] : [];
  }

  #answerChallenge(pairs: ReadonlyMap<string, string>): TextPairs {
    const { chap } = this.#options;
    if (!chap) return [];
    const { algorithm, ...challenge } = parseChallenge(pairs);
    this.#algorithm = algorithm;
    this.#step = 'response';
    const answer = chapResponse(algorithm, challenge, chap.password);
    const ours: TextPairs = [
      ['CHAP_N', chap.username],
      ['CHAP_R', encodeBinary(answer)],
    ];
    return chap.mutual ? [...ours, ...this.#challengeTarget()] : ours;
  }

  #challengeTarget(): TextPairs {
    const [id = 0, ...bytes] = randomBytes(17);
    const challenge = Buffer.from(bytes);
    this.#ourChallenge = { id, challenge };
    return [
      ['CHAP_I', String(id)],
      ['CHAP_C', encodeBinary(challenge)],
    ];
  }

  #checkTarget(pairs: ReadonlyMap<string, string>): TextPairs {
    const mutual = this.#options.chap?.mutual;
    if (mutual && this.#algorithm && this.#ourChallenge)
      checkTargetResponse(pairs, this.#algorithm, this.#ourChallenge, mutual);
    this.#step = 'done';
    return [];
  }
}
