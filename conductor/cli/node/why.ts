import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode } from '../nodes.ts';
import { formatExplanation, type WireExplanation } from '../view/explanation.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node why` */
export const nodeWhy: Command = {
  name: 'node why',
  summary: 'Explain why a node did not boot',
  args: ['NODE'],
  options: {},
  text: `Reads the timeline of the last deploy (or clean, inspection …) and says what is known, the
cause that fits with its evidence, a command to confirm it and one to mend it. Where nothing fits
it says so. docs/reference/why.md lists all causes.`,
  examples: ['ironpxe node why rack1-07', 'ironpxe node why rack1-07 --json'],
  run: why,
};

async function why(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const explanation = await client.get(`${nodePath(uuid)}/why`);
  if (json) io.out(`${JSON.stringify(explanation)}\n`);
  else io.out(formatExplanation(explanation as WireExplanation));
  return EXIT.ok.status;
}
