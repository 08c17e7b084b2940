import type { Ipv4 } from '../../values/ipv4.ts';
import type { KnownHost } from '../facts.ts';
import { isNetbootClient, type DhcpClient } from './client.ts';
import { OPTION } from './codes.ts';
import type { DhcpConfig, Subnet } from './config.ts';
import { DEFAULT_ARCHITECTURE, LOADERS, type Loader } from './loaders.ts';
import { ipv4Bytes, textBytes } from './options.ts';
import type { DhcpPacket } from './packet.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** The boot file a machine is told, or why it is told none. */
export type BootAnswer =
  | { readonly file: string; readonly nextServer: Ipv4 }
  | { readonly file: undefined; readonly why: string };

/** The header's file field holds 127 characters and a NUL. */
const LONGEST_FILE = 127;

/**
 * Chooses the boot file by client architecture, user class and what the node is to boot through. A
 * machine with nothing to boot gets none, so that its firmware goes on to the next boot device at
 * once.
 */
export function bootAnswer(client: DhcpClient, snapshot: DhcpSnapshot): BootAnswer {
  const { host, boot, subnet, config } = snapshot;
  if (!isNetbootClient(client)) return none('not a netboot client');
  if (host === undefined) return none('unknown machine');
  if (boot === undefined) return none('nothing to boot');
  const loader = loaderOf(client, host);
  if (loader === undefined) return none(`no boot loader for architecture ${client.architecture}`);
  if (takesScript(client, host, loader, subnet)) return named('boot.ipxe', 'http', subnet);
  const name = loader[choiceOf(host, loader, config.mode)];
  const missing = config.missingLoaders.get(name);
  if (missing !== undefined) return none(`${name} for ${loader.firmware} is missing: ${missing}`);
  return named(name, loader.transport, subnet);
}

/**
 * Behind a proxyDHCP server GRUB would look for its files at the other server, from which it has its
 * address (seen: GRUB 2.06 of Debian 12): so UEFI machines boot through iPXE there.
 */
function choiceOf(
  host: KnownHost,
  loader: Loader,
  mode: DhcpConfig['mode'],
): 'pxe' | 'ipxe' | 'ipxeDrivers' {
  if (host.ipxe) return host.ipxeDrivers ? 'ipxeDrivers' : 'ipxe';
  return mode === 'proxy' && loader.bootMode === 'uefi' ? 'ipxe' : 'pxe';
}

/** The loaders for a machine: by its own word, else by what the node is said to be. */
export function loaderOf(client: DhcpClient, host: KnownHost): Loader | undefined {
  return LOADERS.get(client.architecture ?? DEFAULT_ARCHITECTURE[host.bootMode ?? 'bios']);
}

/**
 * Whether iPXE is asking that can go on with our script. The iPXE of a UEFI network card does so
 * for every node: it cannot start shim (seen with QEMU's EFI ROMs).
 */
function takesScript(
  client: DhcpClient,
  host: KnownHost,
  loader: Loader,
  { httpUrl }: Subnet,
): boolean {
  return client.ipxe && httpUrl !== undefined && (host.ipxe || loader.bootMode === 'uefi');
}

function named(name: string, transport: Loader['transport'], subnet: Subnet): BootAnswer {
  const { httpUrl, nextServer } = subnet;
  if (transport === 'tftp') return { file: name, nextServer };
  if (httpUrl === undefined) return none(`${subnet.name} has no HTTP boot URL`);
  return { file: `${httpUrl}/${name}`, nextServer };
}

function none(why: string): BootAnswer {
  return { file: undefined, why };
}

/** The header fields that carry a boot answer. A URL too long for the header stays in option 67. */
export function bootFields(answer: BootAnswer): Pick<DhcpPacket, 'siaddr' | 'file'> | undefined {
  if (answer.file === undefined) return undefined;
  const file = answer.file.length <= LONGEST_FILE ? answer.file : '';
  return { siaddr: answer.nextServer, file };
}

/** The options that carry a boot answer. */
export function bootOptions(answer: BootAnswer, client: DhcpClient): [number, Uint8Array][] {
  if (answer.file === undefined) return [];
  const options: [number, Uint8Array][] = [[OPTION.bootFile, textBytes(answer.file)]];
  // UEFI 2.5 §23.7.3: without this vendor class the firmware does not take the URL.
  if (client.http) return [...options, [OPTION.vendorClass, textBytes('HTTPClient')]];
  options.push(
    [OPTION.tftpServer, textBytes(answer.nextServer)],
    [OPTION.tftpServerAddress, ipv4Bytes(answer.nextServer)],
  );
  if (client.pxe) options.push(...pxeOptions());
  if (client.ipxe) options.push([OPTION.ipxe, NO_PROXY_DHCP]);
  return options;
}

/**
 * With option 60 alone, PXE firmware would look for a boot server on port 4011; discovery control 8
 * in option 43 tells it to take the boot file of this reply (PXE 2.1 §2.2.5, sub-option 6).
 */
function pxeOptions(): [number, Uint8Array][] {
  return [
    [OPTION.vendorClass, textBytes('PXEClient')],
    [OPTION.vendorOptions, Uint8Array.of(6, 1, 8, 255)],
  ];
}

/** iPXE's `no-pxedhcp` (sub-option 176): do not wait three seconds for a ProxyDHCP server. */
const NO_PROXY_DHCP = Uint8Array.of(176, 1, 1);
