import { z } from 'zod';
import type { Cloud } from '../../image-tools/glance/cloud.ts';
import { isFailure, OpenStackFailure } from '../../image-tools/glance/failure.ts';
import { ask, type Request } from '../../image-tools/glance/http.ts';
import { parseJson, versioned } from '../../image-tools/glance/keystone.ts';
import { translated } from './glance.ts';
import { KeystoneLogIn, type OwnToken } from './keystoneLogIn.ts';

const PORT = z.object({
  id: z.string(),
  network_id: z.string(),
});
const NETWORK = z.object({
  id: z.string(),
  'provider:physical_network': z.string().nullish(),
  segments: z.array(z.object({ 'provider:physical_network': z.string().nullish() })).optional(),
});
const ENDPOINT = z.object({ interface: z.string(), region_id: z.string().nullish(), url: z.url() });
const CATALOG = z.object({
  catalog: z.array(z.object({ type: z.string(), endpoints: z.array(ENDPOINT) })),
});

/** A port of Neutron, as far as machines are concerned. */
export type NeutronPort = z.output<typeof PORT>;

/** Neutron as the network interfaces use it (Networking API v2.0). All throw IronpxeError OPENSTACK_*. */
export interface Neutron {
  /** `undefined`: there is no such port. */
  port(id: string, signal: AbortSignal): Promise<NeutronPort | undefined>;
  /** Those that have all of these field values. */
  ports(
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<readonly NeutronPort[]>;
  createPort(fields: object, signal: AbortSignal): Promise<NeutronPort>;
  /** `false`: there is no such port. */
  changePort(id: string, fields: object, signal: AbortSignal): Promise<boolean>;
  /** One that is gone is as good as removed. */
  removePort(id: string, signal: AbortSignal): Promise<void>;
  /** The id of a network, by id or by name; `undefined` when no or several networks have it. */
  networkId(idOrName: string, signal: AbortSignal): Promise<string | undefined>;
  /** The physical networks behind a network; none where Neutron does not tell. */
  physicalNetworks(networkId: string, signal: AbortSignal): Promise<readonly string[]>;
}

type Send = (
  method: Request['method'],
  path: string,
  json: object | undefined,
  signal: AbortSignal,
) => Promise<unknown>;

/** Neutron with the credentials of `cloud`; at `url`, or where the catalogue says. */
export function createNeutron(cloud: Cloud, url: string | undefined): Neutron {
  const send = sender(cloud, url);
  const read = async <T>(schema: z.ZodType<T>, path: string, signal: AbortSignal) =>
    absent(send('GET', path, undefined, signal).then((body) => parsed(schema, body)));
  return {
    port: (id, signal) =>
      translated(async () => (await read(z.object({ port: PORT }), `ports/${id}`, signal))?.port),
    ports: (fields, signal) =>
      translated(async () => {
        const query = new URLSearchParams(fields).toString();
        const found = await read(z.object({ ports: z.array(PORT) }), `ports?${query}`, signal);
        return found?.ports ?? [];
      }),
    createPort: (port, signal) =>
      translated(
        async () =>
          parsed(z.object({ port: PORT }), await send('POST', 'ports', { port }, signal)).port,
      ),
    changePort: (id, port, signal) =>
      translated(
        async () => (await absent(send('PUT', `ports/${id}`, { port }, signal))) !== undefined,
      ),
    removePort: (id, signal) =>
      translated(async () => void (await absent(send('DELETE', `ports/${id}`, undefined, signal)))),
    networkId: (name, signal) =>
      translated(async () => {
        const schema = z.object({ networks: z.array(NETWORK) });
        for (const by of ['id', 'name']) {
          const query = new URLSearchParams({ [by]: name }).toString();
          const found = await read(schema, `networks?${query}`, signal);
          if (found?.networks.length === 1) return found.networks[0]?.id;
        }
        return undefined;
      }),
    physicalNetworks: (id, signal) =>
      translated(async () => {
        const found = await read(z.object({ network: NETWORK }), `networks/${id}`, signal);
        const segments =
          found === undefined ? [] : [found.network, ...(found.network.segments ?? [])];
        return segments.flatMap((segment) => segment['provider:physical_network'] ?? []);
      }),
  };
}

/** What was asked for, or `undefined` where there is none. */
async function absent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isFailure(error, 'missing')) return undefined;
    throw error;
  }
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new OpenStackFailure('broken', `Neutron's answer makes no sense at "${where}".`);
}

function sender(cloud: Cloud, given: string | undefined): Send {
  const logIn = new KeystoneLogIn(cloud);
  let endpoint = given;
  const once = async (
    own: OwnToken,
    ...[method, path, json, signal]: Parameters<Send>
  ): Promise<unknown> => {
    endpoint ??= await endpointOf(cloud, logIn.url, own.token);
    const url = `${versioned(endpoint, 'v2.0')}/${path}`;
    const headers = { 'x-auth-token': own.token };
    const request = { service: 'Neutron', method, url, headers, signal } as const;
    const { text } = await ask({ ...request, ...(json !== undefined && { json }) }, cloud);
    return text === '' ? {} : parseJson(text);
  };
  return async (...call) => {
    const [, , , signal] = call;
    const own = await logIn.session(signal);
    try {
      return await once(own, ...call);
    } catch (error) {
      // 403 is a refusal for good; 401 may be a token that was revoked: once more with a new one.
      if (!isFailure(error, 'refused') || error.status !== 401) throw error;
      logIn.forget(own);
      return once(await logIn.session(signal), ...call);
    }
  };
}

/** Neutron's address in the catalogue (Identity API v3, GET /v3/auth/catalog). */
async function endpointOf(cloud: Cloud, keystone: string, token: string): Promise<string> {
  const url = `${keystone}/auth/catalog`;
  const headers = { 'x-auth-token': token };
  const { text } = await ask({ service: 'Keystone', method: 'GET', url, headers }, cloud);
  const wanted = cloud.interface ?? 'public';
  const found = parsed(CATALOG, parseJson(text))
    .catalog.filter(({ type }) => type === 'network')
    .flatMap(({ endpoints }) => endpoints)
    .filter(({ region_id: region }) => cloud.region === undefined || cloud.region === region)
    .find((each) => each.interface === wanted);
  if (found !== undefined) return found.url;
  throw new OpenStackFailure(
    'unconfigured',
    `The catalog of ${cloud.authUrl} has no ${wanted} endpoint of type "network".`,
  );
}
