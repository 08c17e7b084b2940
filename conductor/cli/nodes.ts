import { hasCode, IronpxeError } from '../errors/error.ts';
import type { JsonObject } from './json.ts';
import type { ApiClient } from './client.ts';

/** A node as the API shows it, as far as the commands look at it. */
export type WireNode = JsonObject & {
  readonly uuid: string;
  readonly name: string | null;
  readonly driver: string;
  readonly provision_state: string;
  readonly target_provision_state: string | null;
  readonly power_state: string | null;
  readonly target_power_state: string | null;
  readonly last_error: string | null;
  readonly maintenance: boolean;
};

/** A port as the API shows it. */
export type WirePort = JsonObject & {
  readonly uuid: string;
  readonly address: string;
  readonly node_uuid: string;
};

/** The path of a node, with what names it quoted. */
export function nodePath(ident: string): string {
  return `/v1/nodes/${encodeURIComponent(ident)}`;
}

/** Reads a node. @throws IronpxeError NODE_NOT_FOUND that suggests names like it */
export async function readNode(client: ApiClient, ident: string): Promise<WireNode> {
  try {
    return (await client.get(nodePath(ident))) as WireNode;
  } catch (error) {
    if (!hasCode(error, 'NODE_NOT_FOUND')) throw error;
    const near = await nearNames(client, ident);
    const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
    throw new IronpxeError('NODE_NOT_FOUND', `${error.message}${hint}`, { cause: error });
  }
}

/** Reads a node; `undefined` when there is none of this name. */
export async function findNode(client: ApiClient, ident: string): Promise<WireNode | undefined> {
  try {
    return (await client.get(nodePath(ident))) as WireNode;
  } catch (error) {
    if (hasCode(error, 'NODE_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** The ports of a node. */
export async function readPorts(client: ApiClient, ident: string): Promise<WirePort[]> {
  return (await client.get(`${nodePath(ident)}/ports/detail`)).ports as WirePort[];
}

/** All items of a list, page after page. */
export async function readAll(
  client: ApiClient,
  path: string,
  name: string,
): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: JsonObject = await client.get(next);
    items.push(...(page[name] as JsonObject[]));
    const url: unknown = page.next;
    next = typeof url === 'string' ? url.replace(/^[a-z]+:\/\/[^/]+/, '') : undefined;
  }
  return items;
}

const MAX_SUGGESTIONS = 3;

async function nearNames(client: ApiClient, ident: string): Promise<string[]> {
  const nodes = await readAll(client, '/v1/nodes?include_children=true', 'nodes');
  return nearest(
    ident,
    nodes.map((node) => String(node.name ?? node.uuid)),
  );
}

/** Those of `names` that `wanted` may have been meant to be, the likeliest first. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, distance: distance(name.toLowerCase(), wanted.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= Math.max(2, wanted.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

/** How many letters differ (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries())
      next.push(
        Math.min(
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          (row[j] ?? 0) + Number(letter !== other),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
