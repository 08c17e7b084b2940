import { IronpxeError } from '../errors/error.ts';
import type { JsonObject } from '../store/types.ts';
import type { AskedStep } from './conductor.ts';
import type { OfferedStep } from './steps/types.ts';

/** A step that a user named, found among those that are offered. */
export type FoundStep = { readonly step: OfferedStep; readonly shown: JsonObject };

/**
 * Finds a step that a user named and checks what it is given.
 * @throws IronpxeError STEP_UNKNOWN, STEP_INVALID
 */
export function findStep(offered: readonly OfferedStep[], asked: AskedStep): FoundStep {
  const step = offered.find((one) => one.interface === asked.interface && one.step === asked.step);
  if (step === undefined) {
    const known = offered.map(({ name }) => name).join(', ') || 'none';
    throw new IronpxeError(
      'STEP_UNKNOWN',
      `The node does not support the step ${asked.interface}.${asked.step}; there are: ${known}.`,
    );
  }
  checkArgs(step, asked.args ?? {});
  return { step, shown: shownStep(step, asked.priority ?? 0, asked.args) };
}

function checkArgs(step: OfferedStep, args: JsonObject): void {
  const missing = Object.entries(step.args).find(
    ([name, { required }]) => required && args[name] === undefined,
  );
  if (missing !== undefined)
    throw new IronpxeError('STEP_INVALID', `${step.name} needs the argument ${missing[0]}.`);
  const unknown = Object.keys(args).find((name) => !Object.hasOwn(step.args, name));
  if (unknown === undefined) return;
  const known = Object.keys(step.args).join(', ') || 'none';
  throw new IronpxeError(
    'STEP_INVALID',
    `${step.name} has no argument ${unknown}; its arguments are: ${known}.`,
  );
}

/** A step as Ironic shows it in `clean_step` and `deploy_step`. */
export function shownStep(
  { interface: kind, step }: Pick<OfferedStep, 'interface' | 'step'>,
  priority: number,
  args?: JsonObject,
): JsonObject {
  return { interface: kind, step, priority, abortable: true, ...(args && { args }) };
}
