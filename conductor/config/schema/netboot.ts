import { z } from 'zod';
import type { Ipv4 } from '../../values/ipv4.ts';
import {
  ipv4,
  cidr,
  absolutePath,
  listenAddress,
  listenPort,
  seconds,
  kernelParameters,
} from './values.ts';

const url = z.url({ protocol: /^http$/ }).transform((text) => text.replace(/\/+$/, ''));

/** What machines reach over HTTP. */
export const bootHttp = z.strictObject({
  listen_address: listenAddress
    .default('0.0.0.0' as Ipv4)
    .describe(
      'Address for HTTP boot and the call-back of the ramdisk; nothing else of the API is served here.',
    ),
  listen_port: listenPort.default(8088).describe('TCP port for HTTP boot and the call-back.'),
  url: url.describe('The same, as machines on the provisioning network reach it.'),
});

const subnet = z.strictObject({
  cidr: cidr.describe('The network, such as 192.0.2.0/24.'),
  range_start: ipv4.optional().describe('First address to lease (needed in mode server).'),
  range_end: ipv4.optional().describe('Last address to lease (needed in mode server).'),
  gateway: ipv4.optional().describe('Default router for the machines.'),
  dns: z.array(ipv4).default([]).describe('Name servers for the machines.'),
  domain: z.string().optional().describe('Domain name for the machines.'),
  lease_seconds: seconds.default(3600).describe('How long a lease lives.'),
  next_server: ipv4
    .optional()
    .describe('TFTP server that this subnet reaches, if not server_address.'),
  http_url: url
    .optional()
    .describe(
      'URL for HTTP boot and the call-back that this subnet reaches, if not boot_http.url.',
    ),
});

/** DHCP for the provisioning network. */
export const dhcp = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      'Whether this conductor has to do with DHCP; "ironpxe dhcp options" helps otherwise.',
    ),
  mode: z
    .enum(['server', 'proxy', 'dnsmasq'])
    .default('server')
    .describe(
      'Give addresses; name boot files beside another server; or write files for a dnsmasq.',
    ),
  server_address: ipv4.optional().describe('Own address on the provisioning network (needed).'),
  unknown_machines: z
    .enum(['ignore', 'answer'])
    .default('ignore')
    .describe('Whether machines without a port get an address.'),
  address_probe_ms: z
    .int()
    .min(0)
    .max(5000)
    .default(300)
    .describe('How long an address is asked for before it is first offered; 0: not at all.'),
  foreign_search_seconds: z
    .int()
    .min(0)
    .max(24 * 3600)
    .default(900)
    .describe('How often other DHCP servers on the network are looked for; 0: never.'),
  dnsmasq_hosts_dir: absolutePath
    .optional()
    .describe('The dhcp-hostsdir of a dnsmasq (needed in mode dnsmasq).'),
  dnsmasq_options_dir: absolutePath
    .optional()
    .describe('The dhcp-optsdir of a dnsmasq (needed in mode dnsmasq).'),
  subnets: z
    .array(subnet)
    .default([])
    .describe('The networks that are served, direct or by relay.'),
});

/** TFTP for firmware and pxelinux. */
export const tftp = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether this conductor serves TFTP.'),
  listen_address: listenAddress.default('0.0.0.0' as Ipv4).describe('Address for TFTP.'),
  listen_port: listenPort.default(69).describe('UDP port for TFTP; firmware asks on 69.'),
});

/** What machines boot. */
export const pxe = z.strictObject({
  append_params: kernelParameters
    .default('nofb nomodeset vga=normal')
    .describe('Kernel parameters for the deploy ramdisk and for the system of the user.'),
  disk_devices: z
    .string()
    .regex(/^[\w/,.-]+$/, 'expected device names joined by commas')
    .default('cciss/c0d0,sda,hda,vda,nvme0n1')
    .describe(
      'Where the ramdisk looks for the disk when there are no root device hints, in order.',
    ),
  ipxe_enabled: z
    .boolean()
    .default(false)
    .describe(
      'iPXE and HTTP in place of pxelinux and TFTP; driver_info/ipxe_enabled of a node wins.',
    ),
  ipxe_rom: z
    .enum(['use', 'chainload'])
    .default('use')
    .describe('Whether the iPXE in the firmware is used, or always undionly.kpxe.'),
  deploy_kernel: absolutePath
    .optional()
    .describe('Kernel of the deploy ramdisk; driver_info/deploy_kernel of a node wins.'),
  deploy_ramdisk: absolutePath
    .optional()
    .describe('The deploy ramdisk; driver_info/deploy_ramdisk of a node wins.'),
});
