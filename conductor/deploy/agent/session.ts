import { readFileSync } from 'node:fs';
import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject, Node } from '../../store/types.ts';

/** How the agent (IPA) that a machine runs is reached, and what it knows us by. */
export type AgentSession = {
  readonly nodeUuid: string;
  /** Scheme and authority, such as `https://192.0.2.9:9999`. */
  readonly url: string;
  readonly token: string;
  readonly trust: AgentTrust;
};

/**
 * What the certificate of an agent is checked against: the one that it sent with its heartbeat
 * (`pinned`, PEM), those of a file, those of the system, or nothing.
 */
export type AgentTrust =
  | { readonly kind: 'pinned' | 'file'; readonly certificates: string }
  | { readonly kind: 'system' | 'none' };

/** What is known of an agent, by Ironic's names; it means nothing once the machine starts anew. */
const OF_THIS_BOOT = [
  'agent_secret_token',
  'agent_url',
  'agent_verify_ca',
  'agent_status',
  'agent_status_message',
] as const;

/** `driver_internal_info` without what was known of the agent of an earlier boot. */
export function withoutAgent(info: JsonObject): JsonObject {
  const gone: readonly string[] = OF_THIS_BOOT;
  return Object.fromEntries(Object.entries(info).filter(([key]) => !gone.includes(key)));
}

/**
 * The agent that reported for the node; `undefined` before it did.
 * @throws IronpxeError DEPLOY_PARAMETER_INVALID for a `driver_info/agent_verify_ca` of no use
 */
export function agentSession(node: Node): AgentSession | undefined {
  const { agent_url: url, agent_secret_token: token } = node.driverInternalInfo;
  if (typeof url !== 'string' || typeof token !== 'string') return undefined;
  return { nodeUuid: node.uuid, url: new URL(url).origin, token, trust: trustOf(node) };
}

/**
 * Checks the address under which an agent wants to be called.
 * @throws IronpxeError AGENT_URL_INVALID, AGENT_TLS_REQUIRED
 */
export function checkAgentUrl(text: string, { requireTls }: { requireTls: boolean }): void {
  const url = URL.parse(text);
  const isPlain =
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  if (!isPlain)
    throw new IronpxeError(
      'AGENT_URL_INVALID',
      `callback_url: found ${JSON.stringify(text.slice(0, 200))}, expected https://ADDRESS:PORT.`,
    );
  if (requireTls && url.protocol !== 'https:')
    throw new IronpxeError(
      'AGENT_TLS_REQUIRED',
      `TLS is required by configuration, but the agent at ${text} offers none.`,
    );
}

function trustOf({ driverInfo, driverInternalInfo }: Node): AgentTrust {
  const sent = driverInternalInfo['agent_verify_ca'];
  if (typeof sent === 'string') return { kind: 'pinned', certificates: sent };
  const set = driverInfo['agent_verify_ca'];
  if (set === undefined || set === true || isWord(set, 'true')) return { kind: 'system' };
  if (set === false || isWord(set, 'false')) return { kind: 'none' };
  return { kind: 'file', certificates: readCertificates(set) };
}

function isWord(value: unknown, word: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === word;
}

function readCertificates(path: unknown): string {
  try {
    return readFileSync(String(path), 'utf8');
  } catch (error) {
    throw new IronpxeError(
      'DEPLOY_PARAMETER_INVALID',
      `driver_info/agent_verify_ca: found ${JSON.stringify(path)}, expected true, false or the path of a readable file.`,
      { cause: error },
    );
  }
}
