import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode } from '../nodes.ts';
import { formatTable, printable } from '../view/text.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node validate` */
export const nodeValidate: Command = {
  name: 'node validate',
  summary: 'Tell whether a deploy could begin, and with which kernel line',
  args: ['NODE'],
  options: {},
  text: [
    'Checks what each interface of the node needs, without touching the machine. The interface',
    '"deploy" tells the kernel line that the node would boot with and, in brackets, where each part',
    'comes from. Exit status 1 when power, management, boot, deploy or network is not ready.',
  ].join('\n'),
  examples: ['ironpxe node validate rack1-07', 'ironpxe node validate rack1-07 --json'],
  run: validate,
};

/** Without these there is no deploy; of the others, many machines have none. */
const NEEDED = ['power', 'management', 'boot', 'deploy', 'network'];

type WireValidation = {
  readonly [kind: string]: { readonly result: boolean | null; readonly reason?: string | null };
};

async function validate(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const found = (await client.get(`${nodePath(uuid)}/validate`)) as WireValidation;
  io.out(json ? `${JSON.stringify({ validation: found })}\n` : describe(found));
  return NEEDED.every((kind) => found[kind]?.result === true) ? EXIT.ok.status : EXIT.failed.status;
}

/** What a deploy needs first, each under the other. */
function describe(found: WireValidation): string {
  const kinds = [...NEEDED, ...Object.keys(found).filter((kind) => !NEEDED.includes(kind))];
  const rows = kinds.map((kind) => {
    const { result, reason } = found[kind] ?? {};
    return [kind, result === true ? 'ready' : 'not ready', printable(reason ?? '')];
  });
  return formatTable([['INTERFACE', 'RESULT', 'REASON'], ...rows]);
}
