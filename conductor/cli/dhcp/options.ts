import { IronpxeError } from '../../errors/error.ts';
import {
  EXTERNAL_SERVERS,
  externalConfig,
  externalRows,
  type ExternalBoot,
} from '../../netboot/dhcp/external.ts';
import { tryParseIpv4 } from '../../values/ipv4.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';

/** The listening port of HTTP boot when the configuration names no other. */
const HTTP_LISTEN_PORT = 8088;
const LOADER_OF = { pxe: 'pxe', ipxe: 'ipxe', ipxe_drivers: 'ipxeDrivers' } as const;

/** `ironpxe dhcp options` */
export const dhcpOptions: Command = {
  name: 'dhcp options',
  summary: 'Print what another DHCP server must be told',
  args: [],
  options: {
    for: { value: 'SERVER', what: 'dnsmasq, dnsmasq-files (for dhcp.mode: dnsmasq), isc or kea.' },
    server: { value: 'ADDRESS', what: 'Address of this conductor for the machines.' },
    'http-url': { value: 'URL', what: 'Its HTTP boot URL (default http://ADDRESS:8088).' },
    loader: { value: 'LOADER', what: 'pxe (pxelinux or GRUB, default), ipxe or ipxe_drivers.' },
  },
  text: `For networks whose DHCP server stays (dhcp.enabled: false in the configuration). The boot files are
those of the table that the conductor's own DHCP answers by. Nothing is changed and nobody asked.`,
  examples: [
    'ironpxe dhcp options --for dnsmasq --server 192.0.2.1 > /etc/dnsmasq.d/ironpxe.conf',
    'ironpxe dhcp options --for kea --server 192.0.2.1 --loader ipxe',
  ],
  run: print,
};

async function print(invocation: Invocation): Promise<number> {
  const { io, json } = invocation;
  const server = EXTERNAL_SERVERS.find((known) => known === invocation.text('for'));
  if (server === undefined && !json) throw wrong('for', invocation, EXTERNAL_SERVERS.join(', '));
  const boot = bootOf(invocation);
  if (server === undefined || json) io.out(`${JSON.stringify({ rows: externalRows(boot) })}\n`);
  else io.out(externalConfig(server, boot));
  return EXIT.ok.status;
}

function bootOf(invocation: Invocation): ExternalBoot {
  const tftpServer = tryParseIpv4(invocation.text('server') ?? '');
  if (tftpServer === undefined) throw wrong('server', invocation, 'an address such as 192.0.2.1');
  const httpUrl = invocation.text('http-url') ?? `http://${tftpServer}:${HTTP_LISTEN_PORT}`;
  // Written into configuration files: nothing that could end a word or a line of them.
  if (!/^http:\/\/[\w.:[\]-]+(?:\/[\w./~-]*)?$/.test(httpUrl))
    throw wrong('http-url', invocation, 'a URL such as http://192.0.2.1:8088');
  const wished = invocation.text('loader') ?? 'pxe';
  if (!isLoader(wished)) throw wrong('loader', invocation, Object.keys(LOADER_OF).join(', '));
  return { tftpServer, httpUrl: httpUrl.replace(/\/+$/, ''), loader: LOADER_OF[wished] };
}

function isLoader(text: string): text is keyof typeof LOADER_OF {
  return Object.hasOwn(LOADER_OF, text);
}

function wrong(option: string, invocation: Invocation, expected: string): IronpxeError {
  const found = invocation.text(option);
  const what = found === undefined ? 'is needed' : `is "${found}"`;
  return new IronpxeError('CLI_USAGE', `--${option} ${what}; expected ${expected}.`);
}
