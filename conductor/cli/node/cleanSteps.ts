import { IronpxeError } from '../../errors/error.ts';
import type { Invocation } from '../command.ts';
import { readText } from './common.ts';

/** A step as the API takes it. */
type WireStep = { readonly interface: string; readonly step: string };

const DEFAULT = 'deploy.erase_devices_metadata';

/** The clean steps of `--step` and `--steps`. @throws IronpxeError CLI_USAGE */
export async function readSteps(invocation: Invocation): Promise<readonly unknown[]> {
  const json = invocation.text('steps');
  const named = invocation.list('step');
  if (json === undefined) return (named.length > 0 ? named : [DEFAULT]).map(toStep);
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
