import type { Driver, PowerState, PowerTarget, SoftPowerTarget } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import type { Config } from '../config/schema.ts';
import { appendEvent } from '../store/events.ts';
import { lockNode } from '../store/locks.ts';
import { getNode, listChildren, updateNode } from '../store/nodes.ts';
import type { Node } from '../store/types.ts';
import { forgetAgent } from './agentReports.ts';
import { machineOf } from './context.ts';
import type { StepContext, StepServices } from './steps/types.ts';

/** The state in which a switch ends. */
export function stateAfter(target: PowerTarget | SoftPowerTarget): PowerState {
  return target === 'power off' || target === 'soft power off' ? 'power off' : 'power on';
}

/**
 * Switches the machine of an operation, within the configured time, and notes its new state.
 * @throws IronpxeError POWER_TIMEOUT, NODE_LOCKED of its family, and what the driver throws
 */
export async function switchPower(context: StepContext, target: PowerTarget): Promise<void> {
  const { services, nodeUuid, operationUuid, signal } = context;
  await switchMachine(services, { nodeUuid, operationUuid }, target, signal);
}

/** How long a switch waits for other work on a machine of the family. */
const FAMILY_WAIT_MS = 5_000;

/**
 * What must be switched before a machine is, as Ironic does it: nothing built into another one comes
 * on before that has power, nor stays on when its power goes. Nodes with a power supply of their own
 * (`driver_info/has_dedicated_power_supply`) do not care.
 * @throws IronpxeError NODE_LOCKED when somebody works on one of the family, and what drivers throw
 */
export async function switchFamily(
  services: StepServices,
  node: Node,
  target: PowerTarget | SoftPowerTarget,
  signal: AbortSignal,
): Promise<void> {
  const { database } = services;
  if (target === 'power on' && node.parentNode !== null && !hasOwnSupply(node))
    await switchRelative(services, await getNode(database, node.parentNode), target, signal);
  if (target !== 'power off') return;
  for (const child of await listChildren(database, node.uuid))
    if (!hasOwnSupply(child)) await switchRelative(services, child, target, signal);
}

async function switchRelative(
  services: StepServices,
  relative: Node,
  target: 'power on' | 'power off',
  signal: AbortSignal,
): Promise<void> {
  const { database, drivers, config } = services;
  const { driver, node } = await machineOf(database, drivers, relative);
  if ((await driver.powerState(node, { signal })) === target) return;
  const options = { owner: config.host, waitMs: FAMILY_WAIT_MS, signal };
  await using _ = await lockNode(database, relative.uuid, options);
  await switchMachine(services, { nodeUuid: relative.uuid }, target, signal);
}

function hasOwnSupply({ driverInfo }: Node): boolean {
  return /^(?:true|t|yes|y|on|1)$/i.test(String(driverInfo['has_dedicated_power_supply']));
}

/** Switches a locked machine, after its family. */
async function switchMachine(
  services: StepServices,
  subject: { readonly nodeUuid: string; readonly operationUuid?: string },
  target: PowerTarget,
  signal: AbortSignal,
): Promise<void> {
  const { database, drivers, config } = services;
  const { nodeUuid } = subject;
  const fresh = await getNode(database, nodeUuid);
  await switchFamily(services, fresh, target, signal);
  const { driver, node } = await machineOf(database, drivers, fresh);
  if (target !== 'power on') await forgetAgent(database, nodeUuid);
  await withinTime(powerTimeoutOf(driver, config), target, signal, (within) =>
    driver.setPower(node, target, { signal: within }),
  );
  const patch = { powerState: stateAfter(target), targetPowerState: null };
  await updateNode(database, nodeUuid, patch);
  const data = { target };
  await appendEvent(database, { ...subject, kind: 'power.changed', message: target, data });
}

/** How long switching may take: people take longer than the configured time. */
export function powerTimeoutOf(
  driver: Pick<Driver, 'powerTimeoutSeconds'>,
  { deploy }: Pick<Config, 'deploy'>,
): number {
  return driver.powerTimeoutSeconds ?? deploy.power_timeout_seconds;
}

/** Runs `work` with a signal that aborts after `timeoutSeconds` or with `signal`. */
export async function withinTime<T>(
  timeoutSeconds: number,
  target: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await work(AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error;
    const message = `The machine did not reach "${target}" within ${timeoutSeconds} s.`;
    throw new IronpxeError('POWER_TIMEOUT', message, { cause: error });
  }
}
