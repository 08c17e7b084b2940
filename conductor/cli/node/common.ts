import { readFile } from 'node:fs/promises';
import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../json.ts';
import type { Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { type FollowedNode, followOperation } from '../follow.ts';
import { nodePath } from '../nodes.ts';
import { openStageView } from '../view/stages.ts';

/** What many commands share in their help. */
export const NO_WAIT = {
  'no-wait': { what: 'Return once the conductor has begun; the work goes on there.' },
} as const;

/** The one argument that must be there. @throws IronpxeError CLI_USAGE */
export function requiredArg(invocation: Invocation, index: number, name: string): string {
  const value = invocation.args[index];
  if (value === undefined || value === '')
    throw new IronpxeError('CLI_USAGE', `${name} is missing.`);
  return value;
}

/** Reads `key=value` options; `@FILE` as a value stands for the file's content. */
export async function readPairs(
  pairs: readonly string[],
  option: string,
  convert: (text: string) => unknown = (text) => text,
): Promise<JsonObject> {
  const entries: [string, unknown][] = [];
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new IronpxeError('CLI_USAGE', `--${option} ${pair}: expected KEY=VALUE.`);
    const value = pair.slice(at + 1);
    const text = value.startsWith('@') ? await readText(value.slice(1), option) : value;
    entries.push([pair.slice(0, at), convert(text)]);
  }
  return Object.fromEntries(entries);
}

/** The text of a file that an option names. @throws IronpxeError CLI_USAGE */
export async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new IronpxeError('CLI_USAGE', `--${option}: ${path} cannot be read: ${message}.`, {
      cause: error,
    });
  }
}

/** Text that is JSON (a number, true, an object …) as what it means; other text as it is. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Asks for a provision target; `more` goes with it. */
export async function startVerb(
  invocation: Invocation,
  ident: string,
  target: string,
  more: JsonObject = {},
): Promise<void> {
  await invocation.client.send('PUT', `${nodePath(ident)}/states/provision`, { target, ...more });
}

/** Follows a node with a view of its stages (or, with --json, one JSON text per event). */
export async function watch(
  invocation: Invocation,
  ident: string,
  options: { readonly afterId: number; readonly until: (node: FollowedNode) => boolean },
): Promise<FollowedNode> {
  const { io, json, client } = invocation;
  const view = openStageView({ write: io.out, isTty: io.isTty, columns: io.columns });
  try {
    return await followOperation(client, ident, {
      ...options,
      signal: io.signal,
      onEvent: (event) => {
        if (json) io.out(`${JSON.stringify(event)}\n`);
        else view.show(event);
      },
    });
  } finally {
    view.end();
  }
}

/** Ends a command with the node's states: as JSON, or with `text`. */
export function finish(invocation: Invocation, node: FollowedNode, text: string): number {
  invocation.io.out(invocation.json ? `${JSON.stringify({ node })}\n` : `${text}\n`);
  return EXIT.ok.status;
}

/** Whether a step `hold` stopped the work until somebody says otherwise. */
export function isHeld({ provision_state: state }: FollowedNode): boolean {
  return state.endsWith(' hold');
}

/** What there is to do about a held node. */
export function heldText({ name, uuid, provision_state: state }: FollowedNode): string {
  const ident = name ?? uuid;
  return `${ident} is in state "${state}": "ironpxe node unhold ${ident}" goes on.`;
}

/** The error for a verb that ended badly. */
export function failedState(node: FollowedNode): IronpxeError {
  const reason = node.last_error ?? 'no reason was given';
  return new IronpxeError(
    'OPERATION_FAILED',
    `${node.name ?? node.uuid} is in state "${node.provision_state}": ${reason}`,
  );
}
