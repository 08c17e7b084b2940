import type { Logger } from 'pino';
import type { WakeUps } from '../deploy/wakeups.ts';
import type { KnownHost, NetbootFacts } from '../netboot/facts.ts';
import { getBootFacts } from '../store/bootFacts.ts';
import type { Database } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { leaseBook } from '../store/leases.ts';
import { findNode } from '../store/nodes.ts';
import { listPorts } from '../store/ports.ts';
import type { Node } from '../store/types.ts';
import type { Mac } from '../values/mac.ts';

export type NetbootFactsOptions = {
  readonly database: Database;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
  /** Whether nodes boot by iPXE when their driver_info does not say. */
  readonly ipxeByDefault: boolean;
};

/** What the netboot services may know of the store; what they see goes into the timeline. */
export function netbootFacts(options: NetbootFactsOptions): NetbootFacts {
  const { database, wakeUps, logger } = options;
  const nodeByMac = async (mac: Mac): Promise<Node | undefined> => {
    const [port] = await listPorts(database, { address: mac });
    return port?.pxeEnabled ? findNode(database, port.nodeUuid) : undefined;
  };
  return {
    leases: leaseBook(database),
    async hostByMac(mac) {
      const node = await nodeByMac(mac);
      return node && knownHost(node, options.ipxeByDefault);
    },
    async bootFactsByMac(mac) {
      const node = await nodeByMac(mac);
      return node && getBootFacts(database, node.uuid);
    },
    bootFactsByNode: (nodeUuid) => getBootFacts(database, nodeUuid),
    observe(event) {
      logger.debug({ ...event }, event.kind);
      appendEvent(database, event)
        .then(() => event.nodeUuid !== undefined && wakeUps.wake(event.nodeUuid))
        .catch((error: unknown) => logger.warn({ err: error }, 'an event was lost'));
    },
  };
}

function knownHost(node: Node, ipxeByDefault: boolean): KnownHost {
  const own = node.driverInfo['ipxe_enabled'];
  const ipxe = own === undefined ? ipxeByDefault : own === true || own === 'true' || own === 'True';
  return { nodeUuid: node.uuid, hostname: node.name ?? undefined, ipxe };
}
