import type { JsonObject } from '../json.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode, readPorts, type WireNode, type WirePort } from '../nodes.ts';
import { formatTable, printable } from '../view/text.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node show` */
export const nodeShow: Command = {
  name: 'node show',
  summary: 'Show all about a node',
  args: ['NODE'],
  options: {},
  text: 'Shows the states, the driver, the ports, the last operation with its steps, and the\nkernel line of its own system with where each part comes from.',
  examples: ['ironpxe node show rack1-07', 'ironpxe node show rack1-07 --json'],
  run: show,
};

async function show(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const ports = await readPorts(client, node.uuid);
  const { operation } = await client.get(`${nodePath(node.uuid)}/timeline?limit=1`);
  const kernelLine = (await client.get(`${nodePath(node.uuid)}/kernel_line`)) as WireKernelLine;
  if (json) io.out(`${JSON.stringify({ node, ports, operation, kernel_line: kernelLine })}\n`);
  else io.out(describe(node, ports, operation as WireOperation | null, kernelLine));
  return EXIT.ok.status;
}

type WireOperation = {
  readonly verb: string;
  readonly status: string;
  readonly error: string | null;
  readonly started_at: string;
  readonly steps: readonly { readonly name: string; readonly status: string }[];
};

type WireKernelLine = {
  readonly line: string | null;
  readonly parts: readonly { readonly text: string; readonly from: string }[];
};

/** Fields that are shown when they are set, with their words. */
const OPTIONAL: readonly [field: string, word: string][] = [
  ['maintenance_reason', 'Maintenance'],
  ['last_error', 'Last error'],
  ['instance_uuid', 'Instance'],
  ['resource_class', 'Resource class'],
  ['reservation', 'Held by'],
];

function describe(
  node: WireNode,
  ports: readonly WirePort[],
  operation: WireOperation | null,
  kernelLine: WireKernelLine,
): string {
  const rows = [
    ['Node', node.name ?? node.uuid],
    ['UUID', node.uuid],
    ['State', heading(node.provision_state, node.target_provision_state)],
    ['Power', heading(node.power_state ?? 'unknown', node.target_power_state)],
    ['Driver', node.driver],
    ...OPTIONAL.filter(([field]) => node[field]).map(([field, word]) => [
      word,
      String(node[field]),
    ]),
    ['Ports', ports.map(({ address }) => address).join(', ') || 'none: add one before a deploy'],
    ...(operation === null ? [] : [['Last operation', summary(operation)]]),
    ...receiptRows(node['driver_internal_info'] as JsonObject | undefined),
    ...(kernelLine.line === null ? [] : [['Kernel line', kernelLine.line]]),
    ...kernelLine.parts.map(({ text, from }) => [`  from ${from}`, text]),
  ];
  const groups = ['driver_info', 'properties', 'instance_info', 'extra'].flatMap((name) =>
    group(name, node[name] as JsonObject | undefined),
  );
  return formatTable([...rows, ...groups].map((row) => row.map(printable)));
}

/** What is known of the disk: how it was written, and whether it was compared since. */
function receiptRows(info: JsonObject | undefined): string[][] {
  const receipt = info?.['deploy_receipt'] as JsonObject | undefined;
  const later = info?.['disk_verification'] as JsonObject | undefined;
  if (receipt === undefined) return [];
  const trust = receipt['authenticated'] === true ? 'authenticated' : 'NOT authenticated';
  const root = typeof receipt['root_hash'] === 'string' ? receipt['root_hash'] : 'none';
  const disk = [receipt['disk_serial'], receipt['disk_wwn']].filter(Boolean).join(', ');
  return [
    ['Disk', `${disk || 'no serial'}: ${String(receipt['sent_bytes'])} bytes sent, ${trust}`],
    ['  verified', `${String(receipt['verify'])}, root ${root}`],
    ...(later === undefined
      ? []
      : [
          [
            '  compared',
            `${String(later['verified_at'])}: ${String(later['drifted_bytes'])} bytes differ`,
          ],
        ]),
  ];
}

function heading(state: string, target: string | null): string {
  return target === null ? state : `${state} → ${target}`;
}

function summary(operation: WireOperation): string {
  const done = operation.steps.filter(({ status }) => status === 'done').length;
  const at = operation.started_at.slice(0, 19);
  return `${operation.verb} ${operation.status} (${done} of ${operation.steps.length} steps, begun ${at}Z)`;
}

function group(name: string, value: JsonObject | undefined): string[][] {
  return Object.entries(value ?? {}).map(([key, item]) => [
    `${name}/${key}`,
    typeof item === 'string' ? item : JSON.stringify(item),
  ]);
}
