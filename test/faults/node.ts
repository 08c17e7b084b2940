import { setTimeout as sleep } from 'node:timers/promises';
import type { TimelineEntry } from '../../lab/deploy.ts';
import type { ConductorProcess } from './conductorProcess.ts';
import type { FaultMachine } from './machine.ts';

const POLL_MS = 100;

/** What of a node the matrix reads. */
export type Node = {
  readonly provision_state: string;
  readonly target_provision_state: string | null;
  readonly last_error: string | null;
  readonly driver_internal_info: Readonly<Record<string, unknown>>;
};

/** Enrolls the machine as an operator does, and starts its deploy. @returns the node's UUID */
export async function startDeploy(
  conductor: ConductorProcess,
  machine: FaultMachine,
  images: string,
  signal: AbortSignal,
): Promise<string> {
  const uuid = await enroll(conductor, machine, images, signal);
  await conductor.api.put(`/v1/nodes/${uuid}/states/provision`, { target: 'active' });
  return uuid;
}

/** Makes the machine a node that can be deployed. @returns its UUID */
export async function enroll(
  conductor: ConductorProcess,
  machine: FaultMachine,
  images: string,
  signal: AbortSignal,
): Promise<string> {
  const { api } = conductor;
  const { uuid } = await api.post<{ uuid: string }>('/v1/nodes', {
    driver: 'manual',
    driver_info: machine.driverInfo,
    properties: { cpu_arch: 'x86_64', local_gb: 1 },
    instance_info: {
      image_source: `file://${images}/root.img`,
      kernel: `file://${images}/kernel`,
      ramdisk: `file://${images}/ramdisk`,
      root_gb: 1,
    },
  });
  await api.post('/v1/ports', { node_uuid: uuid, address: machine.mac });
  for (const [target, state] of [
    ['manage', 'manageable'],
    ['provide', 'available'],
  ] as const) {
    await api.put(`/v1/nodes/${uuid}/states/provision`, { target });
    await untilState(conductor, uuid, [state], signal);
  }
  return uuid;
}

/** The node once it is in one of these states; a conductor that is away is asked again. */
export async function untilState(
  { api }: ConductorProcess,
  uuid: string,
  states: readonly string[],
  signal: AbortSignal,
): Promise<Node> {
  for (;;) {
    const node = await api.get<Node>(`/v1/nodes/${uuid}`).catch(() => undefined);
    if (node !== undefined && states.includes(node.provision_state)) return node;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** All that happened to a node. */
export async function timelineOf(
  { api }: ConductorProcess,
  uuid: string,
): Promise<readonly TimelineEntry[]> {
  const all: TimelineEntry[] = [];
  for (;;) {
    const path = `/v1/nodes/${uuid}/timeline?after=${all.at(-1)?.id ?? 0}`;
    const { events } = await api.get<{ events: TimelineEntry[] }>(path);
    if (events.length === 0) return all;
    all.push(...events);
  }
}
