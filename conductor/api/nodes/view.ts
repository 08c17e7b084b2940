import { traitsOf } from '../../store/traits.ts';
import type { JsonObject, Node } from '../../store/types.ts';
import { render, visibleFields } from '../fields.ts';
import type { Call } from '../resource.ts';
import { NODE_SHAPE, type NodeView } from './shape.ts';

/** The wire form of nodes, with what lies in other tables read for all of them at once. */
export async function renderNodes(
  call: Call,
  nodes: readonly Node[],
  names: readonly string[] = visibleFields(NODE_SHAPE, call.minor),
): Promise<JsonObject[]> {
  const traits = names.includes('traits')
    ? await traitsOf(
        call.database,
        nodes.map(({ uuid }) => uuid),
      )
    : new Map<string, string[]>();
  return nodes.map((node) => {
    const view: NodeView = { ...node, traits: traits.get(node.uuid) ?? [] };
    return render(NODE_SHAPE, view, call, names);
  });
}

/** The wire form of one node. */
export async function renderNode(
  call: Call,
  node: Node,
  names?: readonly string[],
): Promise<JsonObject> {
  const [rendered] = await renderNodes(call, [node], names);
  return rendered ?? {};
}
