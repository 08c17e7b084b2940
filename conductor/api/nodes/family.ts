import { IronpxeError } from '../../errors/error.ts';
import { findNode, listChildren } from '../../store/nodes.ts';
import type { Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { nodeOfPath } from './ident.ts';

/** `GET /v1/nodes/{ident}/children` */
export async function showChildren(call: Call): Promise<Answer> {
  const { uuid } = await nodeOfPath(call);
  const project = call.access?.narrowedTo;
  const children = (await listChildren(call.database, uuid)).filter(
    ({ owner, lessee }) => project === undefined || [owner, lessee].includes(project),
  );
  const href = `${call.baseUrl}/v1/nodes?parent_node=${uuid}`;
  return {
    status: 200,
    body: { children: children.map((child) => child.uuid), links: { href, rel: 'children' } },
  };
}

/**
 * The UUID of the node that `ident` names as the parent of another. What the caller may not see,
 * and what another project owns, is answered as if it were not there.
 * @throws IronpxeError INVALID_REQUEST
 */
export async function parentFor(
  call: Call,
  ident: string,
  child: Pick<Node, 'uuid' | 'owner'>,
): Promise<string> {
  const parent = await findNode(call.database, ident);
  const isSeen =
    parent !== undefined && call.access?.permits('baremetal:node:get', parent) !== false;
  if (!isSeen || parent.owner !== child.owner)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Unable to apply the requested parent_node '${ident}': no node of the same owner has this UUID or name.`,
    );
  await refuseCircle(call, parent, child);
  return parent.uuid;
}

/** Switching a machine on asks for its parents to be on first, which must come to an end. */
async function refuseCircle(call: Call, parent: Node, child: Pick<Node, 'uuid'>): Promise<void> {
  let above: Node | undefined = parent;
  while (above !== undefined && above.uuid !== child.uuid)
    above = above.parentNode === null ? undefined : await findNode(call.database, above.parentNode);
  if (above === undefined) return;
  throw new IronpxeError(
    'INVALID_REQUEST',
    `Unable to apply the requested parent_node '${parent.uuid}': it is node ${child.uuid} itself, or one of its descendants.`,
  );
}
