import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { run } from '../../conductor/process/run.ts';
import { deploy } from '../../lab/deploy.ts';
import { libvirtUri } from '../../lab/libvirt.ts';
import { runInNamespace } from '../../lab/network.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { LOGIN_PROMPT } from '../../lab/userImage.ts';
import { type BootLab, makeBootLab } from './bootLab.ts';

type WireNode = Readonly<Record<string, unknown>> & { readonly uuid: string };

/** Sends an LLDP frame, as a switch does, to whatever hangs on an interface. */
const SPEAK = `
import socket, sys
def tlv(kind, value): return bytes([kind << 1 | len(value) >> 8, len(value) & 255]) + value
own = bytes.fromhex('02aabbccdd01')
frame = bytes.fromhex('0180c200000e') + own + b'\\x88\\xcc' + tlv(1, b'\\x04' + own)
frame += tlv(2, b'\\x05Ethernet1/7') + tlv(3, b'\\0\\x78') + tlv(5, b'rack1-switch') + tlv(0, b'')
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((sys.argv[1], 0))
link.send(frame.ljust(60, b'\\0'))
`;

/** The tap of the only machine, as the running domain names it. */
async function tapOf({ hardware }: BootLab): Promise<string> {
  const uri = libvirtUri(hardware.stateDir);
  const { stdout } = await run('virsh', ['-q', '-c', uri, 'domiflist', 'node-1']);
  return stdout.trim().split(/\s+/)[0] ?? '';
}

/** The first node that there is, while the switch says who it is now and then. */
async function enrolled(lab: BootLab, signal: AbortSignal): Promise<WireNode> {
  const tap = await tapOf(lab);
  for (;;) {
    await runInNamespace(lab.hardware.netns, 'python3', ['-c', SPEAK, tap]);
    const { nodes } = await lab.api.get<{ nodes: WireNode[] }>('/v1/nodes/detail');
    if (nodes[0] !== undefined) return nodes[0];
    await delay(1000, undefined, { signal });
  }
}

async function become(lab: BootLab, uuid: string, target: string, state: string): Promise<void> {
  await lab.api.put(`/v1/nodes/${uuid}/states/provision`, { target });
  for (;;) {
    const node = await lab.api.get<WireNode>(`/v1/nodes/${uuid}`);
    if (node['provision_state'] === state) return;
    if (node['last_error'] !== null) throw new Error(JSON.stringify(node));
    await delay(200);
  }
}

test('a machine that nobody knows enrolls itself, and is deployed through its ramdisk', async (t) => {
  const signal = AbortSignal.timeout(15 * 60_000);
  const sections = { inspect: { enroll_unknown: true, lldp_seconds: 60 } };
  const place = { dhcp: 'server', power: 'virsh' } as const;
  await using lab = await makeBootLab(place, ['bios'], signal, {
    name: 'stranger',
    ramdisk: 'full',
    sections,
  });
  const [machine] = lab.hardware.nodes;
  if (machine === undefined) throw new Error('no machine');
  const uri = libvirtUri(lab.hardware.stateDir);
  await run('virsh', ['-q', '-c', uri, 'start', 'node-1']);

  const node = await enrolled(lab, signal);
  t.like(node, {
    name: `new-${machine.mac.replaceAll(':', '')}`,
    driver: 'manual',
    power_interface: 'agent',
    provision_state: 'enroll',
    power_state: 'power on',
  });
  t.like(node['properties'], { cpus: 2, cpu_arch: 'x86_64' });
  const { inventory, plugin_data } = await lab.api.get<{
    inventory: { interfaces: { lldp: unknown[] }[] };
    plugin_data: { parsed_lldp: unknown };
  }>(`/v1/nodes/${node.uuid}/inventory`);
  t.is(inventory.interfaces[0]?.lldp.length, 4);
  const [said] = Object.values(Object(plugin_data.parsed_lldp));
  t.like(said, { switch_port_id: 'Ethernet1/7', switch_system_name: 'rack1-switch' });
  const { ports } = await lab.api.get<{ ports: WireNode[] }>(`/v1/ports/detail?node=${node.uuid}`);
  t.like(ports[0], {
    address: machine.mac,
    pxe_enabled: true,
    local_link_connection: {
      switch_id: '02:aa:bb:cc:dd:01',
      port_id: 'Ethernet1/7',
      switch_info: 'rack1-switch',
    },
  });

  await become(lab, node.uuid, 'manage', 'manageable');
  await become(lab, node.uuid, 'provide', 'available');
  const events = await Array.fromAsync(deploy(lab.api, node.uuid, lab.instanceInfo, signal));
  t.deepEqual(
    events.filter(({ kind }) => kind === 'power.requested'),
    [],
    'nobody was asked to go there',
  );
  t.true(events.some(({ message }) => message.endsWith(' was told to reboot')));
  await waitForSerial(machine.serialLogPath, LOGIN_PROMPT, { timeoutMs: 300_000 });
});
