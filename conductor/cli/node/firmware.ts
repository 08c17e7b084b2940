import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode } from '../nodes.ts';
import { formatTable, printable } from '../view/text.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node firmware` */
export const nodeFirmware: Command = {
  name: 'node firmware',
  summary: "Show the versions of a machine's firmware",
  args: ['NODE'],
  options: {},
  text: `Shows what the BMC told when the node was last managed, inspected or cleaned, beside what it
told at first. Of the drivers, redfish can tell.`,
  examples: ['ironpxe node firmware rack1-07'],
  run: show,
};

const HEAD = ['COMPONENT', 'CURRENT', 'INITIAL', 'CHANGED'];
const COLUMNS = ['component', 'current_version', 'initial_version', 'updated_at'] as const;

type WireComponent = Readonly<Record<(typeof COLUMNS)[number], string | null>>;

async function show(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const found = await client.get(`${nodePath(node.uuid)}/firmware`);
  const rows = (found['firmware'] as readonly WireComponent[]).map((row) =>
    COLUMNS.map((name) => printable(row[name] ?? '-')),
  );
  if (json) io.out(`${JSON.stringify(found)}\n`);
  else if (rows.length === 0)
    io.out(`Nothing is known of the firmware of ${node.name ?? node.uuid}.\n`);
  else io.out(formatTable([HEAD, ...rows]));
  return EXIT.ok.status;
}
