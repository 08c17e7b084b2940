import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { followOperation, lastEventId, type WireEvent } from '../follow.ts';
import { readNode } from '../nodes.ts';
import { sign } from '../view/stages.ts';
import { printable } from '../view/text.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node events` */
export const nodeEvents: Command = {
  name: 'node events',
  summary: "Show a node's timeline",
  args: ['NODE'],
  options: {
    follow: { what: 'Go on with new events until interrupted.' },
    all: { what: 'Also progress and other small events.' },
  },
  text: [
    'Shows what happened to the node: DHCP, TFTP and HTTP requests, the call of its ramdisk,',
    'the write, power, states and changes. With --json one JSON text per line.',
  ].join('\n'),
  examples: ['ironpxe node events rack1-07', 'ironpxe node events rack1-07 --follow --json'],
  run: events,
};

async function events(invocation: Invocation): Promise<number> {
  const { client, io } = invocation;
  const { uuid } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const newest = await lastEventId(client, uuid);
  let shown = 0;
  const follow = invocation.flag('follow');
  await followOperation(client, uuid, {
    signal: io.signal,
    until: () => !follow && shown >= newest,
    onEvent: (event) => {
      shown = event.id;
      write(invocation, event);
    },
  });
  return EXIT.ok.status;
}

function write(invocation: Invocation, event: WireEvent): void {
  const { io, json } = invocation;
  if (json) return io.out(`${JSON.stringify(event)}\n`);
  if (event.kind.endsWith('.progress') && !invocation.flag('all')) return;
  const at = `${event.at.slice(0, 10)} ${event.at.slice(11, 23)}Z`;
  io.out(`${at}  ${sign(event.kind)} ${event.kind.padEnd(18)} ${printable(event.message)}\n`);
}
