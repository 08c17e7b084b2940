import type { Config } from '../../config/schema.ts';
import type { Node } from '../../store/types.ts';
import type { AskedStep, ProvisionOptions } from '../conductor.ts';
import { planNamed, type StepFrame } from '../namedSteps.ts';
import type { PlannedStep } from '../steps/types.ts';

/** What stands around the steps of a cleaning; `after` leaves the machine off. */
export type CleaningFrame = StepFrame & {
  /** How often each is done without being asked, by name; the highest priority first. */
  readonly automated: (config: Config) => Readonly<Record<string, number>>;
};

/** Whether a node is cleaned when nobody asked for it. */
export function isCleanedAutomatically(node: Node, config: Config): boolean {
  return node.automatedClean ?? config.clean.automated;
}

/** The steps of `provide` and of the end of an undeploy; none when it is switched off. */
export function planAutomatedClean(
  frame: CleaningFrame,
  node: Node,
  config: Config,
): readonly PlannedStep[] {
  if (!isCleanedAutomatically(node, config)) return [];
  return planNamed(frame, automatedSteps(frame, config));
}

function automatedSteps(frame: CleaningFrame, config: Config): readonly AskedStep[] {
  const priorities = frame.automated(config);
  return frame.offered
    .map((step) => ({
      interface: step.interface,
      step: step.step,
      priority: priorities[step.name] ?? 0,
    }))
    .filter(({ priority }) => priority > 0)
    .toSorted((a, b) => b.priority - a.priority);
}

/**
 * The steps of `clean`, in the order in which they were asked for.
 * @throws IronpxeError STEP_UNKNOWN, STEP_INVALID
 */
export function planManualClean(
  frame: CleaningFrame,
  { cleanSteps = [], disableRamdisk = false }: ProvisionOptions,
): readonly PlannedStep[] {
  const offered = frame.offered.filter(({ inBand }) => !(inBand && disableRamdisk));
  return planNamed({ ...frame, offered }, cleanSteps);
}
