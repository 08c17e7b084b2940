import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';
import { sendToAgent, type AgentRequest } from './http.ts';
import type { AgentSession } from './session.ts';

const command = z.object({
  id: z.string(),
  /** With or without its extension: `standby.prepare_image`, `prepare_image`. */
  command_name: z.string(),
  command_status: z.string(),
  command_error: z.unknown(),
  command_result: z.unknown(),
});

/** A command as the agent keeps it. */
export type AgentCommand = z.output<typeof command>;

type Call = { readonly timeoutMs: number; readonly signal: AbortSignal };

/** The commands that the agent was given since it started, the oldest first. @throws AGENT_* */
export async function listCommands(session: AgentSession, call: Call): Promise<AgentCommand[]> {
  const list = z.object({ commands: z.array(command) });
  return read(session, list, { method: 'GET', path: '/v1/commands/' }, call).then(
    ({ commands }) => commands,
  );
}

/** @throws IronpxeError AGENT_FORGOT_US when it has no such command, AGENT_* */
export async function showCommand(
  session: AgentSession,
  id: string,
  call: Call,
): Promise<AgentCommand> {
  return read(session, command, { method: 'GET', path: `/v1/commands/${id}` }, call);
}

/** Gives the agent a command; `wait`: it answers when that has ended. @throws AGENT_* */
export async function sendCommand(
  session: AgentSession,
  { name, params, wait }: { name: string; params: JsonObject; wait: boolean },
  call: Call,
): Promise<AgentCommand> {
  return read(
    session,
    command,
    {
      method: 'POST',
      // Old agents know it only with the slash at the end.
      path: '/v1/commands/',
      query: { wait: String(wait) },
      json: { name, params },
    },
    call,
  );
}

/**
 * A command that ends at once.
 * @throws IronpxeError AGENT_COMMAND_FAILED, AGENT_*
 */
export async function askAgent(
  session: AgentSession,
  name: string,
  params: JsonObject,
  call: Call,
): Promise<JsonObject> {
  return resultOf(session, name, await sendCommand(session, { name, params, wait: true }, call));
}

/** Whether it is still under way. */
export function isRunning({ command_status: status }: AgentCommand): boolean {
  return status === 'RUNNING';
}

/** Whether the agent's command is that of `name` (`standby.prepare_image`). */
export function isNamed({ command_name: found }: AgentCommand, name: string): boolean {
  return found === name || found === name.slice(name.indexOf('.') + 1);
}

/** What a command that has ended gave. @throws IronpxeError AGENT_COMMAND_FAILED */
export function resultOf(session: AgentSession, name: string, found: AgentCommand): JsonObject {
  if (found.command_status === 'SUCCEEDED') return { ...Object(found.command_result) };
  throw new IronpxeError(
    'AGENT_COMMAND_FAILED',
    `${name} on the agent at ${session.url}: ${found.command_status}: ${reasonOf(found)}`.replace(
      /\.?$/,
      '.',
    ),
  );
}

const LONGEST_REASON = 2000;

/** The agent's errors are objects of type, code, message and details, or text. */
function reasonOf({ command_error: error }: AgentCommand): string {
  if (typeof error === 'string') return error.slice(0, LONGEST_REASON);
  const { type, message, details, error: inner } = { ...Object(error) } as JsonObject;
  const parts = [type, message, details, inner].filter(
    (part, index, all) => typeof part === 'string' && part !== '' && all.indexOf(part) === index,
  );
  return (parts.join(': ') || 'without a reason').slice(0, LONGEST_REASON);
}

async function read<T>(
  session: AgentSession,
  schema: z.ZodType<T>,
  request: AgentRequest,
  call: Call,
): Promise<T> {
  const body = await sendToAgent(session, request, call);
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const what = error.issues.map(({ path, message }) => `${path.join('/')}: ${message}`).join('; ');
  throw new IronpxeError(
    'AGENT_REFUSED',
    `The agent at ${session.url} gave an answer of another form: ${what}.`,
  );
}
