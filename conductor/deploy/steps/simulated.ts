import type { SimulatedPart } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';
import { enterNetworks, leaveNetworks } from './networks.ts';
import type { OfferedStep, Step, StepContext } from './types.ts';
import { callBackDeadline } from './waitCallBack.ts';
import { whileWaiting } from './whileWaiting.ts';

/** Takes as long as a part of the machine would, if there were a machine. */
async function simulate(context: StepContext, part: SimulatedPart): Promise<void> {
  const { driver, node } = await context.machine();
  if (driver.simulate === undefined)
    throw new Error(`The driver ${driver.name} has a machine behind it.`);
  await driver.simulate(node, part, { signal: context.signal });
}

/** A step that only takes its time, in the wait state, where users may abort it. */
function waiting(name: string, title: string, part: SimulatedPart): Step {
  return {
    name,
    title,
    run: (context) => whileWaiting(context, () => simulate(context, part)),
  };
}

/** A step that only takes its time, in a state that has no wait state. */
function working(name: string, title: string, part: SimulatedPart): Step {
  return { name, title, run: (context) => simulate(context, part) };
}

/** Networks are not pretended: Neutron has no need of a machine. */
export const SIMULATE_DEPLOY: Step = {
  name: 'simulate_deploy',
  title: 'Pretending to deploy',
  async run(context) {
    await enterNetworks(context, 'instance');
    await whileWaiting(context, () => simulate(context, 'deploy'));
  },
};
export const SIMULATE_TEAR_DOWN: Step = {
  name: 'simulate_tear_down',
  title: 'Pretending to undeploy',
  async run(context) {
    await simulate(context, 'deploy');
    await leaveNetworks(context);
  },
};
export const SIMULATE_ADOPT = working('simulate_adopt', 'Pretending to take over', 'boot');
export const SIMULATE_INSPECT = waiting('simulate_inspect', 'Pretending to inspect', 'inspect');
export const SIMULATE_RESCUE = waiting('simulate_rescue', 'Pretending to rescue', 'rescue');
export const SIMULATE_UNRESCUE = working(
  'simulate_unrescue',
  'Pretending to end the rescue',
  'rescue',
);

/** Where the settings of a BIOS that is not there stand in `driver_internal_info`: name → value. */
export const FAKE_BIOS_KEY = 'fake_bios_settings';

/** The steps of Ironic's fake-hardware that users can name: BIOS settings that are only noted. */
export const SIMULATED_STEPS: readonly OfferedStep[] = [
  bios('apply_configuration', 'Pretending to set up the BIOS', (context, settings) => ({
    ...settings,
    ...readSettings(context.args['settings']),
  })),
  bios('factory_reset', 'Pretending to reset the BIOS', () => ({})),
  bios('cache_bios_settings', 'Pretending to read the BIOS', (_, settings) => settings),
];

function bios(
  step: string,
  title: string,
  change: (context: StepContext, settings: JsonObject) => JsonObject,
): OfferedStep {
  const settings = {
    what: 'List of BIOS settings, each an object with name and value.',
    required: true,
  };
  return {
    name: `bios.${step}`,
    interface: 'bios',
    step,
    title,
    args: step === 'apply_configuration' ? { settings } : {},
    inBand: false,
    run: (context) =>
      whileWaiting(context, async () => {
        await simulate(context, 'bios');
        const { driverInternalInfo } = await context.node();
        const changed = change(context, { ...Object(driverInternalInfo[FAKE_BIOS_KEY]) });
        await context.updateNode({
          driverInternalInfo: { ...driverInternalInfo, [FAKE_BIOS_KEY]: changed },
        });
      }),
  };
}

/** Only cleanings have it, as in Ironic; there is no firmware that it could change. */
export const SIMULATED_FIRMWARE_UPDATE: OfferedStep = {
  name: 'firmware.update',
  interface: 'firmware',
  step: 'update',
  title: 'Pretending to update the firmware',
  args: { settings: { what: 'List of firmware components, each an object.', required: true } },
  inBand: false,
  run: (context) => whileWaiting(context, () => simulate(context, 'firmware')),
};

/** The service steps of Ironic's fake-hardware: one that ends, and one that waits for ever. */
export const SIMULATED_SERVICE_STEPS: readonly OfferedStep[] = [
  vendor('log_passthrough', 'Pretending to be serviced', (context) => simulate(context, 'vendor')),
  vendor('trigger_servicewait', 'Waiting for what never comes', async (context) => {
    await context.until(async () => undefined, await callBackDeadline(context));
    throw new IronpxeError(
      'CALLBACK_TIMEOUT',
      `Timeout reached while waiting for callback for node ${context.nodeUuid}.`,
    );
  }),
];

function vendor(
  step: string,
  title: string,
  work: (context: StepContext) => Promise<void>,
): OfferedStep {
  return {
    name: `vendor.${step}`,
    interface: 'vendor',
    step,
    title,
    args: {},
    inBand: false,
    run: (context) => whileWaiting(context, () => work(context)),
  };
}

function readSettings(settings: unknown): JsonObject {
  const rows = Array.isArray(settings) ? settings : [settings];
  return Object.fromEntries(
    rows.map((row: unknown) => {
      const { name, value } = { ...Object(row) } as JsonObject;
      if (typeof name === 'string' && value !== undefined) return [name, value];
      throw new IronpxeError(
        'STEP_INVALID',
        `settings: found ${JSON.stringify(row)}, expected an object with name and value.`,
      );
    }),
  );
}
