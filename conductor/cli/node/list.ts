import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { readAll, type WireNode } from '../nodes.ts';
import { cut, formatTable, printable } from '../view/text.ts';

const MAX_ERROR_WIDTH = 60;

/** `ironpxe node list` */
export const nodeList: Command = {
  name: 'node list',
  summary: 'List the nodes and their states',
  args: [],
  options: {
    state: { value: 'STATE', what: 'Only nodes in this provision state, such as "active".' },
  },
  text: 'Shows every node with its driver, power state, provision state and last error.',
  examples: ['ironpxe node list', 'ironpxe node list --state "deploy failed"'],
  run: list,
};

async function list(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const state = invocation.text('state');
  const filter = state === undefined ? '' : `&provision_state=${encodeURIComponent(state)}`;
  const path = `/v1/nodes/detail?include_children=true${filter}`;
  const nodes = (await readAll(client, path, 'nodes')) as WireNode[];
  if (json) io.out(`${JSON.stringify({ nodes })}\n`);
  else if (nodes.length === 0)
    io.out('There are no nodes. Enroll one with "ironpxe node enroll".\n');
  else io.out(formatTable([HEAD, ...nodes.map(row)]));
  return EXIT.ok.status;
}

const HEAD = ['NAME', 'UUID', 'DRIVER', 'POWER', 'STATE', 'LAST ERROR'];

function row(node: WireNode): string[] {
  const state = node.maintenance ? `${node.provision_state} (maintenance)` : node.provision_state;
  const error = cut(printable(node.last_error ?? ''), MAX_ERROR_WIDTH);
  return [node.name ?? '-', node.uuid, node.driver, node.power_state ?? '-', state, error];
}
