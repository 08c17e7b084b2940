import type { JsonObject } from '../store/types.ts';

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
