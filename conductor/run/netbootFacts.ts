import type { Logger } from 'pino';
import type { WakeUps } from '../deploy/wakeups.ts';
import type { KnownHost, NetbootFacts } from '../netboot/facts.ts';
import { getBootFacts } from '../store/bootFacts.ts';
import type { Database } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { leaseBook } from '../store/leases.ts';
import { findNode } from '../store/nodes.ts';
import { bootableNodeOf, isPort } from '../store/ports.ts';
import type { Node } from '../store/types.ts';
import type { Mac } from '../values/mac.ts';
import type { Strangers } from './strangers.ts';

export type NetbootFactsOptions = {
  readonly database: Database;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
  /** Whether nodes boot by iPXE when their driver_info does not say. */
  readonly ipxeByDefault: boolean;
  /** What machines of no node boot; without it they are not answered. */
  readonly strangers?: Strangers | undefined;
};

/** What the netboot services may know of the store; what they see goes into the timeline. */
export function netbootFacts(options: NetbootFactsOptions): NetbootFacts {
  const { database, wakeUps, logger, strangers } = options;
  const nodeByMac = async (mac: Mac): Promise<Node | undefined> => {
    const nodeUuid = await bootableNodeOf(database, mac);
    return nodeUuid === undefined ? undefined : findNode(database, nodeUuid);
  };
  const strangerOf = async (mac: Mac): Promise<Strangers | undefined> =>
    strangers === undefined || (await isPort(database, mac)) ? undefined : strangers;
  return {
    leases: leaseBook(database),
    async hostByMac(mac) {
      const node = await nodeByMac(mac);
      return node === undefined
        ? (await strangerOf(mac))?.host
        : knownHost(node, options.ipxeByDefault);
    },
    async bootFactsByMac(mac) {
      const node = await nodeByMac(mac);
      return node === undefined ? (await strangerOf(mac))?.boot : getBootFacts(database, node.uuid);
    },
    bootFactsByNode: async (nodeUuid) =>
      nodeUuid === strangers?.boot.nodeUuid ? strangers.boot : getBootFacts(database, nodeUuid),
    observe(seen) {
      const event =
        seen.nodeUuid === strangers?.boot.nodeUuid ? { ...seen, nodeUuid: undefined } : seen;
      logger.debug({ ...event }, event.kind);
      appendEvent(database, event)
        .then(() => event.nodeUuid !== undefined && wakeUps.wake(event.nodeUuid))
        .catch((error: unknown) => logger.warn({ err: error }, 'an event was lost'));
    },
  };
}

const LOADER_SETTINGS = ['pxe', 'ipxe', 'ipxe_drivers'];

/**
 * What a node is to boot through: `driver_info/ironpxe_loader`, else `ipxe_enabled` there or in the
 * configuration. Its boot mode is a hint for firmware that does not name its architecture.
 */
export function knownHost(node: Node, ipxeByDefault: boolean): KnownHost {
  const { driverInfo, name, uuid } = node;
  const wished = LOADER_SETTINGS.find((setting) => setting === driverInfo['ironpxe_loader']);
  const enabled = driverInfo['ipxe_enabled'];
  const ipxe =
    enabled === undefined ? ipxeByDefault : [true, 'true', 'True'].some((word) => word === enabled);
  const bootMode = bootModeOf(node);
  return {
    nodeUuid: uuid,
    hostname: name ?? undefined,
    ipxe: wished === undefined ? ipxe : wished !== 'pxe',
    ipxeDrivers: wished === 'ipxe_drivers',
    ...(bootMode && { bootMode }),
  };
}

/** Ironic's capability: `instance_info` or `properties`, as text `boot_mode:uefi,…` or an object. */
function bootModeOf({ properties, instanceInfo }: Node): KnownHost['bootMode'] {
  for (const { capabilities } of [instanceInfo, properties]) {
    const text = typeof capabilities === 'string' ? capabilities : JSON.stringify(capabilities);
    const [, mode] = /(?:^|[,{"\s])boot_mode"?\s*:\s*"?(bios|uefi)\b/.exec(text ?? '') ?? [];
    if (mode === 'bios' || mode === 'uefi') return mode;
  }
  return undefined;
}
