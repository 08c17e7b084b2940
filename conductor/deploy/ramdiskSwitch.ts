import type { RamdiskSwitch } from '../drivers/manual/driver.ts';
import { hasCode } from '../errors/error.ts';
import type { Database } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { lastOperations } from '../store/latest.ts';
import { ramdiskCommands } from './ramdisk/commands.ts';
import type { RamdiskSession } from './ramdisk/dialogue.ts';
import { sessionOf } from './ramdisk/link.ts';
import { parseDeployData } from './steps/deployData.ts';

/** How far back a ramdisk may have called that still runs. */
const OPERATIONS = 5;
/** A ramdisk that is there answers at once; a machine that went on with something else never. */
const CONNECT_FOR_MS = 5000;

/** Switches machines through our ramdisk, by the session of the operation that it called back to. */
export function createRamdiskSwitch(database: Database): RamdiskSwitch {
  return {
    async leave(nodeUuid, how, signal) {
      const session = await lastSession(database, nodeUuid);
      if (session === undefined) return false;
      const { address } = session;
      try {
        const ramdisk = ramdiskCommands({ ...session, connectForMs: CONNECT_FOR_MS });
        await ramdisk.leave(how, { signal });
      } catch (error) {
        if (hasCode(error, 'RAMDISK_UNREACHABLE', 'RAMDISK_NOT_AUTHENTIC')) return false;
        throw error;
      }
      const message = `the ramdisk at ${address} was told to ${how === 'reboot' ? 'reboot' : 'power off'}`;
      await appendEvent(database, { kind: 'power.changed', nodeUuid, message, data: { address } });
      return true;
    },
  };
}

/** The session with the ramdisk that called back last. */
async function lastSession(
  database: Database,
  nodeUuid: string,
): Promise<RamdiskSession | undefined> {
  const operations = await lastOperations(database, nodeUuid, OPERATIONS);
  return operations.map(({ data }) => sessionOf(parseDeployData(data))).find(Boolean);
}
