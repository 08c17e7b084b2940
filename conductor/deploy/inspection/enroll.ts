import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import { IronpxeError } from '../../errors/error.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { appendEvent } from '../../store/events.ts';
import { putInventory } from '../../store/inventories.ts';
import { leaseholderOf } from '../../store/leases.ts';
import { getNode, insertNode, listNodes } from '../../store/nodes.ts';
import { insertOperation, setOperationStatus } from '../../store/operations.ts';
import { insertPort, listPorts } from '../../store/ports.ts';
import type { Node } from '../../store/types.ts';
import { type Mac, tryParseMac } from '../../values/mac.ts';
import type { EnrollReply, StrangerReport } from '../conductor.ts';
import { parseInventory } from '../ramdisk/inventory.ts';
import type { Inventory } from '../ramdisk/types.ts';
import { agentForm, switchesOf } from './agentForm.ts';
import { portChanges } from './ports.ts';
import { inspectedProperties } from './properties.ts';

type EnrollServices = {
  readonly database: Database;
  readonly config: Config;
  /** The key that was given to machines of no node; `undefined`: none may enroll itself. */
  readonly key: string | undefined;
};

/** In `driver_internal_info`: nobody has looked at this node yet. */
const MARK = 'enrolled_itself';

/**
 * Makes a node of a machine that booted the ramdisk and is a port of none, in the state enroll. The
 * machine proves itself by the lease that its address has. Its ramdisk waits for commands.
 * @throws IronpxeError ENROLL_UNWANTED, ENROLL_LIMIT, DEPLOY_KEY_MISMATCH, MAC_EXISTS
 */
export async function enrollStranger(
  services: EnrollServices,
  report: StrangerReport,
): Promise<EnrollReply> {
  const { database, config } = services;
  checkKey(services.key, report.key);
  const found = parseInventory(report.inventory);
  const bootMac = await leasedMac(database, found, report.address);
  return inTransaction(database, async (trx) => {
    const node =
      (await enrolledBefore(trx, found, bootMac)) ??
      (await insertStranger(trx, config, found, bootMac));
    const nonce = await keepSession(trx, node, report);
    await putInventory(trx, node.uuid, {
      inventory: agentForm(found),
      pluginData: switchesOf(found),
    });
    return { uuid: node.uuid, name: node.name, nonce };
  });
}

function checkKey(expected: string | undefined, found: string): void {
  if (expected === undefined)
    throw new IronpxeError('ENROLL_UNWANTED', 'Machines may not enroll themselves here.');
  const [ours, theirs] = [Buffer.from(expected), Buffer.from(found)];
  if (ours.length === theirs.length && timingSafeEqual(ours, theirs)) return;
  const message = 'The key is not the one that unknown machines were given; boot again.';
  throw new IronpxeError('DEPLOY_KEY_MISMATCH', message);
}

/** The NIC of the machine that the address it calls from was leased to. */
async function leasedMac(database: Database, { nics }: Inventory, address: string): Promise<Mac> {
  const leased = await leaseholderOf(database, address);
  const own = nics.flatMap(({ mac }) => tryParseMac(mac) ?? []);
  if (leased !== undefined && own.includes(leased)) return leased;
  throw new IronpxeError(
    'DEPLOY_KEY_MISMATCH',
    `${address} is leased to ${leased ?? 'nobody'}, and the machine has ${own.join(', ') || 'no NIC'}.`,
  );
}

/**
 * The node that this machine became before; `undefined` for a new machine. A NIC that is a port of
 * another node means that the machine is that node, and came through a NIC that is none of its ports.
 */
async function enrolledBefore(
  database: Database,
  { nics }: Inventory,
  bootMac: Mac,
): Promise<Node | undefined> {
  for (const { mac } of nics) {
    const address = tryParseMac(mac);
    const [port] = address === undefined ? [] : await listPorts(database, { address });
    if (port === undefined) continue;
    const node = await getNode(database, port.nodeUuid);
    if (node.provisionState === 'enroll' && node.driverInternalInfo[MARK] === true) return node;
    const name = node.name ?? node.uuid;
    throw new IronpxeError(
      'MAC_EXISTS',
      `A port with MAC address ${mac} already exists: the machine is node ${name}. It booted through ${bootMac}; add a port with that MAC to the node, or boot through another NIC.`,
    );
  }
  return undefined;
}

async function insertStranger(
  database: Database,
  { inspect }: Config,
  found: Inventory,
  bootMac: Mac,
): Promise<Node> {
  await checkLimit(database, inspect.enroll_limit);
  const uuid = randomUUID();
  const isManual = inspect.enroll_driver === 'manual';
  const node = await insertNode(database, {
    uuid,
    name: `new-${bootMac.replaceAll(':', '')}`,
    driver: inspect.enroll_driver,
    provisionState: 'enroll',
    powerState: 'power on',
    properties: inspectedProperties({}, found),
    driverInternalInfo: { [MARK]: true },
    // Its ramdisk runs, so nobody has to go there to start it again.
    ...(isManual && { interfaces: { power: 'agent' } }),
    ...(found.bmcAddress !== undefined &&
      inspect.enroll_driver === 'ipmi' && { driverInfo: { ipmi_address: found.bmcAddress } }),
  });
  const { create } = portChanges(found, [], inspect.add_ports);
  for (const port of create)
    await insertPort(database, { ...port, uuid: randomUUID(), nodeUuid: uuid });
  const { cpu, disks, nics } = found;
  const message = `it enrolled itself: ${cpu.count} CPUs, ${disks.length} disks, ${nics.length} NICs`;
  await appendEvent(database, { kind: 'inspect.done', nodeUuid: uuid, message });
  return node;
}

async function checkLimit(database: Database, limit: number): Promise<void> {
  const waiting = (await listNodes(database)).filter(
    ({ provisionState, driverInternalInfo: info }) =>
      provisionState === 'enroll' && info[MARK] === true,
  );
  if (waiting.length < limit) return;
  const message = `${waiting.length} machines that enrolled themselves are in the state enroll, as many as may be.`;
  throw new IronpxeError('ENROLL_LIMIT', message);
}

/** Keeps the session with the ramdisk as that of an inspection that is over. */
async function keepSession(
  database: Database,
  { uuid: nodeUuid }: Node,
  { address, key: deployKey, nonce: ramdisk }: StrangerReport,
): Promise<string> {
  const ours = randomBytes(32).toString('hex');
  const callback = { address, listenPort: 3260, lun: 1, nonces: { ramdisk, ours } };
  const { uuid } = await insertOperation(database, {
    nodeUuid,
    verb: 'inspect',
    steps: [],
    data: { deployKey, callback },
  });
  await setOperationStatus(database, uuid, 'done');
  return ours;
}
