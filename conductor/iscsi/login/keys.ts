import { IronpxeError } from '../../errors/error.ts';
import type { Digests } from '../wire/frame.ts';
import type { TextPairs } from './text.ts';

/** What both sides agreed on for the full-feature phase (RFC 7143 §13). Sizes in bytes. */
export type SessionParameters = {
  readonly digests: Digests;
  readonly initialR2t: boolean;
  readonly immediateData: boolean;
  /** The longest data segment that the target takes. */
  readonly maxSendDataSegmentBytes: number;
  /** The longest data segment that we take. */
  readonly maxReceiveDataSegmentBytes: number;
  readonly maxBurstBytes: number;
  readonly firstBurstBytes: number;
  readonly maxOutstandingR2t: number;
};

/** What we ask for. */
export type WantedParameters = {
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
};

const MAX_RECEIVE_DATA_SEGMENT_BYTES = 256 * 1024;

/** How two values become one (RFC 7143 §6.2): a list's choice, OR, AND, minimum, maximum. */
type Rule = 'list' | 'or' | 'and' | 'min' | 'max' | 'declare';

type Key = {
  readonly rule: Rule;
  readonly ours: string;
  /** What holds when the target does not answer (RFC 7143 §13). */
  readonly fallback: string;
  readonly range?: readonly [low: number, high: number];
};

const DATA_SEGMENT_RANGE = [512, 2 ** 24 - 1] as const;

/**
 * Every operational key with our value: few round trips for large writes, and recovery by a new
 * session (ErrorRecoveryLevel 0).
 */
function keyTable(wanted: WantedParameters): ReadonlyMap<string, Key> {
  const digest = (on: boolean): Key => ({
    rule: 'list',
    ours: on ? 'CRC32C' : 'None',
    fallback: 'None',
  });
  return new Map<string, Key>([
    ['HeaderDigest', digest(wanted.headerDigest)],
    ['DataDigest', digest(wanted.dataDigest)],
    ['InitialR2T', { rule: 'or', ours: 'No', fallback: 'Yes' }],
    ['ImmediateData', { rule: 'and', ours: 'Yes', fallback: 'Yes' }],
    [
      'MaxRecvDataSegmentLength',
      {
        rule: 'declare',
        ours: String(MAX_RECEIVE_DATA_SEGMENT_BYTES),
        fallback: '8192',
        range: DATA_SEGMENT_RANGE,
      },
    ],
    [
      'MaxBurstLength',
      { rule: 'min', ours: '1048576', fallback: '262144', range: DATA_SEGMENT_RANGE },
    ],
    [
      'FirstBurstLength',
      { rule: 'min', ours: '1048576', fallback: '65536', range: DATA_SEGMENT_RANGE },
    ],
    ['MaxOutstandingR2T', { rule: 'min', ours: '8', fallback: '1', range: [1, 65535] }],
    ['MaxConnections', { rule: 'min', ours: '1', fallback: '1', range: [1, 65535] }],
    ['DefaultTime2Wait', { rule: 'max', ours: '0', fallback: '2', range: [0, 3600] }],
    ['DefaultTime2Retain', { rule: 'min', ours: '0', fallback: '20', range: [0, 3600] }],
    ['DataPDUInOrder', { rule: 'or', ours: 'Yes', fallback: 'Yes' }],
    ['DataSequenceInOrder', { rule: 'or', ours: 'Yes', fallback: 'Yes' }],
    ['ErrorRecoveryLevel', { rule: 'min', ours: '0', fallback: '0', range: [0, 2] }],
  ]);
}

/** Keys with which a target only tells about itself (RFC 7143 §13). */
const TARGET_DECLARATIONS = new Set(['TargetAlias', 'TargetAddress', 'TargetPortalGroupTag']);

/** The operational half of a login: what we offer, what came back, what holds. */
export class OperationalKeys {
  readonly #keys: ReadonlyMap<string, Key>;
  readonly #results = new Map<string, string>();
  #offered = false;

  constructor(wanted: WantedParameters) {
    this.#keys = keyTable(wanted);
  }

  /** All our keys, to be sent once. */
  offer(): TextPairs {
    this.#offered = true;
    return Array.from(this.#keys, ([name, { ours }]) => [name, ours] as const);
  }

  /**
   * Takes the target's keys: answers to ours, and offers of its own.
   * @returns our answers to its offers
   * @throws IronpxeError ISCSI_NEGOTIATION_FAILED
   */
  receive(pairs: ReadonlyMap<string, string>): TextPairs {
    const answers: (readonly [string, string])[] = [];
    for (const [name, theirs] of pairs) {
      const key = this.#keys.get(name);
      const isAnswer = this.#offered || key?.rule === 'declare';
      if (key) this.#results.set(name, settle(name, key, theirs, isAnswer));
      if (key && !isAnswer) answers.push([name, this.#results.get(name) ?? key.ours]);
      if (!key && !TARGET_DECLARATIONS.has(name)) answers.push([name, 'NotUnderstood']);
    }
    return answers;
  }

  /** The parameters that hold, with the RFC's defaults for keys without an answer. */
  parameters(): SessionParameters {
    const text = (name: string): string =>
      this.#results.get(name) ?? this.#keys.get(name)?.fallback ?? '';
    for (const name of ['HeaderDigest', 'DataDigest'])
      if (text(name) !== this.#keys.get(name)?.ours)
        throw refused(name, text(name), 'the digest that is asked for');
    const maxBurstBytes = Number(text('MaxBurstLength'));
    return {
      digests: { header: text('HeaderDigest') === 'CRC32C', data: text('DataDigest') === 'CRC32C' },
      initialR2t: text('InitialR2T') === 'Yes',
      immediateData: text('ImmediateData') === 'Yes',
      maxSendDataSegmentBytes: Number(text('MaxRecvDataSegmentLength')),
      maxReceiveDataSegmentBytes: MAX_RECEIVE_DATA_SEGMENT_BYTES,
      maxBurstBytes,
      firstBurstBytes: Math.min(Number(text('FirstBurstLength')), maxBurstBytes),
      maxOutstandingR2t: Number(text('MaxOutstandingR2T')),
    };
  }
}

/** The value that holds, from the target's answer to ours (`isAnswer`) or its own offer. */
function settle(name: string, key: Key, theirs: string, isAnswer: boolean): string {
  // A target that does not know a key leaves it at its default (RFC 7143 §6.2).
  if (theirs === 'NotUnderstood' || theirs === 'Irrelevant') return key.fallback;
  if (theirs === 'Reject') throw refused(name, theirs, key.ours);
  switch (key.rule) {
    case 'list':
      if (theirs.split(',').includes(key.ours)) return key.ours;
      throw refused(name, theirs, key.ours);
    case 'or':
    case 'and':
      return settleFlag(name, key, theirs);
    case 'declare':
      return String(parseNumber(name, key, theirs));
    case 'min':
    case 'max':
      break;
  }
  return settleNumber(name, key, theirs, isAnswer);
}

function settleFlag(name: string, key: Key, theirs: string): string {
  if (theirs !== 'Yes' && theirs !== 'No') throw refused(name, theirs, 'Yes or No');
  const decides = key.rule === 'or' ? 'Yes' : 'No';
  return theirs === decides || key.ours === decides ? decides : theirs;
}

function settleNumber(name: string, key: Key, theirs: string, isAnswer: boolean): string {
  const ours = Number(key.ours);
  const value = parseNumber(name, key, theirs);
  const result = key.rule === 'min' ? Math.min(ours, value) : Math.max(ours, value);
  if (isAnswer && result !== value)
    throw refused(name, theirs, `at ${key.rule === 'min' ? 'most' : 'least'} ${ours}`);
  return String(result);
}

function parseNumber(name: string, key: Key, text: string): number {
  const [low, high] = key.range ?? [0, Number.MAX_SAFE_INTEGER];
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw refused(name, text, `${low} to ${high}`);
}

function refused(name: string, found: string, expected: string): IronpxeError {
  return new IronpxeError(
    'ISCSI_NEGOTIATION_FAILED',
    `The target answered ${name}=${found}, expected ${expected}.`,
  );
}
