import { IronpxeError } from '../../errors/error.ts';
import { turnsOfRows } from '../../store/pages.ts';
import { visibleFields } from '../fields.ts';
import type { Call } from '../resource.ts';
import { rowWriter } from '../rows.ts';
import { NODE_SHAPE } from './shape.ts';

/** The JSON text of one node. @throws IronpxeError NODE_NOT_FOUND */
export async function renderNode(
  call: Call,
  node: { readonly uuid: string },
  names: readonly string[] = visibleFields(NODE_SHAPE, call.minor),
): Promise<string> {
  const { columns, write } = rowWriter(NODE_SHAPE.fields, NODE_SHAPE.collection, names);
  const one = { limit: 1, descending: false, equal: { uuid: node.uuid }, present: {} };
  for await (const [row] of turnsOfRows(call.database, 'nodes', columns, one))
    if (row !== undefined) return write(row, call);
  throw new IronpxeError('NODE_NOT_FOUND', `Node ${node.uuid} could not be found.`);
}
