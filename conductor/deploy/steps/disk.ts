import { type IscsiDisk, openIscsiDisk } from '../../iscsi/disk.ts';
import { MIB } from '../../values/units.ts';
import { left, recallDeploy } from './deployData.ts';
import type { StepContext } from './types.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 60_000;

/** Opens the disk that the ramdisk of this deploy exports. */
export async function openNodeDisk(context: StepContext): Promise<IscsiDisk> {
  const { callback } = await recallDeploy(context);
  const { address, iqn, listenPort, lun } = left(callback, 'call-back');
  const { iscsi } = context.services.config;
  return openIscsiDisk({
    host: address,
    listenPort,
    iqn,
    lun,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    maxInFlightBytes: iscsi.in_flight_mib * MIB,
    reconnectForMs: iscsi.reconnect_seconds * 1000,
    observe: (event) => context.say(event.kind, event.message, { ...event.data }),
    signal: context.signal,
  });
}
