import { writeFile } from 'node:fs/promises';
import { IronpxeError } from '../errors/error.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT } from './exitCodes.ts';
import { requiredArg } from './node/common.ts';
import { nodePath, readNode } from './nodes.ts';

/** `ironpxe record` */
export const record: Command = {
  name: 'record',
  summary: "Keep a node's last boot as a file: packets and events",
  args: ['NODE', '[FILE]'],
  options: {},
  text: `Writes what the conductor still holds of the last boot: each DHCP message and request for a
file with the answer and what it rested on, and the events. Secrets are taken out. Packets are held
in memory (16 MiB for all machines, until the conductor stops). Without FILE it goes to standard
output. "ironpxe replay FILE" decides about the packets again.`,
  examples: ['ironpxe record rack1-07 boot.json', 'ironpxe record rack1-07 > boot.json'],
  run: keep,
};

async function keep(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const [, path] = invocation.args;
  const recording = await client.get(`${nodePath(uuid)}/recording`);
  const text = `${JSON.stringify(recording, null, 1)}\n`;
  if (path === undefined) {
    io.out(text);
    return EXIT.ok.status;
  }
  await writeFile(path, text).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('CLI_USAGE', `${path} cannot be written: ${why}.`, { cause: error });
  });
  const { packets } = recording['netboot'] as { readonly packets: readonly unknown[] };
  if (json) io.out(`${JSON.stringify({ path, packets: packets.length })}\n`);
  else io.out(`${path}: ${packets.length} packets and the events of the last boot.\n`);
  return EXIT.ok.status;
}
