import { formatBytes } from '../../values/units.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode } from '../nodes.ts';
import { formatTable, printable } from '../view/text.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node inventory` */
export const nodeInventory: Command = {
  name: 'node inventory',
  summary: 'Show what an inspection found in a machine',
  args: ['NODE'],
  options: {},
  text: `Shows processors, memory, BMC, disks with all that root device hints can name, and NICs with
the switch that each was heard on. "ironpxe node inspect" looks at the machine anew.`,
  examples: ['ironpxe node inventory rack1-07', 'ironpxe node inventory rack1-07 --json'],
  run: show,
};

/** What is shown of an inventory in the form of Ironic's agent; agents may leave anything out. */
type WireInventory = {
  readonly cpu?: { readonly count?: unknown; readonly model_name?: unknown };
  readonly memory?: { readonly physical_mb?: unknown; readonly total?: unknown };
  readonly system_vendor?: Readonly<Record<string, unknown>>;
  readonly boot?: Readonly<Record<string, unknown>>;
  readonly bmc_address?: unknown;
  readonly disks?: readonly Readonly<Record<string, unknown>>[];
  readonly interfaces?: readonly Readonly<Record<string, unknown>>[];
};
type Switches = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

async function show(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const found = await client.get(`${nodePath(uuid)}/inventory`);
  const more = found['plugin_data'] as { readonly parsed_lldp?: Switches } | null;
  if (json) io.out(`${JSON.stringify(found)}\n`);
  else io.out(formatInventory(found['inventory'] as WireInventory, more?.parsed_lldp ?? {}));
  return EXIT.ok.status;
}

/** An inventory for people. */
export function formatInventory(inventory: WireInventory, switches: Switches): string {
  const { cpu, memory, boot, disks = [], interfaces: nics = [] } = inventory;
  const {
    manufacturer,
    product_name: product,
    serial_number: serial,
  } = inventory.system_vendor ?? {};
  const head = [
    ['Machine', words([manufacturer, product, serial && `serial ${plain(serial)}`])],
    ['Processors', words([cpu?.count, cpu?.model_name])],
    ['Memory', memoryOf(memory)],
    ['Firmware', plain(boot?.['current_boot_mode'])],
    ['BMC', plain(inventory.bmc_address) || 'none that told its address'],
  ];
  return [
    table(head),
    `\nDisks\n${table([DISK_HEAD, ...disks.map(diskRow)])}`,
    `\nNICs\n${table([NIC_HEAD, ...nics.map((nic) => nicRow(nic, switches))])}`,
  ].join('');
}

const DISK_HEAD = ['  NAME', 'SIZE', 'KIND', 'MODEL', 'SERIAL', 'WWN'];
const NIC_HEAD = ['  NAME', 'MAC', 'LINK', 'ADDRESS', 'SWITCH AND PORT'];

function diskRow(disk: Readonly<Record<string, unknown>>): string[] {
  const kind = disk['rotational'] === true ? 'turning' : '';
  const size = typeof disk['size'] === 'number' ? formatBytes(disk['size']) : '';
  const rest = [disk['model'], disk['serial'], disk['wwn']].map(plain);
  return [`  ${plain(disk['name'])}`, size, kind, ...rest];
}

function nicRow(nic: Readonly<Record<string, unknown>>, switches: Switches): string[] {
  const name = plain(nic['name']);
  const heard = switches[name] ?? {};
  const { switch_system_name: system, switch_chassis_id: chassis, switch_port_id: port } = heard;
  const speed = plain(nic['speed_mbps']);
  const link = nic['has_carrier'] === true ? (speed && `${speed} Mbit/s`) || 'up' : 'down';
  const where = words([plain(system) || chassis, port]);
  return [`  ${name}`, plain(nic['mac_address']), link, plain(nic['ipv4_address']), where];
}

function memoryOf(memory: WireInventory['memory']): string {
  if (typeof memory?.physical_mb === 'number') return `${memory.physical_mb} MiB`;
  return typeof memory?.total === 'number' ? formatBytes(memory.total) : '';
}

function words(values: readonly unknown[]): string {
  return values.map(plain).filter(Boolean).join(' ');
}

/** Texts and numbers as they are; what is no such thing is not shown. */
function plain(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function table(rows: readonly (readonly string[])[]): string {
  return formatTable(rows.map((row) => row.map(printable)));
}
