import type { KnownHost } from '../netboot/facts.ts';
import { DEFAULT_ARCHITECTURE, LOADERS } from '../netboot/dhcp/loaders.ts';
import type { Ipv4 } from '../values/ipv4.ts';

/** One of Neutron's `extra_dhcp_opts`; null removes it. */
export type ExtraDhcpOption = {
  readonly opt_name: string;
  readonly opt_value: string | null;
  readonly ip_version: 4;
};

/** Where machines find what they boot. */
export type BootServers = {
  readonly tftpServer: Ipv4 | undefined;
  /** Base of HTTP boot URLs, without a slash at the end. */
  readonly httpUrl: string;
};

/** Client architecture (option 93) by `cpu_arch`, for UEFI; everything else is taken for x86. */
const UEFI_ARCHITECTURES: Readonly<Record<string, number>> = { aarch64: 11, arm64: 11, i686: 6 };

/** Every name that {@link bootOptions} may write, so that those of an earlier deploy can be removed. */
const NAMES = ['67', 'tag:!ipxe,67', 'tag:ipxe,67', '66', '150', '255'] as const;

/**
 * The DHCP options by which Neutron's dnsmasq sends a machine here, under Ironic's numeric names:
 * 67 boot file, 66 and 150 TFTP server, 255 dnsmasq's server-ip-address. Neutron cannot choose by
 * option 93, so the boot file follows from what the node is said to be.
 */
export function bootOptions(
  host: Pick<KnownHost, 'ipxe' | 'ipxeDrivers' | 'bootMode'>,
  cpuArch: unknown,
  { tftpServer, httpUrl }: BootServers,
): readonly ExtraDhcpOption[] {
  const mode = host.bootMode ?? 'bios';
  const byArch = mode === 'uefi' ? UEFI_ARCHITECTURES[String(cpuArch)] : undefined;
  const loader = LOADERS.get(byArch ?? DEFAULT_ARCHITECTURE[mode]);
  if (loader === undefined) throw new Error(`There is no boot loader for ${String(cpuArch)}.`);
  const file = loader[host.ipxe ? (host.ipxeDrivers ? 'ipxeDrivers' : 'ipxe') : 'pxe'];
  // iPXE of UEFI firmware cannot start shim; BIOS iPXE starts pxelinux as any PXE does.
  const scripted = host.ipxe || mode === 'uefi';
  const values: Partial<Record<(typeof NAMES)[number], string>> = {
    ...(scripted
      ? { 'tag:!ipxe,67': file, 'tag:ipxe,67': `${httpUrl}/boot.ipxe` }
      : { '67': file }),
    ...(tftpServer !== undefined && { '66': tftpServer, '150': tftpServer, '255': tftpServer }),
  };
  return NAMES.map((name) => ({ opt_name: name, opt_value: values[name] ?? null, ip_version: 4 }));
}
