import type { Ipv4 } from '../../values/ipv4.ts';
import type { DhcpClient } from './client.ts';
import { OPTION } from './codes.ts';
import { LOADERS } from './loaders.ts';
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
 * Chooses the boot file by client architecture and user class. A machine with nothing to boot gets
 * none, so that its firmware goes on to the next boot device at once.
 */
export function bootAnswer(client: DhcpClient, snapshot: DhcpSnapshot): BootAnswer {
  const { host, boot, subnet } = snapshot;
  if (!client.pxe && !client.ipxe) return { file: undefined, why: 'not a netboot client' };
  if (host === undefined) return { file: undefined, why: 'unknown machine' };
  if (boot === undefined) return { file: undefined, why: 'nothing to boot' };
  if (host.ipxe && client.ipxe && subnet.httpUrl !== undefined)
    return { file: `${subnet.httpUrl}/boot.ipxe`, nextServer: subnet.nextServer };
  const loader = LOADERS.get(client.architecture);
  if (loader === undefined)
    return { file: undefined, why: `no boot loader for architecture ${client.architecture}` };
  return { file: host.ipxe ? loader.ipxe : loader.pxe, nextServer: subnet.nextServer };
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
  const options: [number, Uint8Array][] = [
    [OPTION.tftpServer, textBytes(answer.nextServer)],
    [OPTION.bootFile, textBytes(answer.file)],
    [OPTION.tftpServerAddress, ipv4Bytes(answer.nextServer)],
  ];
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
