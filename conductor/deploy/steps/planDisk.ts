import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { IronpxeError } from '../../errors/error.ts';
import { inspectImage } from '../../images/inspectImage.ts';
import { MIB } from '../../values/units.ts';
import { planDisk } from '../plan/planDisk.ts';
import type { DiskRequest } from '../plan/request.ts';
import { savePlan } from '../planFile.ts';
import { imageCacheDir, operationDir } from '../places.ts';
import { parseDeployRequest } from '../request.ts';
import { openNodeDisk } from './disk.ts';
import { left, recallDeploy, rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

const LARGEST_CONFIG_DRIVE_BYTES = 64 * MIB;

/** Looks at the machine's disk and works out every byte that will be written to it. */
export const PLAN_DISK: Step = {
  name: 'plan_disk',
  title: 'Planning the disk',
  async run(context) {
    const { config } = context.services;
    const workDir = operationDir(config, context.operationUuid);
    await rm(workDir, { recursive: true, force: true });
    await mkdir(workDir, { recursive: true });
    const request = parseDeployRequest(await context.node());
    const imagePath = left((await recallDeploy(context)).imagePath, 'image');
    const { signal } = context;
    const image = await inspectImage(imagePath, {
      cacheDir: imageCacheDir(config),
      signal,
      ...(request.imageFormat && { declaredFormat: request.imageFormat }),
    });
    const size = await diskSize(context);
    const configDrive = await unpackConfigDrive(request.configDrive, workDir);
    const plan = await planDisk(
      {
        ...size,
        image,
        wholeDisk: request.wholeDisk,
        rootGib: request.rootGib,
        swapMib: request.swapMib,
        ephemeralGib: request.ephemeralGib,
        ephemeralFormat: request.ephemeralFormat,
        preserveEphemeral: request.preserveEphemeral,
        diskLabel: request.diskLabel,
        bootMode: 'bios',
        localBoot: false,
        ...(configDrive !== undefined && { configDrive }),
      },
      { workDir, signal },
    );
    await savePlan(workDir, plan);
    await rememberDeploy(context, { durableBytes: 0 });
  },
};

async function diskSize(
  context: StepContext,
): Promise<Pick<DiskRequest, 'diskSizeBytes' | 'blockSizeBytes'>> {
  await using disk = await openNodeDisk(context);
  const { sizeBytes: diskSizeBytes, blockSizeBytes } = disk;
  if (blockSizeBytes === 512 || blockSizeBytes === 4096) return { diskSizeBytes, blockSizeBytes };
  throw new IronpxeError(
    'DISK_UNSUPPORTED',
    `The disk has sectors of ${blockSizeBytes} bytes, expected 512 or 4096.`,
  );
}

/** Writes base64(gzip(ISO)) as a file; `undefined` when there is none. */
async function unpackConfigDrive(
  text: string | undefined,
  workDir: string,
): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const path = join(workDir, 'configdrive.iso');
  try {
    const packed = Buffer.from(text, 'base64');
    await writeFile(
      path,
      await promisify(gunzip)(packed, { maxOutputLength: LARGEST_CONFIG_DRIVE_BYTES }),
    );
  } catch (error) {
    throw new IronpxeError(
      'DEPLOY_PARAMETER_INVALID',
      'instance_info/configdrive: expected the base64 text of a gzipped ISO image of at most 64 MiB.',
      { cause: error },
    );
  }
  return path;
}
