import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import { listPorts } from '../../store/ports.ts';
import type { JsonObject } from '../../store/types.ts';
import type { StepContext } from '../steps/types.ts';
import { rememberAgent } from './data.ts';
import { nodeForm, portForm } from './nodeForm.ts';
import { ask } from './work.ts';

/** In which of the agent's lists of steps an operation looks. */
export type StepKind = 'clean' | 'deploy' | 'service';

const agentStep = z.looseObject({
  interface: z.string(),
  step: z.string(),
  priority: z.number().default(0),
  reboot_requested: z.boolean().default(false),
});

/** A step that an agent offers; hardware managers add fields of their own. */
export type AgentStep = z.output<typeof agentStep>;

const answer = z.looseObject({
  clean_steps: z.record(z.string(), z.array(agentStep)).optional(),
  deploy_steps: z.record(z.string(), z.array(agentStep)).optional(),
  service_steps: z.record(z.string(), z.array(agentStep)).optional(),
  hardware_manager_version: z.record(z.string(), z.unknown()).default({}),
});

/** Which list the verb of an operation goes by. */
export function stepKind({ verb }: Pick<StepContext, 'verb'>): StepKind {
  if (verb === 'service') return verb;
  return verb === 'deploy' || verb === 'rebuild' ? 'deploy' : 'clean';
}

/** What goes with every command about steps. */
export async function stepParams(context: StepContext): Promise<JsonObject> {
  const { database } = context.services;
  const ports = await listPorts(database, { nodeUuid: context.nodeUuid });
  return { node: nodeForm(await context.node()), ports: ports.map(portForm) };
}

/**
 * The steps that the agent offers; the versions of its hardware managers are kept, because they
 * must be the same when a step runs. @throws IronpxeError AGENT_*
 */
export async function offeredSteps(context: StepContext): Promise<readonly AgentStep[]> {
  const kind = stepKind(context);
  const found = await ask(context, `${kind}.get_${kind}_steps`, await stepParams(context));
  const { success, data, error } = answer.safeParse(found);
  if (!success)
    throw new IronpxeError(
      'AGENT_REFUSED',
      `The agent gave a list of steps of another form: ${error.issues[0]?.path.join('/')}: ${error.issues[0]?.message}.`,
    );
  await rememberAgent(context, { agentVersions: data.hardware_manager_version });
  return Object.values(data[`${kind}_steps`] ?? {}).flat();
}

/** The priorities that the configuration sets in place of the agent's own, by name. */
export type Priorities = Readonly<Record<string, number>>;

/** The steps that are done without being asked for, the highest priority first. */
export function automaticSteps(
  offered: readonly AgentStep[],
  priorities: Priorities,
): readonly AgentStep[] {
  return offered
    .map((one) => ({ ...one, priority: priorities[nameOf(one)] ?? one.priority }))
    .filter(({ priority }) => priority > 0)
    .toSorted((a, b) => b.priority - a.priority);
}

/** The step that was asked for, as the agent offers it. @throws IronpxeError STEP_UNKNOWN */
export function findAgentStep(
  offered: readonly AgentStep[],
  asked: Pick<AgentStep, 'interface' | 'step'>,
): AgentStep {
  const found = offered.find((one) => nameOf(one) === nameOf(asked));
  if (found !== undefined) return found;
  throw new IronpxeError(
    'STEP_UNKNOWN',
    `The agent does not offer the step ${nameOf(asked)}; there are: ${offered.map(nameOf).join(', ') || 'none'}.`,
  );
}

/** `deploy.erase_devices` */
export function nameOf(one: Pick<AgentStep, 'interface' | 'step'>): string {
  return `${one.interface}.${one.step}`;
}
