import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { explain } from '../../errors/error.ts';
import { Digests, digestFile } from '../../images/checksum.ts';
import { inspectImage } from '../../images/inspectImage.ts';
import { rawCopy } from '../../images/rawCopy.ts';
import type { ImageFacts } from '../../images/types.ts';
import { deleteBootFacts } from '../../store/bootFacts.ts';
import { recallAgent, rememberAgent } from '../agent/data.ts';
import { imageParams } from '../agent/imageInfo.ts';
import { imageUrl } from '../agent/imageUrl.ts';
import { agentSession } from '../agent/session.ts';
import { ask, haveDone, tell } from '../agent/work.ts';
import { bootUrlFor } from '../bootUrl.ts';
import { configDrivePath } from '../configDrive/keep.ts';
import { tidyImageCache } from '../imageCache.ts';
import { imageCacheDir } from '../places.ts';
import { switchPower } from '../power.ts';
import { type DeployRequest, parseDeployRequest } from '../request.ts';
import { comeBack } from './agentBoot.ts';
import { left, recallDeploy } from './deployData.ts';
import { enterNetworks } from './networks.ts';
import { switchBootTo } from './switchBoot.ts';
import type { Step, StepContext } from './types.ts';

/** Makes the image raw and hashes it: so agents stream it onto the disk, and need no memory for it. */
export const PREPARE_AGENT_IMAGE: Step = {
  name: 'prepare_agent_image',
  title: 'Preparing the image for the agent',
  async run(context) {
    const { config } = context.services;
    const { imageFormat } = parseDeployRequest(await context.node());
    const imagePath = left((await recallDeploy(context)).imagePath, 'image');
    const image = await inspectImage(imagePath, {
      cacheDir: imageCacheDir(config),
      signal: context.signal,
      ...(imageFormat && { declaredFormat: imageFormat }),
    });
    const path = await rawPath(context, image);
    const digests = new Digests(['sha256']);
    await digestFile(path, digests, context.signal);
    const { content } = image;
    await rememberAgent(context, {
      agentImage: {
        path,
        sha256: digests.digest('sha256'),
        secret: randomBytes(32).toString('hex'),
        ...(content.kind === 'disk' && { diskIdentifier: content.diskIdentifier }),
      },
    });
  },
};

async function rawPath(context: StepContext, image: ImageFacts): Promise<string> {
  if (image.format === 'raw') return image.path;
  return rawCopy(image.path, {
    cacheDir: imageCacheDir(context.services.config),
    dataBytes: image.allocatedBytes,
    makeRoom: (neededBytes) => tidyImageCache(context.services, neededBytes),
    signal: context.signal,
  });
}

/** Has the agent fetch the image, write it, and put the configuration drive beside it. */
export const WRITE_BY_AGENT: Step = {
  name: 'write_by_agent',
  title: 'Having the agent write the disk',
  async run(context) {
    const { config } = context.services;
    const image = left((await recallAgent(context)).agentImage, 'image');
    await comeBack(context);
    const node = await context.node();
    const request = parseDeployRequest(node);
    const { hostname: address } = new URL(left(agentSession(node), 'agent').url);
    const expiresAtSeconds = Math.floor(Date.now() / 1000) + config.agent.image_url_seconds;
    const { nodeUuid, operationUuid } = context;
    const grant = { operationUuid, expiresAtSeconds };
    const url = imageUrl(bootUrlFor(config, address), grant, image.secret);
    const configDrive = await packedConfigDrive(context, request);
    const params = imageParams(request, { nodeUuid, url, sha256: image.sha256, configDrive });
    const done = await haveDone(context, { name: 'standby.prepare_image', params, key: 'image' });
    const { result } = done;
    await context.observe('write.done', typeof result === 'string' ? result : 'written');
    await rememberAgent(context, { agentUuids: await ask(context, 'standby.get_partition_uuids') });
  },
};

/** As agents take it, in whatever form the user gave it. */
async function packedConfigDrive(
  context: StepContext,
  { configDrive }: Pick<DeployRequest, 'configDrive'>,
): Promise<string | undefined> {
  if (configDrive === undefined) return undefined;
  const image = await readFile(configDrivePath(context));
  return (await promisify(gzip)(image)).toString('base64');
}

/** Where the agent says what it made, by the names of its answer. */
const ROOT = 'root uuid';
const EFI = 'efi system partition uuid';
const PREP = 'PReP Boot partition uuid';

/** Installs a boot loader where the machine needs one on its disk, and switches the boot over. */
export const SWITCH_BOOT_BY_AGENT: Step = {
  name: 'switch_boot_by_agent',
  title: "Switching the boot to the user's system",
  async run(context) {
    const { agentUuids = {}, agentImage } = await recallAgent(context);
    const request = parseDeployRequest(await context.node());
    const isUefi = request.bootMode === 'uefi';
    if (request.installsLoader || (request.wholeDisk && isUefi))
      await haveDone(context, {
        name: 'image.install_bootloader',
        key: 'boot loader',
        params: {
          root_uuid: request.wholeDisk ? null : (agentUuids[ROOT] ?? null),
          efi_system_part_uuid: agentUuids[EFI] ?? null,
          prep_boot_part_uuid: agentUuids[PREP] ?? null,
          target_boot_mode: isUefi ? 'uefi' : 'bios',
        },
      });
    const root = agentUuids[ROOT];
    const rootDevice = request.wholeDisk || typeof root !== 'string' ? undefined : `UUID=${root}`;
    const diskIdentifier = agentImage?.diskIdentifier;
    await switchBootTo(context, { rootDevice, diskIdentifier });
    // Without an identifier nothing could send the machine to its disk: its firmware goes there.
    if (request.bootsFromDisk && diskIdentifier === undefined)
      await deleteBootFacts(context.services.database, context.nodeUuid, context.operationUuid);
  },
};

const OFF_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 2000;

/** Has the agent flush the disks and switch the machine off; the driver does so where it does not. */
export const LEAVE_AGENT: Step = {
  name: 'leave_agent',
  title: 'Leaving the agent',
  async run(context) {
    if (!(await isOff(context))) await powerOffByAgent(context);
    await switchPower(context, 'power off');
  },
};

/** The same, where a step of the user may have switched the machine already. */
export const LEAVE_SERVICE_AGENT: Step = {
  ...LEAVE_AGENT,
  async run(context) {
    if (agentSession(await context.node()) !== undefined) await LEAVE_AGENT.run(context);
    else await switchPower(context, 'power off');
  },
};

/**
 * A disk that was not flushed may lack what was written last, so that is no failure to pass over;
 * when this runs again after a kill, the agent may have gone as it was told.
 */
async function powerOffByAgent(context: StepContext): Promise<void> {
  if (context.attempt === 1) await ask(context, 'standby.sync');
  try {
    await tell(context, 'standby.power_off');
  } catch (error) {
    context.signal.throwIfAborted();
    await context.observe('ramdisk.released', `switched off hard: ${explain(error)}`);
    return;
  }
  const giveUpAtMs = Date.now() + OFF_WITHIN_MS;
  while (Date.now() < giveUpAtMs && !(await isOff(context)))
    await delay(LOOK_EVERY_MS, undefined, { signal: context.signal });
}

/** People who switch machines are not asked what they see. */
async function isOff(context: StepContext): Promise<boolean> {
  const { driver, node } = await context.machine();
  if (driver.powerSync === false) return false;
  return (await driver.powerState(node, { signal: context.signal })) === 'power off';
}

/** From here on the machine is on the networks of its instance. */
export const ENTER_INSTANCE_NETWORKS: Step = {
  name: 'enter_instance_networks',
  title: 'Going over to the networks of the instance',
  run: (context) => enterNetworks(context, 'instance'),
};

export const START_INSTANCE: Step = {
  name: 'start_instance',
  title: "Powering on into the user's system",
  run: (context) => switchPower(context, 'power on'),
};
