import { z } from 'zod';
import type { PowerTarget } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import { STATES, verbsFrom } from '../../states/index.ts';
import type { JsonObject, Node } from '../../store/types.ts';
import { stepIndex } from '../outcome.ts';
import { switchPower } from '../power.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import type { OfferedStep, StepContext } from './types.ts';
import { whileWaiting } from './whileWaiting.ts';
import { withRamdisk } from './withRamdisk.ts';

/** What reserved steps of an operation remember; `place` is theirs among the steps of users. */
const memory = z.object({
  /** The hold that somebody ended. */
  releasedPlace: z.string().optional(),
  wait: z.object({ place: z.string(), untilMs: z.number() }).optional(),
});

type Extra = Partial<Pick<OfferedStep, 'args' | 'inBand' | 'switchesPower' | 'check'>>;

/** A step of this name, whatever interface users name it with. */
export function reservedStep(
  step: string,
  title: string,
  run: OfferedStep['run'],
  extra: Extra = {},
) {
  const name = `power.${step}`;
  const usual = { interface: 'power', args: {}, inBand: false, reserved: true } as const;
  return { ...usual, name, step, title, run, ...extra } satisfies OfferedStep;
}

/** Stops until somebody asks for `unhold`; nothing is waited for meanwhile, and nothing expires. */
const HOLD = reservedStep('hold', 'Held until somebody says go on', async (context) => {
  const place = placeOf(await context.node());
  const { releasedPlace } = memory.parse(await context.recall());
  try {
    if (releasedPlace !== place) await untilReleased(context, place);
  } finally {
    if (!context.signal.aborted) await goOn(context);
  }
});

/** A conductor that was killed comes here in any of the states, and holds once. */
async function untilReleased(context: StepContext, place: string): Promise<void> {
  if (!isWaiting(await context.node())) await context.changeState('hold');
  const look = async () => (isHeld(await context.node()) ? undefined : true);
  await context.unlocked(() => context.until(look, Infinity));
  await context.remember({ releasedPlace: place });
}

/** Back to work: by itself only after an error, which fails from there. */
async function goOn(context: StepContext): Promise<void> {
  if (isHeld(await context.node())) await context.changeState('unhold');
  if (isWaiting(await context.node())) await context.changeState('resume');
}

function isWaiting({ provisionState }: Node): boolean {
  return STATES[provisionState].kind === 'waiting';
}

function isHeld({ provisionState }: Node): boolean {
  return verbsFrom(provisionState).includes('unhold');
}

function placeOf(node: Node): string {
  return String(stepIndex(node));
}

function power(step: string, title: string, target: PowerTarget): OfferedStep {
  return reservedStep(step, title, (context) => switchMachine(context, target), {
    switchesPower: true,
  });
}

/** A ramdisk that ran is gone then: whoever needs it next boots it again, unless it came by itself. */
async function switchMachine(context: StepContext, target: PowerTarget): Promise<void> {
  const before = (await recallDeploy(context)).callback;
  await switchPower(context, target);
  if (target === 'power on' || before === undefined) return;
  const now = (await recallDeploy(context)).callback;
  if (now?.nonces?.ramdisk === before.nonces?.ramdisk)
    await rememberDeploy(context, { callback: undefined, callbackDeadlineMs: undefined });
}

/** Waits so long and no longer, however often the conductor is restarted. */
const WAIT = reservedStep(
  'wait',
  'Waiting as long as was asked for',
  (context) =>
    whileWaiting(context, async () => {
      await context.until(async () => undefined, await waitDeadline(context));
    }),
  {
    args: { seconds: { what: 'How long, in whole seconds.', required: true } },
    check: (args) => void readSeconds(args),
  },
);

async function waitDeadline(context: StepContext): Promise<number> {
  const place = placeOf(await context.node());
  const { wait } = memory.parse(await context.recall());
  if (wait?.place === place) return wait.untilMs;
  const untilMs = Date.now() + readSeconds(context.args) * 1000;
  await context.remember({ wait: { place, untilMs } });
  return untilMs;
}

const seconds = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);

function readSeconds(args: Readonly<JsonObject>): number {
  const parsed = seconds.pipe(z.int().min(0)).safeParse(args['seconds']);
  if (parsed.success) return parsed.data;
  throw new IronpxeError(
    'STEP_INVALID',
    `wait: found seconds ${JSON.stringify(args['seconds'])}, expected a whole number from 0 up.`,
  );
}

/**
 * Ironic's steps that the conductor itself carries out, on every node. Users name them with whatever
 * interface they like.
 */
export const RESERVED_STEPS: readonly OfferedStep[] = [
  HOLD,
  power('power_on', 'Powering on, as was asked for', 'power on'),
  power('power_off', 'Powering off, as was asked for', 'power off'),
  power('reboot', 'Rebooting, as was asked for', 'rebooting'),
  WAIT,
];

/** `wait` without a time: until the deploy ramdisk answers, booted again where it is gone. */
export const WAIT_FOR_RAMDISK: OfferedStep = {
  ...reservedStep('wait', 'Waiting for a sign of the ramdisk', async (context) => {
    await withRamdisk(context, (ramdisk, signal) => ramdisk.inventory({ signal }));
  }),
  name: 'power.wait_for_ramdisk',
  inBand: true,
};
