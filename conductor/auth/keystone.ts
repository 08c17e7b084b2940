import type { IncomingHttpHeaders } from 'node:http';
import { IronpxeError } from '../errors/error.ts';
import type { TokenFacts } from '../openstack/keystoneTokens.ts';
import type { Authenticator } from './authenticator.ts';
import type { Caller } from './caller.ts';
import { Limiter } from './limiter.ts';
import { Verdicts } from './verdicts.ts';

/** Says what a token is for; `undefined`: it is not valid. */
export type DescribeToken = (
  token: string,
  options: { readonly allowExpired: boolean; readonly signal: AbortSignal },
) => Promise<TokenFacts | undefined>;

export type KeystoneAuthOptions = {
  readonly describe: DescribeToken;
  /** Where users log in, as told in a 401. */
  readonly publicUrl: string;
  /** How long a token is not asked about again; a revoked one is good for as long. */
  readonly cacheMs: number;
  readonly now?: () => number;
};

/** A token that Keystone refused is not asked about again for so long. */
const REFUSED_MS = 10_000;
/** Generous: Nova gives a whole build up when it meets one 503, and waits for an answer. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Requests to Keystone at a time; behind them others wait. */
const REQUESTS = { running: 16, waiting: 256 };
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * Keystone tokens in `X-Auth-Token`. With the token of a service (role `service`) in
 * `X-Service-Token`, a user's token may have ended a short while ago, as in long-running work.
 */
export function keystoneAuthenticator(options: KeystoneAuthOptions): Authenticator {
  const { describe, cacheMs, now = Date.now } = options;
  const verdicts = new Verdicts<TokenFacts | undefined>(now);
  const limiter = new Limiter(REQUESTS);

  async function factsOf(token: string, allowExpired: boolean): Promise<TokenFacts> {
    const ask = async () => {
      if (limiter.isFull)
        throw new IronpxeError('AUTH_BUSY', 'Too many tokens are being checked, try again.');
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      return limiter.run(() => describe(token, { allowExpired, signal })).catch(unavailable);
    };
    const facts = await verdicts.get([token, String(allowExpired)], ask, (found) =>
      found === undefined ? now() + REFUSED_MS : rememberUntil(found, allowExpired),
    );
    const ended = facts !== undefined && Date.parse(facts.expires_at) <= now();
    if (facts === undefined || (ended && !allowExpired)) throw unauthorized();
    return facts;
  }

  function rememberUntil(facts: TokenFacts, allowExpired: boolean): number {
    const untilMs = now() + cacheMs;
    return allowExpired ? untilMs : Math.min(untilMs, Date.parse(facts.expires_at));
  }

  return {
    challenge: `Keystone uri="${options.publicUrl}"`,
    async authenticate(headers) {
      const token = tokenIn(headers, 'x-auth-token');
      if (token === undefined) throw unauthorized();
      const service = tokenIn(headers, 'x-service-token');
      const caller = service === undefined ? undefined : await factsOf(service, false);
      return toCaller(await factsOf(token, caller !== undefined && hasServiceRole(caller)));
    },
  };
}

function tokenIn(
  headers: IncomingHttpHeaders,
  name: 'x-auth-token' | 'x-service-token',
): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && TOKEN.test(value)) return value;
  throw unauthorized();
}

function hasServiceRole({ roles }: TokenFacts): boolean {
  return roles.some(({ name }) => name === 'service');
}

function unavailable(error: unknown): never {
  if (error instanceof IronpxeError) throw error;
  const why = error instanceof Error ? error.message : String(error);
  throw new IronpxeError('AUTH_UNAVAILABLE', `The token cannot be checked: ${why}`, {
    cause: error,
  });
}

/** @throws IronpxeError UNAUTHORIZED for a token that is neither for a project nor for the system */
function toCaller({ user, roles, project, system }: TokenFacts): Caller {
  if (project === undefined && system?.all !== true) throw unauthorized();
  return {
    userId: user.id,
    userName: user.name,
    roles: roles.map(({ name }) => name),
    system: system?.all === true,
    ...(project && {
      project: { id: project.id, name: project.name, domainId: project.domain.id },
    }),
  };
}

function unauthorized(): IronpxeError {
  return new IronpxeError(
    'UNAUTHORIZED',
    'Authentication required: the request has no valid token for a project or for the system.',
  );
}
