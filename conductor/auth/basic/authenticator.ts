import bcrypt from 'bcrypt';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import type { Authenticator } from '../authenticator.ts';
import { Limiter } from '../limiter.ts';
import { Verdicts } from '../verdicts.ts';
import type { Users } from './htpasswd.ts';
import { UserFile } from './userFile.ts';

/** How long a password, right or wrong, needs no new hash. */
const REMEMBERED_MS = 60_000;

/** Hashes run in libuv's pool of four threads, which files and name look-ups need as well. */
const HASHES = { running: 2, waiting: 32 };

/** Compares a password with a hash. */
export type Compare = (password: string, hash: string) => Promise<boolean>;

/**
 * HTTP basic authentication (RFC 7617) against a file of bcrypt hashes; who is in it may do all, as
 * with Ironic's `http_basic`. @throws IronpxeError AUTH_USER_FILE_INVALID
 */
export async function basicAuthenticator(
  path: string,
  compare: Compare = bcrypt.compare,
): Promise<Authenticator> {
  const file = new UserFile(path);
  await file.users();
  const verdicts = new Verdicts<boolean>();
  const limiter = new Limiter(HASHES);
  return {
    challenge: 'Basic realm="Baremetal API"',
    async authenticate(headers) {
      const given = parseBasic(headers.authorization);
      if (given === undefined) throw unauthorized();
      const users = await usersOf(file);
      const hash = users.get(given.user);
      const check = async () => {
        if (limiter.isFull) throw busy();
        // The algorithm of $2y$ is that of $2b$; the package knows the newer letter only.
        const known = (hash ?? nobody(users)).replace('$2y$', '$2b$');
        return limiter.run(() => compare(given.password, known));
      };
      // The hash is part of the key: with a new one in the file the old password is out.
      const key = [given.user, given.password, hash ?? ''];
      const matches = await verdicts.get(key, check, () => Date.now() + REMEMBERED_MS);
      if (!matches || hash === undefined) throw unauthorized();
      return 'everything';
    },
  };
}

/** What an unknown user is checked against, so that the time does not tell who exists. */
function nobody(users: Users): string {
  const cost = users.values().next().value?.slice(0, '$2y$10$'.length) ?? '$2y$05$';
  return `${cost}${'.'.repeat(53)}`;
}

async function usersOf(file: UserFile): Promise<Users> {
  return file.users().catch((error: unknown) => {
    if (!hasCode(error, 'AUTH_USER_FILE_INVALID')) throw error;
    throw new IronpxeError('AUTH_UNAVAILABLE', 'The users cannot be read now.', { cause: error });
  });
}

/** The user and password of an `Authorization` header; `undefined` for any other form. */
export function parseBasic(
  header: string | undefined,
): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  // bcrypt would take a NUL for the end of the password.
  if (at < 1 || text.includes('\0')) return undefined;
  return { user: text.slice(0, at), password: text.slice(at + 1) };
}

function unauthorized(): IronpxeError {
  return new IronpxeError('UNAUTHORIZED', 'Authorization required: no valid user and password.');
}

function busy(): IronpxeError {
  return new IronpxeError('AUTH_BUSY', 'Too many passwords are being checked, try again.');
}
