import { setTimeout as delay } from 'node:timers/promises';
import { type Seen, settledText } from './compare.ts';
import { MAX_MINOR, type Step } from './steps.ts';

const VERSION = 'x-openstack-ironic-api-version';
const LATEST = { [VERSION]: `1.${MAX_MINOR}`, 'content-type': 'application/json' } as const;
/** Headers that are compared. */
const COMPARED = [
  VERSION,
  'x-openstack-ironic-api-minimum-version',
  'x-openstack-ironic-api-maximum-version',
  'location',
];
const REST_WITHIN_MS = 60_000;

type Request = Extract<Step, { readonly request: string }>;

/** Sends one request to the API at `baseUrl`. */
export async function send(baseUrl: string, step: Request): Promise<Seen> {
  const [method = '', ...path] = step.request.split(' ');
  const body = step.raw ?? (step.body === undefined ? undefined : JSON.stringify(step.body));
  const minor = step.minor === undefined ? MAX_MINOR : step.minor;
  const answer = await fetch(`${baseUrl}${path.join(' ')}`, {
    method,
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      ...(minor !== null && { [VERSION]: `1.${minor}` }),
      ...step.headers,
    },
    ...(body !== undefined && { body }),
  });
  const headers = COMPARED.flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, settledText(value, baseUrl)] as const];
  });
  const text = settledText(await answer.text(), baseUrl);
  return { status: answer.status, headers: Object.fromEntries(headers), body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function call<T>(baseUrl: string, request: string, body?: object): Promise<T> {
  const [method = '', path = ''] = request.split(' ');
  const answer = await fetch(`${baseUrl}${path}`, {
    method,
    headers: LATEST,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return parsed(await answer.text()) as T;
}

type Resting = {
  readonly uuid: string;
  readonly reservation: string | null;
  readonly provision_state: string;
  readonly target_provision_state: string | null;
  readonly target_power_state: string | null;
};
type Named = { readonly uuid: string; readonly state?: string; readonly node_uuid?: string | null };

function rests(node: Resting): boolean {
  const arrived = node.target_provision_state === null || /failed|error/.test(node.provision_state);
  return arrived && !node.reservation && node.target_power_state === null;
}

/** Waits until no node changes its state and no allocation looks for one. */
export async function settle(baseUrl: string): Promise<void> {
  const endMs = performance.now() + REST_WITHIN_MS;
  for (;;) {
    const { nodes } = await call<{ nodes: Resting[] }>(baseUrl, 'GET /v1/nodes/detail');
    const { allocations } = await call<{ allocations: Named[] }>(baseUrl, 'GET /v1/allocations');
    const moving = nodes.filter((node) => !rests(node));
    if (moving.length === 0 && allocations.every(({ state }) => state !== 'allocating')) return;
    if (performance.now() > endMs)
      throw new Error(`${baseUrl} does not come to rest: ${JSON.stringify(moving)}`);
    await delay(50);
  }
}

/** Removes all that a scene left. */
export async function empty(baseUrl: string): Promise<void> {
  await settle(baseUrl);
  const { nodes } = await call<{ nodes: Named[] }>(baseUrl, 'GET /v1/nodes');
  for (const { uuid } of nodes) {
    await call(baseUrl, `PATCH /v1/nodes/${uuid}`, [{ op: 'remove', path: '/protected' }]);
    await call(baseUrl, `PUT /v1/nodes/${uuid}/maintenance`, {});
  }
  for (const name of ['allocations', 'nodes', 'chassis', 'deploy_templates'] as const) {
    const list = await call<Record<string, Named[]>>(baseUrl, `GET /v1/${name}`);
    for (const { uuid } of list[name] ?? []) await call(baseUrl, `DELETE /v1/${name}/${uuid}`);
  }
}
