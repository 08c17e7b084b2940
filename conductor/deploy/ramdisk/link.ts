import { IronpxeError } from '../../errors/error.ts';
import { type IscsiDisk, openIscsiDisk } from '../../iscsi/disk.ts';
import { type DeployData, left, recallDeploy, rememberDeploy } from '../steps/deployData.ts';
import type { StepContext } from '../steps/types.ts';
import { MIB } from '../../values/units.ts';
import { ramdiskCommands } from './commands.ts';
import type { RamdiskSession } from './dialogue.ts';
import { chapOf, namesOf, sessionKey } from './secrets.ts';
import type { RamdiskCommands } from './types.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 60_000;

/** The session with the ramdisk that called back; `undefined` for a classic one. */
export function sessionOf({ callback, deployKey }: DeployData): RamdiskSession | undefined {
  if (callback?.nonces === undefined || deployKey === undefined) return undefined;
  const { ramdisk, ours } = callback.nonces;
  return { address: callback.address, key: sessionKey(deployKey, ramdisk, ours) };
}

/**
 * The commands of the ramdisk that called back to this operation.
 * @throws IronpxeError RAMDISK_CLASSIC when it takes none
 */
export async function ramdiskOf(context: StepContext): Promise<RamdiskCommands> {
  const data = await recallDeploy(context);
  const session = sessionOf(data);
  if (session !== undefined) return ramdiskCommands(session);
  const { address } = left(data.callback, 'call-back');
  throw new IronpxeError('RAMDISK_CLASSIC', `The ramdisk at ${address} takes no commands.`);
}

/**
 * Opens the disk that the ramdisk exports: under mutual CHAP with one that takes commands.
 * @throws IronpxeError RAMDISK_*, ISCSI_*
 */
export async function openNodeDisk(
  context: StepContext,
  signal: AbortSignal = context.signal,
): Promise<IscsiDisk> {
  const data = await recallDeploy(context);
  const { iscsi } = context.services.config;
  return openIscsiDisk({
    ...(await targetOf(context, data, signal)),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    maxInFlightBytes: iscsi.in_flight_mib * MIB,
    reconnectForMs: iscsi.reconnect_seconds * 1000,
    observe: (event) => context.say(event.kind, event.message, { ...event.data }),
    signal,
  });
}

/** Where the ramdisk's disk is, exported anew by one that takes commands. @throws IronpxeError RAMDISK_* */
export async function targetOf(context: StepContext, data: DeployData, signal: AbortSignal) {
  const { address: host, iqn, listenPort, lun } = left(data.callback, 'call-back');
  const session = sessionOf(data);
  if (session === undefined) return { host, iqn: left(iqn, 'target name'), listenPort, lun };
  const { serial, wwn, ...target } = await ramdiskCommands(session).exportDisk({ signal });
  await rememberDeploy(context, { disk: { serial, wwn } });
  const { initiatorIqn } = namesOf(session.key);
  const { iqn: name, listenPort: portal, lun: number } = target;
  const chap = chapOf(session.key);
  return { host, iqn: name, listenPort: portal, lun: number, initiatorIqn, chap };
}
