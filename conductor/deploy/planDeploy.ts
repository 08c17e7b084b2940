import { IronpxeError } from '../errors/error.ts';
import type { AskedStep } from './conductor.ts';
import { findStep, type FoundStep, shownStep } from './namedSteps.ts';
import type { OfferedStep, PlannedStep, Step } from './steps/types.ts';

/** A step of every deploy, with the core step of Ironic that it is part of. */
export type CoreStep = {
  readonly step: Step;
  readonly of: { readonly name: string; readonly priority: number };
};

/** Between these priorities the ramdisk runs and the disk is not written yet. */
const IN_BAND = { above: 80, below: 100 };
/** Between these the disk is written and nothing could boot the ramdisk again. */
const UNINTERRUPTED = { above: 20, upTo: 80 };

/**
 * The steps of a deploy: those of every deploy, and those that the user and the deploy templates of
 * the instance ask for, by priority. What the user asks for wins over a template; priority 0 leaves
 * a template's step out. @throws IronpxeError STEP_UNKNOWN, STEP_INVALID
 */
export function planDeploy(
  core: readonly CoreStep[],
  offered: readonly OfferedStep[],
  asked: { readonly byUser: readonly AskedStep[]; readonly byTemplates: readonly AskedStep[] },
): readonly PlannedStep[] {
  const isAsked = (step: AskedStep) => asked.byUser.some((own) => isSame(own, step));
  const wanted = [...asked.byUser, ...asked.byTemplates.filter((step) => !isAsked(step))];
  const extra = wanted
    .filter(({ priority = 0 }) => priority > 0)
    .map((step) => ({ ...checked(findStep(offered, step), step), priority: step.priority ?? 0 }));
  const usual = core.map(({ step, of: { name, priority } }) => ({
    step,
    shown: shownStep({ interface: 'deploy', step: name }, priority),
    priority,
  }));
  return [...usual, ...extra]
    .toSorted((a, b) => b.priority - a.priority)
    .map(({ step, shown }) => ({ step, shown }));
}

function isSame(a: AskedStep, b: AskedStep): boolean {
  return a.interface === b.interface && a.step === b.step;
}

/**
 * What works on the disk must do so before the image is on it, and the machine is not switched under
 * a deploy that is writing.
 */
function checked(found: FoundStep, { priority = 0 }: AskedStep): FoundStep {
  if (found.step.switchesPower && priority > UNINTERRUPTED.above && priority <= UNINTERRUPTED.upTo)
    throw new IronpxeError(
      'STEP_INVALID',
      `${found.step.name} has priority ${priority}: in a deploy the machine is not switched from writing the image until its system boots, which are the priorities ${UNINTERRUPTED.above + 1} to ${UNINTERRUPTED.upTo}.`,
    );
  if (!found.step.inBand || (priority > IN_BAND.above && priority < IN_BAND.below)) return found;
  throw new IronpxeError(
    'STEP_INVALID',
    `${found.step.name} has priority ${priority}: in a deploy it runs in the ramdisk before the image is written, which are the priorities ${IN_BAND.above + 1} to ${IN_BAND.below - 1}.`,
  );
}
