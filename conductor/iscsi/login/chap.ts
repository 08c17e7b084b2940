import { createHash, timingSafeEqual } from 'node:crypto';
import { IronpxeError } from '../../errors/error.ts';

/** A CHAP name and secret. */
export type ChapAccount = { readonly username: string; readonly password: string };

/** Who we are, and (mutual) who the target must prove to be. */
export type ChapCredentials = ChapAccount & { readonly mutual?: ChapAccount };

/**
 * CHAP_A values by preference (RFC 7143 §12.1.3, IANA "PPP Authentication Algorithms"). MD5 comes
 * first because tgt takes 7 for SHA-1 and would compute another answer; targets that forbid MD5
 * pick SHA-256.
 */
export const CHAP_ALGORITHMS = [
  { number: 5, hash: 'md5' },
  { number: 7, hash: 'sha256' },
] as const;

export type ChapAlgorithm = (typeof CHAP_ALGORITHMS)[number];

/** A CHAP identifier (0 to 255) and challenge. */
export type ChapChallenge = { readonly id: number; readonly challenge: Buffer };

const MAX_CHALLENGE_BYTES = 1024;

/** The CHAP answer: the hash over identifier, secret and challenge (RFC 1994 §4.1). */
export function chapResponse(
  algorithm: ChapAlgorithm,
  { id, challenge }: ChapChallenge,
  password: string,
): Buffer {
  return createHash(algorithm.hash)
    .update(Buffer.from([id]))
    .update(password)
    .update(challenge)
    .digest();
}

/**
 * Reads the target's choice of algorithm and its challenge.
 * @throws IronpxeError ISCSI_NEGOTIATION_FAILED
 */
export function parseChallenge(
  keys: ReadonlyMap<string, string>,
): ChapChallenge & { readonly algorithm: ChapAlgorithm } {
  const wanted = keys.get('CHAP_A');
  const algorithm = CHAP_ALGORITHMS.find(({ number }) => String(number) === wanted);
  if (!algorithm) throw bad(`chose the CHAP algorithm ${show(wanted)}, 5 or 7 was offered`);
  const id = Number(keys.get('CHAP_I') ?? Number.NaN);
  if (!Number.isInteger(id) || id < 0 || id > 255)
    throw bad(`sent the CHAP identifier ${show(keys.get('CHAP_I'))}, a byte was expected`);
  return { algorithm, id, challenge: parseBinary('CHAP_C', keys.get('CHAP_C')) };
}

/**
 * Checks the target's own answer in mutual CHAP.
 * @throws IronpxeError ISCSI_TARGET_NOT_AUTHENTIC
 */
export function checkTargetResponse(
  keys: ReadonlyMap<string, string>,
  algorithm: ChapAlgorithm,
  sent: ChapChallenge,
  account: ChapAccount,
): void {
  const name = keys.get('CHAP_N');
  if (name === undefined || !keys.has('CHAP_R'))
    throw notAuthentic('did not answer our CHAP challenge');
  if (name !== account.username)
    throw notAuthentic(`says it is ${show(name)}, expected ${show(account.username)}`);
  const found = parseBinary('CHAP_R', keys.get('CHAP_R'));
  const expected = chapResponse(algorithm, sent, account.password);
  if (found.length !== expected.length || !timingSafeEqual(found, expected))
    throw notAuthentic('answered our CHAP challenge with a wrong secret');
}

/** Bytes as an iSCSI large binary value: `0x` and hex digits (RFC 7143 §6.1). */
export function encodeBinary(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}

/** Reads `0x…` (hex) or `0b…` (base64). @throws IronpxeError ISCSI_NEGOTIATION_FAILED */
export function parseBinary(key: string, text = ''): Buffer {
  const digits = text.slice(2);
  const isHex = /^0x[0-9a-f]+$/i.test(text);
  const isBase64 = /^0b[0-9a-z+/]+={0,2}$/i.test(text);
  if (!isHex && !isBase64) throw bad(`sent a ${key} that is neither hex nor base64`);
  const bytes = isHex
    ? Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex')
    : Buffer.from(digits, 'base64');
  if (bytes.length > MAX_CHALLENGE_BYTES)
    throw bad(`sent a ${key} of ${bytes.length} bytes, at most ${MAX_CHALLENGE_BYTES} are allowed`);
  return bytes;
}

function show(value: string | undefined): string {
  return value === undefined ? '(none)' : JSON.stringify(value);
}

function bad(what: string): IronpxeError {
  return new IronpxeError('ISCSI_NEGOTIATION_FAILED', `The target ${what}.`);
}

function notAuthentic(what: string): IronpxeError {
  return new IronpxeError('ISCSI_TARGET_NOT_AUTHENTIC', `The target ${what}.`);
}
