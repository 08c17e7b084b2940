import { existsSync } from 'node:fs';
import { run, type RunOptions, type RunResult } from '../conductor/process/run.ts';
import type { Cidr, Ipv4 } from '../conductor/values/ipv4.ts';

/** The network of every lab. Each lab has a namespace of its own, so labs never meet. */
export const LAB_SUBNET: Cidr = { network: '172.30.0.0' as Ipv4, prefixLength: 24 };
/** The conductor's, sshd's and the bridge's address. */
export const BRIDGE_ADDRESS = '172.30.0.1' as Ipv4;
export const BRIDGE_NAME = 'br0';

/** The name of a lab's network namespace, as `ip netns list` shows it. */
export function netnsOf(labName: string): string {
  return `ironpxe-${labName}`;
}

/** The tap that the NIC of node number `index` (from 0) is plugged into. */
export function tapName(index: number): string {
  return `tap${index + 1}`;
}

/** Runs a program inside a namespace, with this process's mounts. */
export function runInNamespace(
  netns: string,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run('nsenter', [netArgument(netns), '--', program, ...args], {
    package: 'util-linux',
    ...options,
  });
}

/** What `nsenter` needs to enter a namespace. `ip netns exec` would hide FUSE mounts. */
export function netArgument(netns: string): string {
  return `--net=/run/netns/${netns}`;
}

/** Makes the namespace with a bridge and `tapCount` taps on it. Nothing outside of it changes. */
export async function createNetwork(netns: string, tapCount: number): Promise<void> {
  await run('ip', ['netns', 'add', netns], { package: 'iproute2' });
  const lines = [
    'link set lo up',
    // forward_delay 0: the first DISCOVERs must not fall into the bridge's learning time.
    `link add ${BRIDGE_NAME} type bridge stp_state 0 forward_delay 0`,
    `addr add ${BRIDGE_ADDRESS}/${LAB_SUBNET.prefixLength} dev ${BRIDGE_NAME}`,
    `link set ${BRIDGE_NAME} up`,
    ...Array.from({ length: tapCount }, (_, index) => tapLines(tapName(index))).flat(),
  ];
  const input = `${lines.join('\n')}\n`;
  await runInNamespace(netns, 'ip', ['-batch', '-'], { input });
}

function tapLines(tap: string): readonly string[] {
  return [`tuntap add dev ${tap} mode tap`, `link set ${tap} master ${BRIDGE_NAME} up`];
}

/** Whether there is a namespace of that name. */
export function networkExists(netns: string): boolean {
  return existsSync(`/run/netns/${netns}`);
}

/** The pids of all processes inside a namespace. */
export async function processesIn(netns: string): Promise<readonly number[]> {
  if (!networkExists(netns)) return [];
  const { stdout } = await run('ip', ['netns', 'pids', netns]);
  return stdout.split(/\s+/).filter(Boolean).map(Number);
}

/** Removes the namespace and with it bridge and taps. */
export async function removeNetwork(netns: string): Promise<void> {
  if (networkExists(netns)) await run('ip', ['netns', 'delete', netns]);
}
