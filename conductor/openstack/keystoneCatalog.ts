import { z } from 'zod';
import type { Cloud } from '../../image-tools/glance/cloud.ts';
import { OpenStackFailure } from '../../image-tools/glance/failure.ts';
import { ask, type Request } from '../../image-tools/glance/http.ts';
import { parseJson } from '../../image-tools/glance/keystone.ts';
import { readCloud } from '../../image-tools/glance/readCloud.ts';
import { translated } from './glance.ts';
import { KeystoneLogIn } from './keystoneLogIn.ts';

export const ENDPOINT_INTERFACES = ['public', 'internal', 'admin'] as const;
export type EndpointInterface = (typeof ENDPOINT_INTERFACES)[number];

/** What the catalogue shall say of the REST API. */
export type Registration = {
  readonly urls: Readonly<Partial<Record<EndpointInterface, string>>>;
  /** Any region by default: that of the cloud, else `RegionOne`. */
  readonly region: string | undefined;
};

/** What became of one endpoint. */
export type Registered = {
  readonly interface: EndpointInterface;
  readonly region: string;
  readonly url: string;
  readonly outcome: 'created' | 'changed' | 'unchanged';
};

const SERVICE_TYPE = 'baremetal';
const SERVICES = z.object({ services: z.array(z.object({ id: z.string() })) });
const SERVICE = z.object({ service: z.object({ id: z.string() }) });
const ENDPOINT = z.object({
  id: z.string(),
  url: z.string(),
  region_id: z.string().nullish(),
  interface: z.string(),
});
const ENDPOINTS = z.object({ endpoints: z.array(ENDPOINT) });

type Send = (method: Request['method'], path: string, json?: unknown) => Promise<unknown>;

/**
 * Enters the REST API into Keystone's catalogue as the service `baremetal`; what is there already
 * is kept or corrected, so it can run again. The cloud and an administrator come from the `OS_*`
 * variables or clouds.yaml. @throws IronpxeError OPENSTACK_*
 */
export async function registerService(
  wanted: Registration,
  from: { readonly env: Readonly<Record<string, string | undefined>>; readonly cloud?: string },
  signal: AbortSignal,
): Promise<Registered[]> {
  return translated(async () => {
    const cloud = readCloud(from.env, from.cloud);
    const send = sender(cloud, signal);
    const serviceId = await ensureService(send);
    const region = wanted.region ?? cloud.region ?? 'RegionOne';
    const found = ENDPOINTS.parse(await send('GET', `endpoints?service_id=${serviceId}`));
    const done: Registered[] = [];
    for (const kind of ENDPOINT_INTERFACES) {
      const url = wanted.urls[kind]?.replace(/\/+$/, '');
      if (url === undefined) continue;
      const there = found.endpoints.find(
        (endpoint) => endpoint.interface === kind && endpoint.region_id === region,
      );
      const endpoint = { service_id: serviceId, interface: kind, region_id: region, url };
      done.push({ interface: kind, region, url, outcome: await ensure(send, there, endpoint) });
    }
    return done;
  });
}

async function ensureService(send: Send): Promise<string> {
  const { services } = SERVICES.parse(await send('GET', `services?type=${SERVICE_TYPE}`));
  if (services[0] !== undefined) return services[0].id;
  const service = { type: SERVICE_TYPE, name: 'ironic', description: 'Bare-metal provisioning' };
  return SERVICE.parse(await send('POST', 'services', { service })).service.id;
}

async function ensure(
  send: Send,
  there: z.output<typeof ENDPOINT> | undefined,
  endpoint: { readonly url: string },
): Promise<Registered['outcome']> {
  if (there === undefined) {
    await send('POST', 'endpoints', { endpoint });
    return 'created';
  }
  if (there.url === endpoint.url) return 'unchanged';
  await send('PATCH', `endpoints/${there.id}`, { endpoint: { url: endpoint.url } });
  return 'changed';
}

function sender(cloud: Cloud, signal: AbortSignal): Send {
  const logIn = new KeystoneLogIn(cloud);
  return async (method, path, json) => {
    const { token } = await logIn.session(signal);
    const url = `${logIn.url}/${path}`;
    const headers = { 'x-auth-token': token };
    const request = { service: 'Keystone', method, url, headers, signal } as const;
    const answer = await ask({ ...request, ...(json !== undefined && { json }) }, cloud);
    const body = parseJson(answer.text);
    if (body === undefined) throw new OpenStackFailure('broken', `${url} did not answer JSON.`);
    return body;
  };
}

/**
 * A token of the user that the `OS_*` variables or clouds.yaml name; `OS_TOKEN` itself where it is
 * set. @throws IronpxeError OPENSTACK_*
 */
export async function userToken(
  from: { readonly env: Readonly<Record<string, string | undefined>>; readonly cloud?: string },
  signal: AbortSignal,
): Promise<string> {
  const { OS_TOKEN: given, OS_CLOUD: named } = from.env;
  if (given && from.cloud === undefined && named === undefined) return given;
  return translated(async () => {
    const logIn = new KeystoneLogIn(readCloud(from.env, from.cloud));
    return (await logIn.session(signal)).token;
  });
}
