import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import type { BootMode } from '../../drivers/types.ts';
import { inspectImage } from '../../images/inspectImage.ts';
import type { ImageFacts } from '../../images/types.ts';
import { MIB } from '../../values/units.ts';
import { configDrivePath } from '../configDrive/keep.ts';
import { checkLoaderSupport } from '../loaderSupport.ts';
import { partitionsOf } from '../plan/imageTable.ts';
import { planDisk } from '../plan/planDisk.ts';
import type { DiskRequest } from '../plan/request.ts';
import type { DiskPlan } from '../plan/types.ts';
import { savePlan } from '../planFile.ts';
import { imageCacheDir, operationDir } from '../places.ts';
import { withoutReceipt } from '../receipt.ts';
import { type DeployRequest, parseDeployRequest } from '../request.ts';
import { holdOn } from '../ramdisk/holdOn.ts';
import { openNodeDisk } from '../ramdisk/link.ts';
import { left, recallDeploy, rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/** Looks at the machine's disk and works out every byte that will be written to it. */
export const PLAN_DISK: Step = {
  name: 'plan_disk',
  title: 'Planning the disk',
  async run(context) {
    const { config } = context.services;
    const workDir = operationDir(config, context.operationUuid);
    await clear(workDir, configDrivePath(context));
    const node = await context.node();
    // From here on the disk is no longer what an earlier receipt says.
    await context.updateNode({ driverInternalInfo: withoutReceipt(node.driverInternalInfo) });
    const request = parseDeployRequest(node);
    const imagePath = left((await recallDeploy(context)).imagePath, 'image');
    const { signal } = context;
    const image = await inspectImage(imagePath, {
      cacheDir: imageCacheDir(config),
      signal,
      ...(request.imageFormat && { declaredFormat: request.imageFormat }),
    });
    const found = await lookAtDisk(context, request, image);
    const diskRequest = { ...found, ...wishes(request, found.bootMode), image };
    const configDrive = request.configDrive === undefined ? undefined : configDrivePath(context);
    const plan = await planDisk({ ...diskRequest, configDrive }, { workDir, signal });
    if (request.preserveEphemeral) await checkEphemeral(context, plan, found.blockSizeBytes);
    await savePlan(workDir, plan);
    await rememberDeploy(context, { durableBytes: 0, writePlannedFor: undefined });
  },
};

/** The config drive was unpacked before the machine was touched. */
async function clear(workDir: string, kept: string): Promise<void> {
  await mkdir(workDir, { recursive: true });
  for (const name of await readdir(workDir))
    if (join(workDir, name) !== kept)
      await rm(join(workDir, name), { recursive: true, force: true });
}

/** What the user wants of the disk. Firmware with UEFI boots from a GPT. */
function wishes(request: DeployRequest, bootMode: BootMode) {
  const { wholeDisk, rootGib, swapMib, ephemeralGib, ephemeralFormat } = request;
  const { preserveEphemeral, installsLoader: localBoot } = request;
  const diskLabel = request.diskLabel ?? (bootMode === 'uefi' ? 'gpt' : 'msdos');
  const sizes = { rootGib, swapMib, ephemeralGib, ephemeralFormat, preserveEphemeral };
  return { wholeDisk, ...sizes, diskLabel, localBoot } as const;
}

type Found = Pick<DiskRequest, 'diskSizeBytes' | 'blockSizeBytes' | 'bootMode'>;

async function lookAtDisk(
  context: StepContext,
  { installsLoader, bootMode: wished }: DeployRequest,
  image: ImageFacts,
): Promise<Found> {
  const found = await holdOn(context, async (signal) => {
    const bootMode = installsLoader
      ? await checkLoaderSupport(context, image, wished, signal)
      : (wished ?? 'bios');
    await using disk = await openNodeDisk(context, signal);
    return { diskSizeBytes: disk.sizeBytes, blockSizeBytes: disk.blockSizeBytes, bootMode };
  });
  const { blockSizeBytes } = found;
  if (blockSizeBytes === 512 || blockSizeBytes === 4096) return { ...found, blockSizeBytes };
  throw new IronpxeError(
    'DISK_UNSUPPORTED',
    `The disk has sectors of ${blockSizeBytes} bytes, expected 512 or 4096.`,
  );
}

/**
 * What is preserved must be there, or was there when an earlier try took the table away.
 * @throws IronpxeError EPHEMERAL_NOT_FOUND
 */
async function checkEphemeral(
  context: StepContext,
  { partitions }: DiskPlan,
  blockSizeBytes: number,
): Promise<void> {
  const wanted = partitions.find(({ role }) => role === 'ephemeral');
  if (wanted === undefined) return;
  const head = await holdOn(context, async (signal) => {
    await using disk = await openNodeDisk(context, signal);
    return await disk.read(0, MIB);
  });
  const { offsetBytes: start, lengthBytes } = wanted;
  const found = partitionsOf(head, blockSizeBytes);
  const isThere = found.some((one) => one.start === start && one.end === start + lengthBytes);
  if (isThere || head.every((byte) => byte === 0)) return;
  const places = found.map((one) => `${one.start} to ${one.end}`).join(', ') || 'none';
  throw new IronpxeError(
    'EPHEMERAL_NOT_FOUND',
    `The ephemeral partition would be bytes ${start} to ${start + lengthBytes}, and the disk has ` +
      `the partitions ${places}.`,
  );
}
