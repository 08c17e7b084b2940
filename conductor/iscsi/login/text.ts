import { IronpxeError } from '../../errors/error.ts';

/** Keys and values of a login, in the order in which they are sent. */
export type TextPairs = readonly (readonly [key: string, value: string])[];

const MAX_KEY_BYTES = 63;

/** `key=value` pairs, each closed by a NUL (RFC 7143 §6.1). @throws RangeError for a NUL within */
export function encodeText(pairs: TextPairs): Buffer {
  const bad = pairs.find(([, value]) => value.includes('\0'));
  if (bad) throw new RangeError(`the value of ${bad[0]} contains a NUL`);
  return Buffer.from(pairs.map(([key, value]) => `${key}=${value}\0`).join(''));
}

/**
 * Reads `key=value` pairs.
 * @throws IronpxeError ISCSI_NEGOTIATION_FAILED for anything else, and for a key given twice
 */
export function decodeText(bytes: Buffer): Map<string, string> {
  const pairs = new Map<string, string>();
  // Some targets pad the text with NULs and count them as data.
  for (const line of bytes.toString().split('\0').filter(Boolean)) {
    const at = line.indexOf('=');
    const key = line.slice(0, at);
    if (at < 1 || at > MAX_KEY_BYTES)
      throw badText(`${JSON.stringify(line.slice(0, 80))} is no key=value`);
    if (pairs.has(key)) throw badText(`${key} is given twice`);
    pairs.set(key, line.slice(at + 1));
  }
  return pairs;
}

function badText(what: string): IronpxeError {
  return new IronpxeError('ISCSI_NEGOTIATION_FAILED', `In the target's login text ${what}.`);
}
