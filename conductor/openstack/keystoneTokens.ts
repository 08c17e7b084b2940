import { z } from 'zod';
import { ask } from '../../image-tools/glance/http.ts';
import type { Cloud } from '../../image-tools/glance/cloud.ts';
import { isFailure } from '../../image-tools/glance/failure.ts';
import { KeystoneLogIn } from './keystoneLogIn.ts';

const NAMED = z.object({ id: z.string(), name: z.string() });
const IN_DOMAIN = NAMED.extend({ domain: z.object({ id: z.string() }) });
const VALIDATED = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    user: NAMED,
    roles: z.array(NAMED).default([]),
    project: IN_DOMAIN.optional(),
    system: z.object({ all: z.boolean() }).optional(),
  }),
});

/** A valid token, as Keystone describes it. */
export type TokenFacts = z.output<typeof VALIDATED>['token'];

/** Asks Keystone about the tokens of others, as a service user does. */
export class KeystoneTokens {
  readonly #cloud: Cloud;
  readonly #logIn: KeystoneLogIn;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.#logIn = new KeystoneLogIn(cloud);
  }

  /**
   * What a token is for (Identity API v3, GET /v3/auth/tokens); `undefined`: Keystone does not
   * know it (any more). `allowExpired`: one that ended a short while ago will do.
   * @throws OpenStackFailure when Keystone cannot tell
   */
  async describe(
    token: string,
    options: { readonly allowExpired: boolean; readonly signal: AbortSignal },
  ): Promise<TokenFacts | undefined> {
    const own = await this.#logIn.session(options.signal);
    try {
      return await this.#ask(token, own.token, options);
    } catch (error) {
      // Keystone may have forgotten our own token, as after a change of its keys.
      if (!isFailure(error, 'refused')) throw error;
      this.#logIn.forget(own);
    }
    const renewed = await this.#logIn.session(options.signal);
    return this.#ask(token, renewed.token, options);
  }

  async #ask(
    token: string,
    ownToken: string,
    { allowExpired, signal }: { readonly allowExpired: boolean; readonly signal: AbortSignal },
  ): Promise<TokenFacts | undefined> {
    const url = `${this.#logIn.url}/auth/tokens?nocatalog${allowExpired ? '&allow_expired=1' : ''}`;
    const headers = { 'x-auth-token': ownToken, 'x-subject-token': token };
    try {
      const { text } = await ask(
        { service: 'Keystone', method: 'GET', url, headers, signal },
        this.#cloud,
      );
      return VALIDATED.parse(JSON.parse(text)).token;
    } catch (error) {
      if (isFailure(error, 'missing')) return undefined;
      throw error;
    }
  }
}
