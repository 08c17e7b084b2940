import { hostname } from 'node:os';
import { z } from 'zod';
import { tryParseCidr, tryParseIpv4, type Cidr, type Ipv4 } from '../values/ipv4.ts';

const ipv4 = z.string().transform((text, context): Ipv4 => {
  const address = tryParseIpv4(text);
  if (address === undefined) context.addIssue('expected an IPv4 address such as 192.0.2.1');
  return address ?? ('' as Ipv4);
});

const cidr = z.string().transform((text, context): Cidr => {
  const network = tryParseCidr(text);
  if (network === undefined) context.addIssue('expected a network such as 192.0.2.0/24');
  return network ?? { network: '' as Ipv4, prefixLength: 0 };
});

const absolutePath = z.string().startsWith('/', 'expected an absolute path');
const listenAddress = z.custom<Ipv4>(
  (text) => typeof text === 'string' && tryParseIpv4(text) !== undefined,
  'expected an IPv4 address such as 192.0.2.1',
);
const listenPort = z.int().min(1).max(65535);
const seconds = z
  .int()
  .min(1)
  .max(7 * 24 * 3600);
const kernelParameters = z
  .string()
  .regex(/^[\x20-\x7e]*$/, 'expected printable characters on one line');

const api = z.strictObject({
  listen_address: z
    .string()
    .default('127.0.0.1')
    .describe('Address of the REST API. It has no authentication: keep it on loopback.'),
  listen_port: listenPort.default(6385).describe('TCP port of the REST API.'),
  socket: absolutePath.optional().describe('Unix socket on which the REST API listens as well.'),
});

const bootHttp = z.strictObject({
  listen_address: listenAddress
    .default('0.0.0.0' as Ipv4)
    .describe(
      'Address for HTTP boot and the call-back of the ramdisk; nothing else of the API is served here.',
    ),
  listen_port: listenPort.default(8088).describe('TCP port for HTTP boot and the call-back.'),
  url: z
    .url({ protocol: /^http$/ })
    .transform((text) => text.replace(/\/+$/, ''))
    .describe('The same, as machines on the provisioning network reach it.'),
});

const subnet = z.strictObject({
  cidr: cidr.describe('The network, such as 192.0.2.0/24.'),
  range_start: ipv4.describe('First address to lease.'),
  range_end: ipv4.describe('Last address to lease.'),
  gateway: ipv4.optional().describe('Default router for the machines.'),
  dns: z.array(ipv4).default([]).describe('Name servers for the machines.'),
  domain: z.string().optional().describe('Domain name for the machines.'),
  lease_seconds: seconds.default(3600).describe('How long a lease lives.'),
  next_server: ipv4
    .optional()
    .describe('TFTP server that this subnet reaches, if not server_address.'),
  http_url: z
    .url()
    .optional()
    .describe('HTTP boot URL that this subnet reaches, if not boot_http.url.'),
});

const dhcp = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether this conductor answers DHCP.'),
  server_address: ipv4.optional().describe('Own address on the provisioning network (needed).'),
  unknown_machines: z
    .enum(['ignore', 'answer'])
    .default('ignore')
    .describe('Whether machines without a port get an address.'),
  subnets: z
    .array(subnet)
    .default([])
    .describe('The networks that are served, direct or by relay.'),
});

const tftp = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether this conductor serves TFTP.'),
  listen_address: listenAddress.default('0.0.0.0' as Ipv4).describe('Address for TFTP.'),
  listen_port: listenPort.default(69).describe('UDP port for TFTP; firmware asks on 69.'),
});

const pxe = z.strictObject({
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

const deploy = z.strictObject({
  callback_timeout_seconds: seconds
    .default(1800)
    .describe('How long a machine may take from power on to the call-back of the ramdisk.'),
  boot_timeout_seconds: seconds
    .default(1800)
    .describe('How long a written machine may take to come and fetch its own kernel.'),
  power_timeout_seconds: seconds.default(120).describe('How long switching a machine may take.'),
});

const images = z.strictObject({
  file_url_allowed_paths: z
    .array(absolutePath)
    .default(['/var/lib/ironpxe/images'])
    .describe('Folders from which file:// images may be taken.'),
});

const keystone = z.strictObject({
  auth_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Keystone, for images in Glance; without it there are none.'),
  username: z.string().optional().describe('User of the conductor.'),
  password: z.string().optional().describe('Password of this user.'),
  user_domain_name: z.string().default('Default').describe('Domain of the user.'),
  project_name: z.string().default('service').describe('Project in which the user acts.'),
  project_domain_name: z.string().default('Default').describe('Domain of the project.'),
  application_credential_id: z
    .string()
    .optional()
    .describe('Application credential in place of user, password and project.'),
  application_credential_secret: z
    .string()
    .optional()
    .describe('Secret of the application credential.'),
  region_name: z.string().optional().describe('Region whose Glance is used; any by default.'),
  interface: z
    .enum(['public', 'internal', 'admin'])
    .default('public')
    .describe('Which endpoint of the catalog is used.'),
  ca_file: absolutePath
    .optional()
    .describe('Certificates (PEM) of Keystone and Glance, if not those of the system.'),
});

const glance = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Glance, in place of the endpoint in the catalog.'),
});

const iscsi = z.strictObject({
  in_flight_mib: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Data under way to one machine at a time; the memory of a write grows with it.'),
  reconnect_seconds: seconds
    .default(300)
    .describe('How long a lost iSCSI session is tried again before the deploy fails.'),
});

const ssh = z.strictObject({
  libvirt_uri: z
    .string()
    .regex(/^[\w:/?=.@%+&-]+$/, 'expected a libvirt URI')
    .default('qemu:///system')
    .describe('libvirt connection on the virtualisation host.'),
});

/** The configuration file. Every option carries its description, default and check. */
export const CONFIG_SCHEMA = z.strictObject({
  state_dir: absolutePath
    .default('/var/lib/ironpxe')
    .describe('Database, image cache, boot files.'),
  host: z
    .string()
    .min(1)
    .optional()
    .transform((name) => name ?? hostname())
    .describe('Name of this conductor, as in the reservation of a node; the host name by default.'),
  log_level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
  api: api.prefault({}).describe('The REST API for operators and Nova.'),
  boot_http: bootHttp.describe('What machines reach over HTTP.'),
  dhcp: dhcp.prefault({}).describe('DHCP for the provisioning network.'),
  tftp: tftp.prefault({}).describe('TFTP for firmware and pxelinux.'),
  pxe: pxe.prefault({}).describe('What machines boot.'),
  deploy: deploy.prefault({}).describe('Deadlines of a deploy.'),
  images: images.prefault({}).describe('Where images come from.'),
  keystone: keystone.prefault({}).describe('Who the conductor is in OpenStack.'),
  glance: glance.prefault({}).describe('Images with a Glance UUID.'),
  iscsi: iscsi.prefault({}).describe("The write to the machine's disk."),
  ssh: ssh.prefault({}).describe('The pxe_ssh driver.'),
});

/** A configuration that passed all checks. */
export type Config = z.output<typeof CONFIG_SCHEMA>;
