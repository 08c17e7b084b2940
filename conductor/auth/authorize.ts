import { IronpxeError } from '../errors/error.ts';
import type { Database } from '../store/database.ts';
import type { Access } from './access.ts';
import { movedTo, rulesOfPatch } from './policy/nodePatch.ts';
import type { Target } from './policy/permits.ts';
import type { RoutePolicy } from './policy/routes.ts';
import type { RuleName } from './policy/rules.ts';
import { SUBJECTS } from './subjects.ts';

/** What of a request decides whether it is allowed. */
export type Asked = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
};

/**
 * Checks a request against the policy of its route and gives the access that it has.
 * @throws IronpxeError FORBIDDEN, or the `NOT_FOUND` of a subject that the caller may not see
 */
export async function authorize(
  database: Database,
  access: Access,
  policy: RoutePolicy,
  asked: Asked,
): Promise<Access> {
  const target = await targetOf(database, access, policy, asked);
  await checkMove(database, access, policy, asked);
  if (policy.rule === undefined) return access;
  const rules = policy.patchesNode ? rulesOfPatch(asked.body) : [policy.rule];
  const forbidden = rules.find((rule) => !access.permits(rule, target));
  if (forbidden === undefined) return access;
  return narrow(access, policy, asked, { target, forbidden });
}

/** Falls back on the rule that holds for the caller's own project. */
function narrow(
  access: Access,
  { narrowed }: RoutePolicy,
  { query }: Asked,
  { target, forbidden }: { readonly target: Target; readonly forbidden: RuleName },
): Access {
  const projectId = access.caller.project?.id;
  const own = query.owner === undefined || query.owner === projectId;
  if (narrowed === undefined || projectId === undefined || !own)
    throw forbiddenBy(forbidden, access);
  if (!access.permits(narrowed, target)) throw forbiddenBy(narrowed, access);
  return { ...access, narrowedTo: projectId };
}

function forbiddenBy(rule: RuleName, { caller }: Access): IronpxeError {
  const scope = caller.system ? 'the whole system' : `project ${caller.project?.name ?? '(none)'}`;
  return new IronpxeError(
    'FORBIDDEN',
    `Access was denied to the following resource: ${rule}. ${caller.userName} has ${caller.roles.join(', ') || 'no role'} in ${scope}.`,
  );
}

async function targetOf(
  database: Database,
  access: Access,
  { subject }: RoutePolicy,
  asked: Asked,
): Promise<Target> {
  if (subject === undefined) return {};
  const ident = identOf(subject.in, asked);
  if (ident === undefined) return {};
  const { find, seen, noun, notFound } = SUBJECTS[subject.kind];
  // What is not there is judged as if it belonged to nobody, so both look the same.
  const target = (await find(database, ident)) ?? {};
  const ownProject = access.caller.project !== undefined;
  if (!access.permits(seen, target) && ownProject)
    throw new IronpxeError(notFound, `${noun} ${ident} could not be found.`);
  return target;
}

function identOf(place: 'path' | 'query' | 'body', { params, query, body }: Asked) {
  const named = { path: Object.values(params)[0], query: askedNode(query), body: nodeOf(body) };
  const ident: unknown = named[place];
  return typeof ident === 'string' ? ident : undefined;
}

/** Two names for two nodes: then neither may stand for the other. */
function askedNode({ node, node_uuid: uuid }: Asked['query']): unknown {
  if (node !== undefined && uuid !== undefined && node !== uuid) return undefined;
  return node ?? uuid;
}

/** Allocations call it `node`. */
function nodeOf(body: unknown): unknown {
  const { node_uuid: uuid, node } = Object(body);
  return uuid ?? node;
}

/** A port that moves to another node needs the same rule there. */
async function checkMove(
  database: Database,
  access: Access,
  { subject, rule }: RoutePolicy,
  { body }: Asked,
): Promise<void> {
  const ident = movedTo(body);
  if (ident === undefined || rule === undefined) return;
  if (subject === undefined || subject.kind === 'node') return;
  const target = (await SUBJECTS.node.find(database, ident)) ?? {};
  if (!access.permits(rule, target)) throw forbiddenBy(rule, access);
}
