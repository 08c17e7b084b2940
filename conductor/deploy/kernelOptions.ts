import { IronpxeError } from '../errors/error.ts';
import type { JsonObject, Node } from '../store/types.ts';

const DEFAULT = '%default%';

/** What the kernel line of the deploy ramdisk is made of. */
export type DeployOptions = {
  readonly nodeUuid: string;
  readonly deployKey: string;
  readonly iqn: string;
  readonly apiUrl: string;
  readonly diskDevices: string;
  readonly rootDeviceHints: JsonObject | undefined;
  readonly appendParams: string;
};

/**
 * Kernel parameters of the deploy ramdisk, in Ironic's order (Kilo); the boot loader adds
 * `initrd=` and BOOTIF.
 */
export function deployKernelOptions(options: DeployOptions): string {
  const { rootDeviceHints: hints } = options;
  return [
    'selinux=0',
    `disk=${options.diskDevices}`,
    `iscsi_target_iqn=${options.iqn}`,
    `deployment_id=${options.nodeUuid}`,
    `deployment_key=${options.deployKey}`,
    `ironic_api_url=${options.apiUrl}`,
    'troubleshoot=0',
    'text',
    options.appendParams,
    'boot_option=netboot',
    ...(hints && Object.keys(hints).length > 0 ? [`root_device=${encodeHints(hints)}`] : []),
    'boot_mode=bios',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function encodeHints(hints: JsonObject): string {
  return Object.entries(hints)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`)
    .join(',');
}

/**
 * Kernel parameters of the user's system. `kernel_append_params` of the instance wins over the
 * node's (driver_info), and that over the configuration; `%default%` inserts the next lower one.
 * A `root=` among them replaces the one that was found on the disk.
 * @throws IronpxeError DEPLOY_PARAMETER_MISSING when no root is known
 */
export function bootKernelOptions(
  node: Node,
  configured: string,
  rootDevice: string | undefined,
): string {
  const levels = [
    node.driverInfo['kernel_append_params'],
    node.instanceInfo['kernel_append_params'],
  ];
  const append = levels.reduce<string>(
    (lower, level) => (typeof level === 'string' ? level.replaceAll(DEFAULT, lower) : lower),
    configured,
  );
  if (/(^|\s)root=/.test(append)) return append.trim();
  if (rootDevice === undefined)
    throw new IronpxeError(
      'DEPLOY_PARAMETER_MISSING',
      'The image has no file system UUID to boot from, and instance_info/kernel_append_params names no root=.',
    );
  return `root=${rootDevice} ro text ${append}`.trim();
}
