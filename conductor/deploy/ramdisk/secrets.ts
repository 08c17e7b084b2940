import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ChapCredentials } from '../../iscsi/login/chap.ts';

/** HMAC-SHA256 in hexadecimal over lines, each with its end, and after them over `rest`. */
export function codeOf(key: string, lines: readonly string[], rest: string | Buffer = ''): string {
  const hmac = createHmac('sha256', key);
  for (const line of lines) hmac.update(`${line}\n`);
  return hmac.update(rest).digest('hex');
}

/** Whether two codes are the same, in a time that does not tell where they differ. */
export function isSameCode(found: string, expected: string): boolean {
  const [left, right] = [Buffer.from(found), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * The key of everything said between conductor and ramdisk after the callback. Both random numbers
 * go over the callback only, so it takes more than the boot files of a node to make it.
 */
export function sessionKey(deployKey: string, ramdiskNonce: string, ourNonce: string): string {
  return codeOf(deployKey, ['ironpxe session', ramdiskNonce, ourNonce]);
}

function secret(key: string, purpose: string): string {
  return codeOf(key, [], purpose).slice(0, 24);
}

/** Mutual CHAP of a session: both sides work the secrets out, they are never sent. */
export function chapOf(key: string): ChapCredentials {
  return {
    username: 'conductor',
    password: secret(key, 'chap conductor'),
    mutual: { username: 'ramdisk', password: secret(key, 'chap ramdisk') },
  };
}

/** The names of a session's target and of the one initiator that may log in to it. */
export function namesOf(key: string): { readonly iqn: string; readonly initiatorIqn: string } {
  return {
    iqn: `iqn.2026-11.org.ironpxe:disk.${secret(key, 'target name')}`,
    initiatorIqn: `iqn.2026-11.org.ironpxe:conductor.${secret(key, 'initiator name')}`,
  };
}
