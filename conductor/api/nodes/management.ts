import { BOOT_DEVICES, type Driver } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { bootDeviceChange, parse } from '../schemas.ts';
import { namedNode, nodeOfPath } from './ident.ts';
import { type InterfaceKind, interfaceOf } from './interfaces.ts';

/** `GET /v1/nodes/{ident}/management/boot_device` */
export async function showBootDevice(call: Call): Promise<Answer> {
  const { device, persistent } = await call.conductor.bootDevice(await nodeOfPath(call));
  return { status: 200, body: { boot_device: device ?? null, persistent: persistent ?? null } };
}

/** `PUT /v1/nodes/{ident}/management/boot_device` */
export async function changeBootDevice(call: Call): Promise<Answer> {
  const wanted = parse(bootDeviceChange, call.body, 'boot device');
  const node = await nodeOfPath(call);
  const device = BOOT_DEVICES.find((known) => known === wanted.boot_device);
  if (device === undefined || !supported(call, node).includes(device))
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Invalid boot device ${wanted.boot_device} specified: the driver ${node.driver} supports ${supported(call, node).join(', ')}.`,
    );
  await call.conductor.setBootDevice(node, device, wanted.persistent);
  return { status: 204 };
}

/** `GET /v1/nodes/{ident}/management/boot_device/supported` */
export async function listBootDevices(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  return { status: 200, body: { supported_boot_devices: supported(call, node) } };
}

function supported(call: Call, node: Node): readonly string[] {
  return driverOfNode(call, node).supportedBootDevices;
}

/** The driver of a node. @throws IronpxeError DRIVER_UNKNOWN when the conductor has it no more */
export function driverOfNode(call: Call, node: Node): Driver {
  const driver = call.conductor.drivers.get(node.driver);
  if (driver !== undefined) return driver;
  throw new IronpxeError(
    'DRIVER_UNKNOWN',
    `No valid host was found. Reason: No conductor service registered which supports driver ${node.driver}.`,
  );
}

/** Interfaces that a node has without a check of the conductor's. */
const UNCHECKED = [
  'storage',
  'bios',
  'console',
  'firmware',
  'inspect',
  'raid',
  'rescue',
] as const satisfies readonly InterfaceKind[];

/** `GET /v1/nodes/{ident}/validate` and `GET /v1/nodes/validate?node=` */
export async function validateNode(call: Call): Promise<Answer> {
  const ident = call.params.ident ?? call.query.node ?? call.query.node_uuid;
  if (ident === undefined)
    throw new IronpxeError('INVALID_REQUEST', 'Missing mandatory parameter: node.');
  const node = await namedNode(call, ident);
  const unchecked = UNCHECKED.map((kind) => {
    const absent = interfaceOf(call, node, kind).startsWith('no-');
    const reason = unsupported(node, kind).message;
    return [kind, absent ? { result: false, reason } : { result: true }];
  });
  const body = { ...Object.fromEntries(unchecked), ...(await call.conductor.validate(node)) };
  return { status: 200, body };
}

/** Refuses what the node's driver has no interface for, in Ironic's words. */
export function unsupported(node: Pick<Node, 'driver'>, extension: string): IronpxeError {
  return new IronpxeError(
    'UNSUPPORTED_EXTENSION',
    `Driver ${node.driver} does not support ${extension} (disabled or not implemented).`,
  );
}

/** An endpoint whose interface no driver here has. */
export function refuse(extension: string): (call: Call) => Promise<Answer> {
  return async (call) => {
    throw unsupported(await nodeOfPath(call), extension);
  };
}
