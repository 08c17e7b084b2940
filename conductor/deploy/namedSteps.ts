import { IronpxeError } from '../errors/error.ts';
import type { JsonObject } from '../store/types.ts';
import type { AskedStep } from './conductor.ts';
import type { OfferedStep, PlannedStep, Step } from './steps/types.ts';

/** A step that a user named, found among those that are offered. */
export type FoundStep = { readonly step: OfferedStep; readonly shown: JsonObject };

/** What stands around the steps that users name. */
export type StepFrame = {
  /** What the machine can be asked to do. */
  readonly offered: readonly OfferedStep[];
  /** Boots the ramdisk, where a step needs it. */
  readonly before: readonly Step[];
  /** Ends what `before` began. */
  readonly after: readonly Step[];
};

/**
 * The steps that were asked for, in that order; the frame around them where one needs the ramdisk.
 * @throws IronpxeError STEP_UNKNOWN, STEP_INVALID
 */
export function planNamed(
  { offered, before, after }: StepFrame,
  asked: readonly AskedStep[],
): readonly PlannedStep[] {
  const found = asked.map((step) => findStep(offered, step));
  if (!found.some(({ step }) => step.inBand)) return found;
  return [...unnamed(before), ...found, ...unnamed(after)];
}

/** Steps that users do not see as such. */
export function unnamed(steps: readonly Step[]): readonly PlannedStep[] {
  return steps.map((step) => ({ step, shown: null }));
}

/**
 * Finds a step that a user named and checks what it is given. Of two steps of one name that which
 * takes the arguments is meant.
 * @throws IronpxeError STEP_UNKNOWN, STEP_INVALID
 */
export function findStep(offered: readonly OfferedStep[], asked: AskedStep): FoundStep {
  const { args = {} } = asked;
  const named = offered.filter((one) => isNamed(one, asked));
  const step = named.find((one) => wrongArgs(one, args) === undefined) ?? named[0];
  if (step === undefined) {
    const known = offered.map(({ name }) => name).join(', ') || 'none';
    throw new IronpxeError(
      'STEP_UNKNOWN',
      `The node does not support the step ${asked.interface}.${asked.step}; there are: ${known}.`,
    );
  }
  const wrong = wrongArgs(step, args);
  if (wrong !== undefined) throw new IronpxeError('STEP_INVALID', wrong);
  step.check?.(args);
  return { step, shown: shownStep(asked, asked.priority ?? 0, asked.args) };
}

function isNamed(one: OfferedStep, asked: AskedStep): boolean {
  return one.step === asked.step && (one.reserved === true || one.interface === asked.interface);
}

function wrongArgs(step: OfferedStep, args: JsonObject): string | undefined {
  const missing = Object.entries(step.args).find(
    ([name, { required }]) => required && args[name] === undefined,
  );
  if (missing !== undefined) return `${step.name} needs the argument ${missing[0]}.`;
  const unknown = Object.keys(args).find((name) => !Object.hasOwn(step.args, name));
  if (unknown === undefined) return undefined;
  const known = Object.keys(step.args).join(', ') || 'none';
  return `${step.name} has no argument ${unknown}; its arguments are: ${known}.`;
}

/** A step as Ironic shows it in `clean_step`, `deploy_step` and `service_step`. */
export function shownStep(
  { interface: kind, step }: Pick<OfferedStep, 'interface' | 'step'>,
  priority: number,
  args?: JsonObject,
): JsonObject {
  return { interface: kind, step, priority, abortable: true, ...(args && { args }) };
}
