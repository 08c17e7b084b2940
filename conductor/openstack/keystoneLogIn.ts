import { z } from 'zod';
import type { Cloud } from '../../image-tools/glance/cloud.ts';
import { OpenStackFailure } from '../../image-tools/glance/failure.ts';
import { ask } from '../../image-tools/glance/http.ts';
import { authOf, parseJson, versioned } from '../../image-tools/glance/keystone.ts';

const LOGGED_IN = z.object({ token: z.object({ expires_at: z.iso.datetime({ offset: true }) }) });

/** A token of our own. */
export type OwnToken = { readonly token: string; readonly expiresAtMs: number };

/** A token that ends sooner is not used for a new request. */
const LEAST_LIFE_MS = 60_000;

/** Logs in to Keystone v3 when needed, and again before the token ends. */
export class KeystoneLogIn {
  readonly #cloud: Cloud;
  #session: { readonly logIn: Promise<OwnToken>; own?: OwnToken } | undefined;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** Keystone's address with `/v3`. */
  get url(): string {
    return versioned(this.#cloud.authUrl, 'v3');
  }

  /** A token that is good for a while. @throws OpenStackFailure */
  async session(signal: AbortSignal): Promise<OwnToken> {
    signal.throwIfAborted();
    if (endsSoon(this.#session?.own)) this.#session = undefined;
    const session = (this.#session ??= { logIn: logIn(this.#cloud) });
    try {
      return (session.own = await session.logIn);
    } catch (error) {
      if (this.#session === session) this.#session = undefined;
      throw error;
    }
  }

  /** The next request logs in anew, unless another did already. */
  forget(own: OwnToken): void {
    if (this.#session?.own === own) this.#session = undefined;
  }
}

function endsSoon(own: OwnToken | undefined): boolean {
  return own !== undefined && own.expiresAtMs - Date.now() < LEAST_LIFE_MS;
}

/** One log-in (Identity API v3, POST /v3/auth/tokens), shared by all who wait for it. */
async function logIn(cloud: Cloud): Promise<OwnToken> {
  const url = `${versioned(cloud.authUrl, 'v3')}/auth/tokens`;
  const json = { auth: authOf(cloud.credentials) };
  const answer = await ask({ service: 'Keystone', method: 'POST', url, json }, cloud);
  const token = answer.headers['x-subject-token'];
  const parsed = LOGGED_IN.safeParse(parseJson(answer.text));
  if (typeof token !== 'string' || !parsed.success)
    throw new OpenStackFailure(
      'broken',
      `${url} gave no token: it does not speak Identity API v3.`,
    );
  return { token, expiresAtMs: Date.parse(parsed.data.token.expires_at) };
}
