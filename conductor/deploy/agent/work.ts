import { setTimeout as delay } from 'node:timers/promises';
import { explain, hasCode, IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';
import { whileWaiting } from '../steps/whileWaiting.ts';
import type { StepContext } from '../steps/types.ts';
import {
  type AgentCommand,
  askAgent,
  isNamed,
  isRunning,
  listCommands,
  resultOf,
  sendCommand,
  showCommand,
} from './commands.ts';
import { type AgentData, recallAgent, rememberAgent } from './data.ts';
import { type AgentSession, agentSession } from './session.ts';

/** The agent reports when a command has ended; this is for reports that were lost. */
const LOOK_EVERY_MS = 2000;

/** The agent of the node. @throws IronpxeError AGENT_FORGOT_US when none reported in this boot */
export async function agentOf(context: StepContext): Promise<AgentSession> {
  const session = agentSession(await context.node());
  if (session !== undefined) return session;
  throw new IronpxeError(
    'AGENT_FORGOT_US',
    `Node ${context.nodeUuid} was switched in the meantime: no agent reported since.`,
  );
}

/**
 * Asks the agent for what it answers at once, again while it cannot be reached.
 * @throws IronpxeError AGENT_*
 */
export async function ask(
  context: StepContext,
  name: string,
  params: JsonObject = {},
): Promise<JsonObject> {
  const session = await agentOf(context);
  return whileSilent(context, () => askAgent(session, name, params, callOf(context)));
}

/** Gives the agent one command and waits neither for its end nor for an agent that is silent. */
export async function tell(context: StepContext, name: string): Promise<void> {
  const command = { name, params: {}, wait: false };
  await sendCommand(await agentOf(context), command, callOf(context));
}

/** A long piece of the agent's work. */
export type Work = {
  /** `standby.prepare_image` */
  readonly name: string;
  readonly params: JsonObject;
  /** What tells it from other work of the same name in this operation. */
  readonly key: string;
};

/**
 * Has the agent work in the wait state, where users may abort it. A restarted conductor waits for
 * what it began, and does not begin it twice.
 * @throws IronpxeError AGENT_COMMAND_FAILED, AGENT_TIMEOUT, AGENT_*
 */
export async function haveDone(context: StepContext, work: Work): Promise<JsonObject> {
  const session = await agentOf(context);
  const done = await whileWaiting(context, async () => {
    const { id, deadlineMs } = await begin(context, session, work);
    return follow(context, session, { name: work.name, id, deadlineMs });
  });
  await rememberAgent(context, { agentCommand: undefined });
  return resultOf(session, work.name, done);
}

type Begun = { readonly id: string; readonly deadlineMs: number };

async function begin(context: StepContext, session: AgentSession, work: Work): Promise<Begun> {
  const note = await noteOf(context, session, work);
  const { deadlineMs } = note;
  const id = note.id ?? (await given(context, session, work, note));
  await rememberAgent(context, { agentCommand: { ...note, id } });
  return { id, deadlineMs };
}

type Note = NonNullable<AgentData['agentCommand']>;

/** What is journaled before the command is given. */
async function noteOf(context: StepContext, session: AgentSession, { key }: Work): Promise<Note> {
  const { agentCommand: known } = await recallAgent(context);
  if (known?.key === key) return known;
  const commands = await whileSilent(context, () => listCommands(session, callOf(context)));
  const { work_timeout_seconds: timeoutSeconds } = context.services.config.agent;
  const before = commands.map(({ id }) => id);
  const note = { key, before, deadlineMs: Date.now() + timeoutSeconds * 1000 };
  await rememberAgent(context, { agentCommand: note });
  return note;
}

/** Gives the command, unless the agent has it already: a request may arrive and its answer not. */
async function given(
  context: StepContext,
  session: AgentSession,
  { name, params }: Work,
  { before }: Note,
): Promise<string> {
  const call = callOf(context);
  return whileSilent(context, async () => {
    const commands = await listCommands(session, call);
    const ours = commands.find((one) => !before.includes(one.id) && isNamed(one, name));
    return (ours ?? (await sendCommand(session, { name, params, wait: false }, call))).id;
  });
}

/** Waits for the end of a command. */
async function follow(
  context: StepContext,
  session: AgentSession,
  { name, id, deadlineMs }: Begun & { readonly name: string },
): Promise<AgentCommand> {
  while (Date.now() < deadlineMs) {
    const found = await whileSilent(context, () => showCommand(session, id, callOf(context)));
    if (!isRunning(found)) return found;
    const lookAgainMs = Math.min(deadlineMs, Date.now() + LOOK_EVERY_MS);
    await nextReport(context, lookAgainMs);
  }
  throw new IronpxeError(
    'AGENT_TIMEOUT',
    `${name} on the agent at ${session.url} was not done within ${context.services.config.agent.work_timeout_seconds} s.`,
  );
}

/** Settles when the agent reports, at `untilMs` at the latest. */
async function nextReport(context: StepContext, untilMs: number): Promise<void> {
  let looks = 0;
  await context.until(async () => (looks++ > 0 ? true : undefined), untilMs);
}

/**
 * Tries again while the agent does not answer or has its hands full, for as long as the
 * configuration lets it be silent.
 */
async function whileSilent<T>(context: StepContext, attempt: () => Promise<T>): Promise<T> {
  const { silence_timeout_seconds: seconds } = context.services.config.agent;
  const giveUpAtMs = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!hasCode(error, 'AGENT_UNREACHABLE', 'AGENT_BUSY')) throw error;
      if (Date.now() >= giveUpAtMs) throw silent(error, seconds);
      await delay(LOOK_EVERY_MS, undefined, { signal: context.signal });
    }
  }
}

function silent(cause: IronpxeError, seconds: number): IronpxeError {
  const message = `${explain(cause)} (for ${seconds} s)`;
  return hasCode(cause, 'AGENT_BUSY')
    ? cause
    : new IronpxeError('AGENT_UNREACHABLE', message.replace(/^AGENT_UNREACHABLE: /, ''), { cause });
}

function callOf({ signal, services }: StepContext) {
  return { signal, timeoutMs: services.config.agent.command_timeout_seconds * 1000 };
}
