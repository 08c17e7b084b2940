import { hasCode, IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../json.ts';
import { tryParseMac } from '../../values/mac.ts';
import type { Command, Invocation } from '../command.ts';
import { type FollowedNode, lastEventId } from '../follow.ts';
import { findNode, nodePath, readNode, readPorts, type WireNode, type WirePort } from '../nodes.ts';
import {
  failedState,
  finish,
  jsonOrText,
  NO_WAIT,
  readPairs,
  requiredArg,
  startVerb,
  watch,
} from './common.ts';

/** `ironpxe node enroll` */
export const nodeEnroll: Command = {
  name: 'node enroll',
  summary: 'Make a machine known and ready for deploys',
  args: ['NAME'],
  options: {
    driver: { value: 'NAME', what: 'How the machine is switched, such as pxe_ssh.' },
    'driver-info': {
      value: 'KEY=VALUE',
      many: true,
      what: 'What the driver needs to know; VALUE may be @FILE.',
    },
    property: {
      value: 'KEY=VALUE',
      many: true,
      what: 'What the machine is: cpus, memory_mb, cpu_arch …',
    },
    parent: { value: 'NODE', what: 'The node that the machine is built into, such as its host.' },
    port: { value: 'MAC', many: true, what: 'A NIC of the machine; give each that may netboot.' },
    ...NO_WAIT,
  },
  text: [
    'Creates the node and its ports, checks that the driver can switch the machine ("manage"),',
    'and offers it for deploys ("provide"). When it stops half way, run it again with the same',
    'data: it goes on from where it stopped. A machine that enrolled itself (inspect.enroll_unknown)',
    'and has one of the MACs gets the name and the driver that are given.',
  ].join('\n'),
  examples: [
    'ironpxe node enroll rack1-07 --driver pxe_ssh --port 52:54:00:12:34:56 \\\n    --driver-info ssh_address=192.0.2.1 --driver-info ssh_username=root \\\n    --driver-info ssh_virt_type=virsh --driver-info ssh_key_contents=@/root/.ssh/id_ed25519',
  ],
  run: enroll,
};

type Wanted = {
  readonly name: string;
  readonly driver: string;
  readonly driverInfo: JsonObject;
  readonly properties: JsonObject;
  readonly parent: string | undefined;
  readonly macs: readonly string[];
};

async function enroll(invocation: Invocation): Promise<number> {
  const wanted = await readWanted(invocation);
  const { client } = invocation;
  const existing =
    (await findNode(client, wanted.name)) ?? (await renameStranger(invocation, wanted));
  if (existing === undefined) await createNode(invocation, wanted);
  else await reconcile(invocation, existing, wanted);
  const added = await addPorts(invocation, wanted);
  return existing?.provision_state === 'available' && added === 0
    ? finish(invocation, existing, `${wanted.name} is already enrolled and available.`)
    : makeAvailable(invocation, wanted.name);
}

async function readWanted(invocation: Invocation): Promise<Wanted> {
  const driver = invocation.text('driver');
  if (driver === undefined) throw new IronpxeError('CLI_USAGE', '--driver NAME is missing.');
  return {
    name: requiredArg(invocation, 0, 'NAME'),
    driver,
    driverInfo: await readPairs(invocation.list('driver-info'), 'driver-info'),
    properties: await readPairs(invocation.list('property'), 'property', jsonOrText),
    parent: invocation.text('parent'),
    macs: invocation.list('port').map(readMac),
  };
}

function readMac(text: string): string {
  const mac = tryParseMac(text);
  if (mac !== undefined) return mac;
  throw new IronpxeError(
    'CLI_USAGE',
    `--port ${text} is no MAC address: expected six hex pairs such as 52:54:00:12:34:56.`,
  );
}

function say(invocation: Invocation, text: string): void {
  if (!invocation.json) invocation.io.out(`${text}\n`);
}

async function createNode(invocation: Invocation, wanted: Wanted): Promise<void> {
  await invocation.client.send('POST', '/v1/nodes', {
    name: wanted.name,
    driver: wanted.driver,
    driver_info: wanted.driverInfo,
    properties: wanted.properties,
    ...(wanted.parent !== undefined && { parent_node: wanted.parent }),
  });
  say(invocation, `node ${wanted.name} created`);
}

/** The node that one of the MACs became by itself, under its new name; `undefined` where none did. */
async function renameStranger(
  invocation: Invocation,
  { name, macs }: Wanted,
): Promise<WireNode | undefined> {
  const { client } = invocation;
  for (const mac of macs) {
    const { ports } = await client.get(`/v1/ports/detail?address=${mac}`);
    const [port] = ports as readonly WirePort[];
    const node = port && (await findNode(client, port.node_uuid));
    const info = node?.['driver_internal_info'] as JsonObject | undefined;
    if (node?.provision_state !== 'enroll' || info?.['enrolled_itself'] !== true) continue;
    const patch = [{ op: 'add', path: '/name', value: name }];
    await client.send('PATCH', nodePath(node.uuid), patch);
    say(invocation, `${node.name ?? node.uuid} enrolled itself; it is ${name} now`);
    return readNode(client, name);
  }
  return undefined;
}

/**
 * A node that never got beyond `enroll` takes the data as given now: that is how a mistake is
 * corrected. Any other node of this name with other data is not the one that is meant.
 */
async function reconcile(invocation: Invocation, node: WireNode, wanted: Wanted): Promise<void> {
  if (node.provision_state !== 'enroll') return refuseOther(node, wanted);
  // Interfaces are those of the driver that it had.
  const reset = node.driver === wanted.driver ? '' : '?reset_interfaces=true';
  await invocation.client.send('PATCH', `${nodePath(node.uuid)}${reset}`, [
    { op: 'replace', path: '/driver', value: wanted.driver },
    { op: 'replace', path: '/driver_info', value: wanted.driverInfo },
    ...(wanted.parent === undefined
      ? []
      : [{ op: 'add', path: '/parent_node', value: wanted.parent }]),
    ...Object.entries(wanted.properties).map(([key, value]) => ({
      op: 'add',
      path: `/properties/${key}`,
      value,
    })),
  ]);
  say(invocation, `node ${wanted.name} is enrolled already; going on with the data given now`);
}

function refuseOther(node: WireNode, wanted: Wanted): void {
  const differences = [
    ...(node.driver === wanted.driver ? [] : [`driver is ${node.driver}, not ${wanted.driver}`]),
    ...differing('driver_info', node.driver_info as JsonObject, wanted.driverInfo),
    ...differing('properties', node.properties as JsonObject, wanted.properties),
  ];
  if (differences.length > 0)
    throw new IronpxeError(
      'NODE_EXISTS',
      `A node ${wanted.name} is enrolled already, with other data: ${differences.join('; ')}.`,
    );
}

/** Secrets come back masked, so they cannot differ visibly. */
function differing(field: string, found: JsonObject, wanted: JsonObject): string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => found[key] !== '******' && !same(found[key], value))
    .map(([key]) => `${field}/${key} differs`);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function addPorts(invocation: Invocation, wanted: Wanted): Promise<number> {
  const { client } = invocation;
  const { uuid } = await readNode(client, wanted.name);
  const present = new Set((await readPorts(client, uuid)).map(({ address }) => address));
  const missing = wanted.macs.filter((mac) => !present.has(mac));
  for (const address of missing) {
    await client.send('POST', '/v1/ports', { node_uuid: uuid, address }).catch((error: unknown) => {
      if (!hasCode(error, 'MAC_EXISTS')) throw error;
      throw new IronpxeError(
        'MAC_EXISTS',
        `${error.message} The node ${wanted.name} exists now, without this port; run the same command with the right MAC to go on, or remove it with "ironpxe node delete ${wanted.name}".`,
        { cause: error },
      );
    });
    say(invocation, `port ${address} added`);
  }
  return missing.length;
}

/** Which verb leads from a state towards `available`. */
const NEXT_VERB: Readonly<Record<string, string>> = {
  enroll: 'manage',
  'inspect failed': 'manage',
  'clean failed': 'manage',
  manageable: 'provide',
};

async function makeAvailable(invocation: Invocation, name: string): Promise<number> {
  let node: FollowedNode = await readNode(invocation.client, name);
  for (
    let verb = NEXT_VERB[node.provision_state];
    verb !== undefined;
    verb = NEXT_VERB[node.provision_state]
  ) {
    const before = node.provision_state;
    const afterId = await lastEventId(invocation.client, name);
    await startVerb(invocation, name, verb);
    if (invocation.flag('no-wait'))
      return finish(invocation, node, `${verb} begun; run the same command later to go on.`);
    node = await watch(invocation, name, { afterId, until: isSettled });
    if (node.provision_state === before || node.provision_state.endsWith('failed'))
      throw enrolledOnly(node);
  }
  const state = node.provision_state;
  return finish(
    invocation,
    node,
    state === 'available'
      ? `${name} is available. Deploy it with "ironpxe node deploy ${name} --image URL".`
      : `${name} is enrolled already; its state is ${state}.`,
  );
}

function isSettled(node: FollowedNode): boolean {
  return node.target_provision_state === null || /failed|^enroll$/.test(node.provision_state);
}

function enrolledOnly(node: FollowedNode): IronpxeError {
  const { message } = failedState(node);
  return new IronpxeError(
    'OPERATION_FAILED',
    `${message} The node and its ports exist; correct what is wrong and run the same command again to go on.`,
  );
}
