import type { Command, Invocation } from './command.ts';
import { EXIT } from './exitCodes.ts';
import { readAll, readNode, type WireNode, type WirePort } from './nodes.ts';
import { formatTable } from './view/text.ts';

/** `ironpxe port list` */
export const portList: Command = {
  name: 'port list',
  summary: 'List the NICs that belong to nodes',
  args: [],
  options: { node: { value: 'NODE', what: 'Only ports of this node.' } },
  text: 'Shows each port with its MAC address and its node.',
  examples: ['ironpxe port list', 'ironpxe port list --node rack1-07'],
  run: list,
};

async function list(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const ident = invocation.text('node');
  const filter = ident === undefined ? '' : `?node=${(await readNode(client, ident)).uuid}`;
  const ports = (await readAll(client, `/v1/ports/detail${filter}`, 'ports')) as WirePort[];
  const nodes = (await readAll(client, '/v1/nodes?include_children=true', 'nodes')) as WireNode[];
  const names = new Map(nodes.map((node) => [node.uuid, node.name ?? node.uuid]));
  const rows = ports.map((port) => [port.address, names.get(port.node_uuid) ?? '-', port.uuid]);
  if (json) io.out(`${JSON.stringify({ ports })}\n`);
  else if (ports.length === 0) io.out('There are no ports.\n');
  else io.out(formatTable([['MAC', 'NODE', 'UUID'], ...rows]));
  return EXIT.ok.status;
}
