import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../json.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode } from '../nodes.ts';
import { failureOf, formatWaterfall, totalTime, type WirePhase } from '../view/waterfall.ts';
import { requiredArg } from './common.ts';

const FOLLOW_MS = 1000;

/** `ironpxe node timeline` */
export const nodeTimeline: Command = {
  name: 'node timeline',
  summary: "Show a node's last boot as a waterfall of phases",
  args: ['NODE'],
  options: { follow: { what: 'Draw again as it goes on, to the end of the operation.' } },
  text: `Shows where the time of the last deploy (or clean, inspection …) went: power, firmware, DHCP,
loader, kernel, ramdisk, call-back, disk, and the boot of the own system; with the size and rate
of transfers and the usual time of this node or, before its second boot, of its model.`,
  examples: ['ironpxe node timeline rack1-07', 'ironpxe node timeline rack1-07 --json'],
  run: timeline,
};

async function timeline(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid, name } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const follow = invocation.flag('follow');
  for (let shownLines = 0; ;) {
    const boot = await client.get(`${nodePath(uuid)}/timeline/phases`);
    const operation = boot['operation'] as JsonObject | null;
    const isOver = operation?.['status'] !== 'running' && operation?.['status'] !== 'failing';
    if (!follow || isOver || io.isTty) {
      const text = json
        ? `${JSON.stringify(boot)}\n`
        : draw(boot, operation, name ?? uuid, invocation);
      // On a terminal the picture before is drawn over.
      const back = shownLines > 0 && io.isTty && !json ? `\u001b[${shownLines}A\u001b[J` : '';
      io.out(`${back}${text}`);
      shownLines = text.split('\n').length - 1;
    }
    if (!follow || isOver) return EXIT.ok.status;
    await sleep(FOLLOW_MS, undefined, { signal: io.signal });
  }
}

function draw(
  boot: JsonObject,
  operation: JsonObject | null,
  name: string,
  { io }: Invocation,
): string {
  if (operation === null) return 'This node was never booted by ironpxe.\n';
  const phases = boot['phases'] as readonly WirePhase[];
  const { of, boots } = boot['compared_with'] as { of: string; boots: number };
  const nowMs = Date.now();
  const took = phases.length === 0 ? '' : `, ${totalTime(phases, nowMs)}`;
  const compared = boots === 0 ? '' : `, compared with ${boots} earlier of this ${of}`;
  const head = `${String(operation['verb'])}: ${String(operation['status'])}${took}${compared}\n`;
  if (phases.length === 0) return head;
  const failure = failureOf(phases);
  const tail = failure === '' ? '' : `\n${failure}\nWhat it means: ironpxe node why ${name}\n`;
  return head + formatWaterfall(phases, nowMs, io.isTty ? io.columns - 1 : 200) + tail;
}
