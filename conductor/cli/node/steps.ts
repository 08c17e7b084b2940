import { IronpxeError } from '../../errors/error.ts';
import type { Invocation, OptionRow } from '../command.ts';
import { readText } from './common.ts';

/** A step as the API takes it. */
type WireStep = { readonly interface: string; readonly step: string };

const DEFAULT = 'deploy.erase_devices_metadata';

/** The options by which steps are named. */
export const STEP_OPTIONS: Readonly<Record<string, OptionRow>> = {
  step: {
    value: 'INTERFACE.STEP',
    many: true,
    what: 'A step, such as deploy.verify_disk or power.hold.',
  },
  steps: { value: 'JSON', what: 'Steps with arguments as JSON, or @FILE.' },
};

/** The clean steps of `--step` and `--steps`. @throws IronpxeError CLI_USAGE */
export async function readCleanSteps(invocation: Invocation): Promise<readonly unknown[]> {
  return (await readSteps(invocation)) ?? [toStep(DEFAULT)];
}

/** The service steps of `--step` and `--steps`, which must name some. @throws IronpxeError CLI_USAGE */
export async function readServiceSteps(invocation: Invocation): Promise<readonly unknown[]> {
  const steps = await readSteps(invocation);
  if (steps !== undefined && steps.length > 0) return steps;
  throw new IronpxeError(
    'CLI_USAGE',
    'A service needs steps: --step deploy.verify_disk, or --steps with JSON.',
  );
}

async function readSteps(invocation: Invocation): Promise<readonly unknown[] | undefined> {
  const json = invocation.text('steps');
  const named = invocation.list('step');
  if (json === undefined) return named.length > 0 ? named.map(toStep) : undefined;
  if (named.length > 0)
    throw new IronpxeError('CLI_USAGE', '--step and --steps do not go together.');
  const text = json.startsWith('@') ? await readText(json.slice(1), 'steps') : json;
  const steps = parseList(text);
  if (steps !== undefined) return steps;
  throw new IronpxeError(
    'CLI_USAGE',
    '--steps: expected a JSON list such as [{"interface": "deploy", "step": "erase_devices"}].',
  );
}

function toStep(text: string): WireStep {
  const [, name, step] = /^(\w+)\.(\w+)$/.exec(text) ?? [];
  if (name !== undefined && step !== undefined) return { interface: name, step };
  throw new IronpxeError('CLI_USAGE', `--step ${text}: expected INTERFACE.STEP.`);
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
