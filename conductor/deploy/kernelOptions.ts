import type { JsonObject } from '../store/types.ts';

/** What the kernel line of the deploy ramdisk is made of. */
export type DeployOptions = {
  readonly nodeUuid: string;
  readonly deployKey: string;
  /** Without it the ramdisk chooses no disk and waits for commands only. */
  readonly iqn: string | undefined;
  readonly apiUrl: string;
  readonly diskDevices: string;
  readonly rootDeviceHints: JsonObject | undefined;
  readonly appendParams: string;
  /** `local`: a classic ramdisk installs the boot loader that is in the image. */
  readonly bootOption: 'netboot' | 'local';
  readonly bootMode: 'bios' | 'uefi';
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
    ...(options.iqn === undefined ? [] : [`iscsi_target_iqn=${options.iqn}`]),
    `deployment_id=${options.nodeUuid}`,
    `deployment_key=${options.deployKey}`,
    `ironic_api_url=${options.apiUrl}`,
    'troubleshoot=0',
    'text',
    options.appendParams,
    `boot_option=${options.bootOption}`,
    ...(hints && Object.keys(hints).length > 0 ? [`root_device=${encodeHints(hints)}`] : []),
    `boot_mode=${options.bootMode}`,
    // Classic ramdisks do not know the word; ours then takes commands and exports to us alone.
    'ironpxe_commands=1',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function encodeHints(hints: JsonObject): string {
  return Object.entries(hints)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`)
    .join(',');
}

/** Kernel parameters of the ramdisk on a machine of no node, which is to tell what it is made of. */
export function strangerKernelOptions(
  options: Pick<DeployOptions, 'deployKey' | 'apiUrl' | 'appendParams'> & {
    /** For how long switches are listened to. */
    readonly lldpSeconds: number;
  },
): string {
  return [
    'selinux=0',
    `deployment_key=${options.deployKey}`,
    `ironic_api_url=${options.apiUrl}`,
    'text',
    options.appendParams,
    'ironpxe_commands=1',
    'ironpxe_enroll=1',
    `ironpxe_lldp_seconds=${options.lldpSeconds}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
