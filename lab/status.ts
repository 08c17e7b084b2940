import { openApi } from './api.ts';
import { apiSocketPath } from './conductor.ts';
import { findHardware } from './hardware.ts';
import { recordedProcesses } from './processes.ts';

type NodeList = {
  readonly nodes: readonly {
    readonly name: string;
    readonly provision_state: string;
    readonly power_state: string | null;
  }[];
};

/** `lab status`: what stands, as lines. */
export async function statusLines(stateDir: string): Promise<readonly string[]> {
  const hardware = await findHardware(stateDir);
  if (hardware === undefined) return ['No lab stands.'];
  const processes = await recordedProcesses(stateDir);
  const running = processes.map(({ name, pid }) => `${name} (${pid})`).join(', ') || 'none';
  const nodes = await openApi(apiSocketPath(stateDir))
    .get<NodeList>('/v1/nodes')
    .then((list) => list.nodes)
    .catch(() => undefined);
  return [
    `lab "${hardware.name}" in network namespace ${hardware.netns}, files in ${stateDir}`,
    `processes: ${running}`,
    ...(nodes === undefined
      ? ['the conductor does not answer']
      : nodes.map((node) => `${node.name}: ${node.provision_state}, ${node.power_state}`)),
    `API: IRONPXE_URL=unix:${apiSocketPath(stateDir)} bin/ironpxe node list`,
  ];
}
