import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { ownerOfNew } from '../../auth/access.ts';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import { getChassis } from '../../store/chassis.ts';
import { insertNode } from '../../store/nodes.ts';
import { refuseNewer } from '../fields.ts';
import { MINOR } from '../gates.ts';
import type { Answer, Call } from '../resource.ts';
import { nodeCreated, type nodeWrite, parse } from '../schemas.ts';
import { parentFor } from './family.ts';
import { readInterfaces } from './interfaces.ts';
import { checkName } from './names.ts';
import { renderNode } from './view.ts';

/** `POST /v1/nodes` */
export async function createNode(call: Call): Promise<Answer> {
  refuseNewerFields(call);
  const wanted = parse(nodeCreated, call.body, 'node');
  const interfaces = await checkNode(call, wanted);
  const uuid = wanted.uuid ?? randomUUID();
  const owner = ownerOfNew(call.access, wanted.owner ?? null);
  const node = await insertNode(call.database, {
    uuid,
    provisionState: call.minor < MINOR.enroll ? 'available' : 'enroll',
    ...columnsOf(wanted),
    // The next look at the machine says what they are.
    bootMode: wanted.boot_mode ?? null,
    secureBoot: wanted.secure_boot ?? null,
    owner,
    parentNode: wanted.parent_node
      ? await parentFor(call, wanted.parent_node, { uuid, owner })
      : null,
    interfaces,
  });
  return {
    status: 201,
    json: await renderNode(call, node),
    location: `${call.baseUrl}/v1/nodes/${node.uuid}`,
  };
}

/** What {@link nodeWrite} gives. */
export type NodeWrite = z.output<typeof nodeWrite>;

/** The written fields as columns of the store. */
export function columnsOf(wanted: NodeWrite) {
  return {
    name: wanted.name ?? null,
    driver: wanted.driver,
    chassisUuid: wanted.chassis_uuid ?? null,
    driverInfo: wanted.driver_info,
    instanceInfo: wanted.instance_info,
    properties: wanted.properties,
    extra: wanted.extra,
    instanceUuid: wanted.instance_uuid ?? null,
    maintenance: wanted.maintenance ?? false,
    resourceClass: wanted.resource_class ?? null,
    automatedClean: wanted.automated_clean ?? null,
    owner: wanted.owner ?? null,
    lessee: wanted.lessee ?? null,
    description: wanted.description ?? null,
    retired: wanted.retired ?? false,
    retiredReason: wanted.retired_reason ?? null,
    networkData: wanted.network_data,
    shard: wanted.shard ?? null,
  };
}

/**
 * Checks what the form alone cannot tell: the name, the driver and the chassis. Gives the
 * interfaces that are chosen. @throws IronpxeError INVALID_REQUEST, DRIVER_UNKNOWN
 */
export async function checkNode(call: Call, wanted: NodeWrite): Promise<Record<string, string>> {
  if (typeof wanted.name === 'string') checkName(wanted.name, call.minor);
  const driver = call.conductor.drivers.get(wanted.driver);
  if (driver === undefined)
    throw new IronpxeError(
      'DRIVER_UNKNOWN',
      `No valid host was found. Reason: No conductor service registered which supports driver ${wanted.driver}; there are ${[...call.conductor.drivers.keys()].join(', ')}.`,
    );
  checkGroup(wanted);
  if (wanted.chassis_uuid) await requireChassis(call, wanted.chassis_uuid);
  return readInterfaces(driver, wanted);
}

/** This conductor is in the group without a name, so a node of another would have none. */
function checkGroup({ driver, conductor_group: group }: NodeWrite): void {
  if (!group) return;
  throw new IronpxeError(
    'DRIVER_UNKNOWN',
    `No valid host was found. Reason: No conductor service registered which supports driver ${driver} for conductor group "${group}".`,
  );
}

/** What a body names and is not there is a fault of the body (400), not of the path. */
async function requireChassis(call: Call, uuid: string): Promise<void> {
  try {
    await getChassis(call.database, uuid);
  } catch (error) {
    if (!hasCode(error, 'CHASSIS_NOT_FOUND')) throw error;
    throw new IronpxeError('INVALID_REQUEST', error.message, { cause: error });
  }
}

function refuseNewerFields(call: Call): void {
  for (const name of Object.keys(Object(call.body))) refuseNewer('nodeFields', name, call.minor);
  if (Object.hasOwn(Object(call.body), 'traits'))
    throw new IronpxeError('INVALID_REQUEST', 'Traits are set by PUT /v1/nodes/{node}/traits.');
}
