import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { putBootFacts } from '../../store/bootFacts.ts';
import type { JsonObject, Node } from '../../store/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import { deployKernelOptions } from '../kernelOptions.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import type { Config } from '../../config/schema.ts';
import type { Step } from './types.ts';

const KEY_LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const KEY_LENGTH = 32;

/** Makes the deploy key and lets the node's MACs boot the deploy ramdisk. */
export const PREPARE_BOOT: Step = {
  name: 'prepare_boot',
  title: 'Preparing the netboot',
  async run(context) {
    const node = await context.node();
    const { config, database } = context.services;
    const deployKey = (await recallDeploy(context)).deployKey ?? newDeployKey();
    const iqn = `iqn.2008-10.org.openstack:${node.uuid}`;
    await rememberDeploy(context, { deployKey, iqn });
    const facts = {
      nodeUuid: node.uuid,
      label: 'deploy' as const,
      files: deployFiles(node, config),
      deployOptions: deployKernelOptions({
        nodeUuid: node.uuid,
        deployKey,
        iqn,
        apiUrl: config.boot_http.url,
        diskDevices: config.pxe.disk_devices,
        rootDeviceHints: rootDeviceHints(node),
        appendParams: config.pxe.append_params,
      }),
      bootOptions: '',
      diskIdentifier: undefined,
    };
    await putBootFacts(database, facts, context.operationUuid);
  },
};

/** 32 random characters of 0-9A-Z, as Ironic makes them. */
function newDeployKey(): string {
  return Array.from({ length: KEY_LENGTH }, () => KEY_LETTERS[randomInt(KEY_LETTERS.length)]).join(
    '',
  );
}

/**
 * Paths of the deploy kernel and ramdisk: `driver_info`, else the configuration.
 * @throws IronpxeError DEPLOY_PARAMETER_MISSING
 */
export function deployFiles(
  node: Node,
  config: Config,
): { readonly deploy_kernel: string; readonly deploy_ramdisk: string } {
  return {
    deploy_kernel: deployFile(node, 'deploy_kernel', config.pxe.deploy_kernel),
    deploy_ramdisk: deployFile(node, 'deploy_ramdisk', config.pxe.deploy_ramdisk),
  };
}

function deployFile(
  node: Node,
  key: 'deploy_kernel' | 'deploy_ramdisk',
  configured: string | undefined,
): string {
  const own = node.driverInfo[key] ?? node.driverInfo[`pxe_${key}`];
  if (typeof own === 'string' && own.startsWith('file:///')) return fileURLToPath(own);
  if (own !== undefined)
    throw new IronpxeError(
      'DEPLOY_PARAMETER_INVALID',
      `driver_info/${key}: found ${JSON.stringify(own)}, expected a file:/// URL.`,
    );
  if (configured !== undefined) return configured;
  throw new IronpxeError(
    'DEPLOY_PARAMETER_MISSING',
    `Node ${node.uuid} has no driver_info/${key}, and the configuration no pxe.${key}.`,
  );
}

function rootDeviceHints(node: Node): JsonObject | undefined {
  const hints = node.properties['root_device'];
  return typeof hints === 'object' && hints !== null ? { ...hints } : undefined;
}
