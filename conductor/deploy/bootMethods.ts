import { hasCode } from '../errors/error.ts';
import { newestEventId } from '../store/latest.ts';
import { forgetAgent } from './agentReports.ts';
import { switchPower } from './power.ts';
import type { StepContext } from './steps/types.ts';

/** A way to make a machine boot from the network; none of them works on every machine. */
export type BootMethod = {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly persistent: boolean;
  /** When the boot device is set, and how the machine is started. */
  readonly order: 'set, power cycle' | 'power off, set, power on' | 'set, reset';
};

/** The methods in the order in which they are tried. */
export const BOOT_METHODS: readonly BootMethod[] = [
  {
    name: 'persistent',
    title: 'boot device set for good, power cycle',
    persistent: true,
    order: 'set, power cycle',
  },
  {
    name: 'persistent_while_off',
    title: 'boot device set for good while the machine is off',
    persistent: true,
    order: 'power off, set, power on',
  },
  {
    name: 'once',
    title: 'boot device set for one start, while the machine is off',
    persistent: false,
    order: 'power off, set, power on',
  },
  {
    name: 'once_reset',
    title: 'boot device set for one start, hard reset',
    persistent: false,
    order: 'set, reset',
  },
];

/** The methods of a driver, the one that is known to work first. */
export function methodsFor(
  driver: { readonly reset?: unknown; readonly powerSync?: false },
  known: string | undefined,
): readonly BootMethod[] {
  // Where people switch the machine there is nothing to try: they see what it does.
  if (driver.powerSync === false) return BOOT_METHODS.slice(0, 1);
  const possible = BOOT_METHODS.filter(
    ({ order }) => order !== 'set, reset' || driver.reset !== undefined,
  );
  const first = possible.filter(({ name }) => name === known);
  return [...first, ...possible.filter(({ name }) => name !== known)];
}

/**
 * Starts the machine from the network by one method.
 * @returns the newest event before the start (what the machine asks comes after it), or `undefined`
 *   when the machine cannot set its boot device so
 */
export async function bootBy(
  context: StepContext,
  method: BootMethod,
): Promise<{ readonly afterId: number; readonly startedAtMs: number } | undefined> {
  const { order } = method;
  if (order === 'power off, set, power on') await switchPower(context, 'power off');
  if (!(await setNetwork(context, method))) return undefined;
  const afterId = await newestEventId(context.services.database, context.nodeUuid);
  if (order === 'set, reset') await hardReset(context);
  else await switchPower(context, order === 'set, power cycle' ? 'rebooting' : 'power on');
  return { afterId, startedAtMs: Date.now() };
}

async function setNetwork(context: StepContext, { persistent }: BootMethod): Promise<boolean> {
  const { driver, node } = await context.machine();
  const { signal } = context;
  try {
    await driver.setBootDevice(node, 'pxe', { persistent, signal });
  } catch (error) {
    if (hasCode(error, 'DRIVER_BOOT_DEVICE')) return false;
    throw error;
  }
  const message = `boot device: pxe${persistent ? '' : ', for one start'}`;
  await context.observe('boot_device.changed', message, { device: 'pxe', persistent });
  return true;
}

async function hardReset(context: StepContext): Promise<void> {
  const { driver, node } = await context.machine();
  await switchPower(context, 'power on');
  await forgetAgent(context.services.database, context.nodeUuid);
  await driver.reset?.(node, { signal: context.signal });
  await context.observe('power.changed', 'hard reset', { target: 'reset' });
}
