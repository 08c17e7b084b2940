import { z } from 'zod';
import type { Cloud, Credentials } from './cloud.ts';
import { OpenStackFailure } from './failure.ts';
import { ask } from './http.ts';

const ENDPOINT = z.object({
  interface: z.string(),
  region_id: z.string().nullish(),
  url: z.string(),
});
const TOKEN = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    project: z.object({ id: z.string() }).optional(),
    catalog: z.array(z.object({ type: z.string(), endpoints: z.array(ENDPOINT) })).default([]),
  }),
});

/** What a log-in gives. */
export type Session = {
  readonly token: string;
  readonly expiresAtMs: number;
  readonly projectId: string | undefined;
  /** Glance's images API, ending in `/v2`. */
  readonly imageUrl: string;
};

/** A token that ends sooner is not used for a new request. */
const LEAST_LIFE_MS = 120_000;

/** Keystone v3: logs in when needed, and again before the token ends. */
export class Keystone {
  readonly cloud: Cloud;
  readonly #now: () => number;
  #session: Promise<Session> | undefined;
  #expiresAtMs = Infinity;

  constructor(cloud: Cloud, now: () => number = Date.now) {
    this.cloud = cloud;
    this.#now = now;
  }

  /** A session that is good for a while. @throws OpenStackFailure */
  async session(signal?: AbortSignal): Promise<Session> {
    if (this.#expiresAtMs - this.#now() < LEAST_LIFE_MS) this.forget();
    const session = (this.#session ??= this.#logIn());
    const good = await untilAborted(session, signal).catch((error: unknown) => {
      if (this.#session === session && !signal?.aborted) this.forget();
      throw error;
    });
    return good;
  }

  /** The next request logs in anew, as after a token that Glance refused. */
  forget(): void {
    this.#session = undefined;
    this.#expiresAtMs = Infinity;
  }

  async #logIn(): Promise<Session> {
    const session = await logIn(this.cloud);
    this.#expiresAtMs = session.expiresAtMs;
    return session;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** One log-in. The work is shared by all who wait for it, so no single caller's signal ends it. */
async function logIn(cloud: Cloud): Promise<Session> {
  const url = `${versioned(cloud.authUrl, 'v3')}/auth/tokens`;
  const json = { auth: authOf(cloud.credentials) };
  const answer = await ask({ service: 'Keystone', method: 'POST', url, json }, cloud);
  const token = answer.headers['x-subject-token'];
  const parsed = TOKEN.safeParse(parseJson(answer.text));
  if (typeof token !== 'string' || !parsed.success)
    throw new OpenStackFailure(
      'broken',
      `${url} gave no token: it does not speak Identity API v3.`,
    );
  const { expires_at: expiresAt, project, catalog } = parsed.data.token;
  return {
    token,
    expiresAtMs: Date.parse(expiresAt),
    projectId: project?.id,
    imageUrl: versioned(cloud.imageUrl ?? endpointOf(cloud, catalog), 'v2'),
  };
}

/** JSON, or `undefined` for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The body of a log-in (Identity API v3, POST /v3/auth/tokens). */
export function authOf(credentials: Credentials): unknown {
  if (credentials.kind === 'password') {
    const { user, password, project } = credentials;
    return {
      identity: { methods: ['password'], password: { user: { ...user, password } } },
      scope: project === 'system' ? { system: { all: true } } : { project },
    };
  }
  const { id, name, user, secret } = credentials;
  const which = id === undefined ? { name, user } : { id };
  return {
    identity: {
      methods: ['application_credential'],
      application_credential: { ...which, secret },
    },
  };
}

type Catalog = z.output<typeof TOKEN>['token']['catalog'];

function endpointOf(cloud: Cloud, catalog: Catalog): string {
  const wanted = cloud.interface ?? 'public';
  const found = catalog
    .filter(({ type }) => type === 'image')
    .flatMap(({ endpoints }) => endpoints)
    .filter(({ region_id: region }) => cloud.region === undefined || cloud.region === region)
    .find((endpoint) => endpoint.interface === wanted);
  if (found) return found.url;
  const where = cloud.region === undefined ? '' : ` in region ${cloud.region}`;
  throw new OpenStackFailure(
    'unconfigured',
    `The catalog of ${cloud.authUrl} has no ${wanted} endpoint of type "image"${where}; is a project given?`,
  );
}

/** A service's address with exactly one version at its end. */
export function versioned(url: string, version: string): string {
  return `${url.replace(/\/+$/, '').replace(/\/v\d+(\.\d+)?$/, '')}/${version}`;
}
