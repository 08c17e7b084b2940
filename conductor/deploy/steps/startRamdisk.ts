import { IronpxeError } from '../../errors/error.ts';
import { findBootHabit } from '../../store/bootHabits.ts';
import { bootBy, methodsFor, type BootMethod } from '../bootMethods.ts';
import { rememberPxe } from './pxeData.ts';
import type { Step, StepContext } from './types.ts';

/** Sets the boot device to the network and power cycles, by the method that this model is known for. */
export const START_RAMDISK: Step = {
  name: 'start_ramdisk',
  title: 'Powering on from the network',
  async run(context) {
    const { driver, node } = await context.machine();
    const { database } = context.services;
    const habit = await findBootHabit(database, driver.name, node.model ?? '');
    await startByNext(context, methodsFor(driver, habit?.method), []);
  },
};

/**
 * Starts the machine by the first method that was not tried and that the machine takes.
 * @returns the method; `undefined` when all were tried
 * @throws IronpxeError DRIVER_BOOT_DEVICE when the machine took none of them at all
 */
export async function startByNext(
  context: StepContext,
  methods: readonly BootMethod[],
  tried: readonly string[],
): Promise<BootMethod | undefined> {
  const skipped: string[] = [];
  for (const method of methods.filter(({ name }) => !tried.includes(name))) {
    const started = await bootBy(context, method);
    if (started === undefined) {
      skipped.push(method.name);
      continue;
    }
    await rememberPxe(context, { ...started, tried: [...tried, ...skipped, method.name] });
    return method;
  }
  if (tried.length > 0) return undefined;
  throw new IronpxeError(
    'DRIVER_BOOT_DEVICE',
    `Node ${context.nodeUuid}: the machine cannot be set to boot from the network.`,
  );
}
