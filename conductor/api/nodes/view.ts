import { IronpxeError } from '../../errors/error.ts';
import { rowOf } from '../../store/pages.ts';
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
  const row = await rowOf(call.database, 'nodes', columns, node.uuid);
  if (row !== undefined) return write(row, call);
  throw new IronpxeError('NODE_NOT_FOUND', `Node ${node.uuid} could not be found.`);
}
