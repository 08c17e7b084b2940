import { listSteps } from '../../store/operations.ts';
import type { JsonObject } from '../../store/types.ts';
import { recallAgent, rememberAgent } from '../agent/data.ts';
import {
  type AgentStep,
  automaticSteps,
  findAgentStep,
  nameOf,
  offeredSteps,
  stepKind,
  stepParams,
} from '../agent/steps.ts';
import { haveDone } from '../agent/work.ts';
import type { AskedStep } from '../conductor.ts';
import { runningStep, stepIndex, stepPatch } from '../outcome.ts';
import { comeBack, rebootAgent } from './agentBoot.ts';
import type { OfferedStep, Step, StepContext } from './types.ts';

/** A step of the agent that a user asked for; what it is stands on the node while it runs. */
export const AGENT_STEP: Step = {
  name: 'agent_step',
  title: 'Having the agent work',
  async run(context) {
    const node = await context.node();
    const asked = runningStep(node);
    await comeBack(context);
    const offered = findAgentStep(await offeredSteps(context), toAsked(asked));
    const key = `asked ${String(stepIndex(node))}`;
    await carryOut(context, { ...offered, args: asked['args'] ?? {} }, key);
  },
};

/** What a user asked for, as an offered step: only the agent can tell whether it has it. */
export function asOffered(asked: AskedStep): OfferedStep {
  const args = Object.keys(asked.args ?? {}).map((name) => [name, { what: '', required: false }]);
  return {
    ...AGENT_STEP,
    interface: asked.interface,
    step: asked.step,
    args: Object.fromEntries(args),
    inBand: true,
  };
}

/** Looks whether the agent has all steps that were asked for, before the first one runs. */
export const CHECK_AGENT_STEPS: Step = {
  name: 'check_agent_steps',
  title: 'Asking the agent for its steps',
  async run(context) {
    const journal = await listSteps(context.services.database, context.operationUuid);
    const asked = journal.filter(({ name }) => name === AGENT_STEP.name);
    if (asked.length === 0) return;
    const offered = await offeredSteps(context);
    for (const { shown } of asked) findAgentStep(offered, toAsked(shown));
  },
};

/** The agent's own steps of a priority above 0, in a deploy or an automated cleaning. */
export const AUTOMATIC_AGENT_STEPS: Step = {
  name: 'automatic_agent_steps',
  title: "Having the agent do its hardware's steps",
  async run(context) {
    for (;;) {
      const { agentSteps = await chosen(context), agentStepsDone } = await recallAgent(context);
      const step = agentSteps[agentStepsDone];
      if (step === undefined) return;
      await show(context, step, agentStepsDone);
      await carryOut(context, step, `automatic ${agentStepsDone}`);
      await rememberAgent(context, { agentStepsDone: agentStepsDone + 1 });
    }
  },
};

/** Chosen once: an agent that is booted anew in between could list them otherwise. */
async function chosen(context: StepContext): Promise<JsonObject[]> {
  const { clean } = context.services.config;
  const priorities = {
    'deploy.erase_devices_metadata': clean.metadata_priority,
    'deploy.erase_devices': clean.erase_priority,
  };
  const offered = await offeredSteps(context);
  const agentSteps = [...automaticSteps(offered, stepKind(context) === 'clean' ? priorities : {})];
  await rememberAgent(context, { agentSteps, agentStepsDone: 0 });
  return agentSteps;
}

async function show(context: StepContext, step: JsonObject, index: number): Promise<void> {
  const shown = { ...toAsked(step), priority: step['priority'], abortable: true };
  await context.updateNode(stepPatch(await context.node(), shown, index));
}

async function carryOut(context: StepContext, step: JsonObject, key: string): Promise<void> {
  const kind = stepKind(context);
  const { agentVersions = {} } = await recallAgent(context);
  await haveDone(context, {
    name: `${kind}.execute_${kind}_step`,
    key,
    params: { ...(await stepParams(context)), step, [`${kind}_version`]: agentVersions },
  });
  await context.observe('agent.step', `${nameOf(toAsked(step))} is done`, toAsked(step));
  if (step['reboot_requested'] === true) await rebootAgent(context);
}

function toAsked(step: JsonObject | null): Pick<AgentStep, 'interface' | 'step'> {
  return { interface: String(step?.['interface']), step: String(step?.['step']) };
}
