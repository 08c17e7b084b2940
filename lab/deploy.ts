import { setTimeout as delay } from 'node:timers/promises';
import type { EventKind } from '../conductor/events/kinds.ts';
import type { Api } from './api.ts';
import { LabFault } from './fault.ts';
import type { HardwareNode } from './hardware.ts';

/** An entry of a node's timeline, as the API gives it. */
export type TimelineEntry = {
  readonly id: number;
  readonly at: string;
  readonly kind: EventKind;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
};

type Operation = {
  readonly uuid: string;
  readonly verb: string;
  readonly status: string;
  readonly error: string | null;
};

type Timeline = {
  readonly events: readonly TimelineEntry[];
  readonly operation: Operation | null;
};

const POLL_MS = 200;

/** Enrolls a machine and makes it available, as an operator does. */
export async function enroll(api: Api, node: HardwareNode, signal: AbortSignal): Promise<string> {
  const { uuid } = await api.post<{ uuid: string }>('/v1/nodes', {
    name: node.name,
    driver: node.driver ?? 'pxe_ssh',
    driver_info: node.driverInfo,
    properties: {
      memory_mb: node.memoryMib,
      local_gb: Math.floor(node.diskBytes / 1024 ** 3),
      cpus: 1,
      cpu_arch: 'x86_64',
    },
  });
  await api.post('/v1/ports', { node_uuid: uuid, address: node.mac });
  for (const [target, state] of [
    ['manage', 'manageable'],
    ['provide', 'available'],
  ] as const) {
    await api.put(`/v1/nodes/${uuid}/states/provision`, { target });
    await untilState(api, uuid, state, signal);
  }
  return uuid;
}

async function untilState(
  api: Api,
  uuid: string,
  state: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const node = await api.get<NodeState>(`/v1/nodes/${uuid}`);
    if (node.provision_state === state) return;
    if (node.target_provision_state === null) throw failed(node);
    await delay(POLL_MS, undefined, { signal });
  }
}

type NodeState = {
  readonly name: string;
  readonly provision_state: string;
  readonly target_provision_state: string | null;
  readonly last_error: string | null;
};

function failed({ name, provision_state: state, last_error: why }: NodeState): LabFault {
  return new LabFault(
    `${name} is in "${state}": ${why ?? 'no error is known'}`,
    'The lab still stands, so you can look around: npm run lab -- status',
  );
}

/**
 * Starts the deploy of a node and gives what its timeline says, entry by entry, until it is active.
 * @throws LabFault with the node's last error when it failed
 */
export async function* deploy(
  api: Api,
  uuid: string,
  instanceInfo: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator<TimelineEntry> {
  const path = `/v1/nodes/${uuid}/timeline?limit=0`;
  let afterId = (await api.get<{ last_event_id: number }>(path)).last_event_id;
  await api.patch(`/v1/nodes/${uuid}`, [
    { op: 'add', path: '/instance_info', value: instanceInfo },
  ]);
  await api.put(`/v1/nodes/${uuid}/states/provision`, { target: 'active' });
  for (;;) {
    // The node first: what led to its state is then in the timeline for sure.
    const node = await api.get<NodeState>(`/v1/nodes/${uuid}`);
    const { events } = await readTimeline(api, uuid, afterId);
    yield* events;
    afterId = events.at(-1)?.id ?? afterId;
    if (node.provision_state === 'active') return;
    if (node.provision_state.endsWith('failed')) throw failed(node);
    await delay(POLL_MS, undefined, { signal });
  }
}

function readTimeline(api: Api, uuid: string, after: number): Promise<Timeline> {
  return api.get<Timeline>(`/v1/nodes/${uuid}/timeline?after=${after}`);
}
