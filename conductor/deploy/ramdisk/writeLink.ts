import type { Logger } from 'pino';
import type { Config } from '../../config/schema.ts';
import { MIB } from '../../values/units.ts';
import type { TargetDisk } from '../plan/types.ts';
import { recallDeploy } from '../steps/deployData.ts';
import type { StepContext } from '../steps/types.ts';
import { requireKernelInitiator } from '../writers/classic/available.ts';
import { openKernelDisk } from '../writers/classic/kernelDisk.ts';
import { removeLeftovers } from '../writers/classic/leftovers.ts';
import type { WriteOptions } from '../writers/planWriter.ts';
import { openNodeDisk, targetOf } from './link.ts';

/** What one process of dd writes; also what is written again at most for each when it is killed. */
const DD_BYTES = 8 * MIB;

/** A disk to be written. */
export type WriteDisk = TargetDisk & AsyncDisposable & { readonly sentBytes: number };

function isClassic({ iscsi }: Config): boolean {
  return iscsi.writer === 'iscsiadm';
}

/** Opens the disk that the ramdisk exports for writing. @throws IronpxeError RAMDISK_*, ISCSI_* */
export async function openWriteDisk(context: StepContext, signal: AbortSignal): Promise<WriteDisk> {
  const { config } = context.services;
  if (!isClassic(config)) return openNodeDisk(context, signal);
  const target = await targetOf(context, await recallDeploy(context), signal);
  const reconnectForMs = config.iscsi.reconnect_seconds * 1000;
  return openKernelDisk({ ...target, owner: config.state_dir, reconnectForMs, signal });
}

/** In what pieces a plan is written, and how many at a time. */
export function piecesFor(config: Config): Pick<WriteOptions, 'inFlightBytes' | 'chunkBytes'> {
  const { in_flight_mib: inFlightMib, dd_processes: processes } = config.iscsi;
  if (!isClassic(config)) return { inFlightBytes: inFlightMib * MIB };
  return { inFlightBytes: processes * DD_BYTES, chunkBytes: DD_BYTES };
}

/**
 * Makes ready what writes disks: the kernel's sessions of a killed conductor end, and an initiator
 * that the configuration asks for must be there.
 * @throws IronpxeError ISCSI_KERNEL_INITIATOR_MISSING, ISCSI_LOGOUT_FAILED, COMMAND_*
 */
export async function readyWriter(config: Config, logger: Logger): Promise<void> {
  if (isClassic(config)) await requireKernelInitiator();
  const left = await removeLeftovers(config.state_dir);
  if (left.length > 0) logger.info({ interfaces: left }, 'ended iSCSI sessions of an earlier run');
}
