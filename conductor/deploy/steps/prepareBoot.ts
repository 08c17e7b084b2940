import { randomInt } from 'node:crypto';
import { putBootFacts } from '../../store/bootFacts.ts';
import type { JsonObject, Node } from '../../store/types.ts';
import { fetchDeployFiles } from '../deployFiles.ts';
import { bootModeOf } from '../hardware.ts';
import { deployKernelOptions } from '../kernelOptions.ts';
import { parseDeployRequest } from '../request.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import { enterNetworks } from './networks.ts';
import type { Step, StepContext } from './types.ts';

const KEY_LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const KEY_LENGTH = 32;

/** Makes the deploy key and lets the node's MACs boot the deploy ramdisk. */
export const PREPARE_BOOT: Step = {
  name: 'prepare_boot',
  title: 'Preparing the netboot',
  run: (context) => offerRamdisk(context, { withDisk: true }),
};

/** The same for work that is not about one disk: the ramdisk waits for commands only. */
export const PREPARE_SERVICE_BOOT: Step = {
  name: 'prepare_service_boot',
  title: 'Preparing the netboot of the ramdisk',
  run: (context) => offerRamdisk(context, { withDisk: false }),
};

async function offerRamdisk(context: StepContext, { withDisk }: { withDisk: boolean }) {
  await enterNetworks(context, withDisk ? 'deploy' : 'service');
  const node = await context.node();
  const { config, database } = context.services;
  const deployKey = (await recallDeploy(context)).deployKey ?? newDeployKey();
  const iqn = withDisk ? `iqn.2008-10.org.openstack:${node.uuid}` : undefined;
  await rememberDeploy(context, { deployKey, iqn });
  await putBootFacts(
    database,
    {
      nodeUuid: node.uuid,
      label: 'deploy' as const,
      files: await fetchDeployFiles(context),
      deployOptions: deployKernelOptions({
        nodeUuid: node.uuid,
        deployKey,
        iqn,
        apiUrl: config.boot_http.url,
        diskDevices: config.pxe.disk_devices,
        rootDeviceHints: rootDeviceHints(node),
        appendParams: config.pxe.append_params,
        bootOption: installsLoader(context, node) ? 'local' : 'netboot',
        bootMode: bootModeOf(node) ?? 'bios',
      }),
      bootOptions: '',
      diskIdentifier: undefined,
    },
    context.operationUuid,
  );
}

/** What runs on the disk already keeps its boot loader. */
function installsLoader({ verb }: StepContext, node: Node): boolean {
  return (verb === 'deploy' || verb === 'rebuild') && parseDeployRequest(node).installsLoader;
}

/** 32 random characters of 0-9A-Z, as Ironic makes them. */
function newDeployKey(): string {
  return Array.from({ length: KEY_LENGTH }, () => KEY_LETTERS[randomInt(KEY_LETTERS.length)]).join(
    '',
  );
}

function rootDeviceHints(node: Node): JsonObject | undefined {
  const hints = node.properties['root_device'];
  return typeof hints === 'object' && hints !== null ? { ...hints } : undefined;
}
