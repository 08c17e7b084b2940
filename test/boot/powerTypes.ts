import { join } from 'node:path';
import type { HardwareFacts, HardwareNode } from '../../lab/hardware.ts';
import { netArgument } from '../../lab/network.ts';
import { startDaemon } from '../../lab/processes.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { startIpmiSim } from '../drivers/support/ipmiSim.ts';
import { labMachine } from './labMachine.ts';

/** Who switches the machines: `virsh` over ssh, or a BMC of their own. */
export type PowerType = 'virsh' | 'ipmitool' | 'redfish';

const FIRST_IPMI_LISTEN_PORT = 6230;
const START_TIMEOUT_MS = 60_000;

/** The lab's machines as the power type switches them; BMCs end with `stack` or with the lab. */
export async function nodesWith(
  power: PowerType,
  hardware: HardwareFacts,
  stack: AsyncDisposableStack,
): Promise<readonly HardwareNode[]> {
  if (power === 'virsh') return hardware.nodes;
  const nodes: HardwareNode[] = [];
  for (const [index, node] of hardware.nodes.entries())
    nodes.push(
      power === 'redfish'
        ? await behindRedfish(hardware, node)
        : await behindIpmi(hardware, node, index, stack),
    );
  return nodes;
}

/** OpenIPMI's BMC, which runs the machine's script for every chassis command. */
async function behindIpmi(
  hardware: HardwareFacts,
  node: HardwareNode,
  index: number,
  stack: AsyncDisposableStack,
): Promise<HardwareNode> {
  const machine = await labMachine(hardware, node.name);
  const enter = ['nsenter', netArgument(hardware.netns), '--'];
  const sim = await startIpmiSim(machine, { listenPort: FIRST_IPMI_LISTEN_PORT + index, enter });
  stack.use(sim);
  return { ...node, driver: 'ipmi', driverInfo: sim.driverInfo as HardwareNode['driverInfo'] };
}

async function behindRedfish(hardware: HardwareFacts, node: HardwareNode): Promise<HardwareNode> {
  const machine = await labMachine(hardware, node.name);
  const script = join(import.meta.dirname, 'redfishProcess.ts');
  const { logPath } = await startDaemon(hardware.stateDir, `redfish-${node.name}`, [
    'nsenter',
    netArgument(hardware.netns),
    '--',
    process.execPath,
    script,
    JSON.stringify(machine),
  ]);
  const { match } = await waitForSerial(logPath, /^\{"redfish_address".*$/m, {
    timeoutMs: START_TIMEOUT_MS,
  });
  return { ...node, driver: 'redfish', driverInfo: JSON.parse(match[0]) };
}
