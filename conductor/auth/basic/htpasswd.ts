import { IronpxeError } from '../../errors/error.ts';

/** User → bcrypt hash in the form `$2y$`. */
export type Users = ReadonlyMap<string, string>;

/** A hash of a higher cost (2 ** 14 rounds take seconds) would let few requests block all others. */
const MOST_COST = 14;

/**
 * Reads a password file as `htpasswd -B` writes it: `USER:$2y$COST$...` in each line, `#` before a
 * comment. @param path only for messages
 * @throws IronpxeError AUTH_USER_FILE_INVALID naming each bad line, not what stands in it
 */
export function parseHtpasswd(text: string, path: string): Users {
  const users = new Map<string, string>();
  const faults: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [user, hash] = splitOnce(line);
    const fault = users.has(user) ? 'the user stands in a line before' : faultOf(user, hash);
    if (fault === undefined) users.set(user, hash);
    else faults.push(`line ${index + 1}: ${fault}`);
  }
  if (faults.length > 0) throw invalid(`${path} has faults: ${faults.join('; ')}.`);
  return users;
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf(':');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).trim()];
}

function faultOf(user: string, hash: string): string | undefined {
  if (user === '') return 'there is no user before the colon';
  const cost = /^\$2y\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1];
  if (cost === undefined) return 'no bcrypt hash of the form $2y$ follows the user';
  if (Number(cost) < 4 || Number(cost) > MOST_COST)
    return `the cost of the hash is ${cost}, expected 04 to ${MOST_COST}`;
  return undefined;
}

/** An AUTH_USER_FILE_INVALID. */
export function invalid(message: string, cause?: unknown): IronpxeError {
  return new IronpxeError('AUTH_USER_FILE_INVALID', message, { cause });
}
