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
const priority = z.int().min(0).max(1000);
const kernelParameters = z
  .string()
  .regex(/^[\x20-\x7e]*$/, 'expected printable characters on one line');

/** The interfaces of fake-hardware that can be slow. */
const FAKE_PARTS = [
  'power',
  'boot',
  'deploy',
  'vendor',
  'management',
  'inspect',
  'raid',
  'bios',
  'storage',
  'rescue',
] as const;
type FakePart = (typeof FAKE_PARTS)[number];

const api = z.strictObject({
  listen_address: z
    .string()
    .default('127.0.0.1')
    .describe('Address of the REST API; loopback, as long as auth.strategy is noauth.'),
  listen_port: listenPort.default(6385).describe('TCP port of the REST API.'),
  socket: absolutePath
    .optional()
    .describe(
      'Unix socket on which the REST API listens as well, for its owner without credentials.',
    ),
  tls_certificate: absolutePath
    .optional()
    .describe('Certificate with its chain (PEM): the REST API then speaks HTTPS.'),
  tls_key: absolutePath.optional().describe('Key of the certificate (PEM).'),
  allowed_hosts: z
    .array(z.string().toLowerCase())
    .default([])
    .describe(
      'Names besides localhost and addresses by which a REST API without auth may be asked.',
    ),
});

const auth = z.strictObject({
  strategy: z
    .enum(['noauth', 'http_basic', 'keystone'])
    .default('noauth')
    .describe(
      'Who may use the REST API over TCP: everybody, users of a file, or by Keystone tokens.',
    ),
  noauth_beyond_loopback: z
    .boolean()
    .default(false)
    .describe('Let noauth listen on an address that others reach: they may then do everything.'),
  user_file: absolutePath
    .optional()
    .describe(
      'For http_basic: users as "htpasswd -B" writes them; it is read anew when it changes.',
    ),
  service_project_name: z
    .string()
    .default('service')
    .describe(
      'For keystone: the project in which the role service may use every node, as Nova does.',
    ),
  enforce_scope: z
    .boolean()
    .default(true)
    .describe(
      'For keystone: false also takes the role admin of any project for an administrator, and ' +
        'baremetal_admin and baremetal_observer of the projects baremetal and demo.',
    ),
  token_cache_seconds: z
    .int()
    .min(0)
    .max(3600)
    .default(60)
    .describe(
      'For keystone: how long a token is not checked again; one revoked is good for as long.',
    ),
  www_authenticate_uri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'For keystone: where users log in, as a 401 tells them; keystone.auth_url by default.',
    ),
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
  range_start: ipv4.optional().describe('First address to lease (needed in mode server).'),
  range_end: ipv4.optional().describe('Last address to lease (needed in mode server).'),
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
  verify: z
    .enum(['full', 'written', 'off'])
    .default('written')
    .describe(
      'What the ramdisk reads back before the disk may boot: all of the plan, or what was written ' +
        'and a sample of the zeros; driver_info/ironpxe_verify and instance_info/ironpxe_verify win.',
    ),
  write: z
    .enum(['delta', 'full'])
    .default('delta')
    .describe(
      'Whether what already stands on the disk is left alone; instance_info/ironpxe_write wins.',
    ),
  allow_in_maintenance: z
    .boolean()
    .default(true)
    .describe('Whether nodes in maintenance may be deployed, rebuilt, provided and cleaned.'),
});

const clean = z.strictObject({
  automated: z
    .boolean()
    .default(false)
    .describe(
      'Whether machines are cleaned by provide and after an undeploy; automated_clean of a node wins.',
    ),
  metadata_priority: priority
    .default(99)
    .describe('Place of erase_devices_metadata in automated cleaning; 0 leaves it out.'),
  erase_priority: priority
    .default(0)
    .describe('Place of erase_devices in automated cleaning; 0 leaves it out.'),
  erase_way: z
    .enum([
      'auto',
      'nvme_format_crypto',
      'nvme_format',
      'ata_secure',
      'secure_discard',
      'discard',
      'overwrite',
    ])
    .default('auto')
    .describe('How erase_devices erases a disk; auto takes the strongest that the disk can do.'),
  callback_timeout_seconds: seconds
    .default(1800)
    .describe('How long a machine may take from power on to the call-back of the ramdisk.'),
});

const inspect = z.strictObject({
  callback_timeout_seconds: seconds
    .default(1800)
    .describe('How long a machine may take from power on to the call-back of the ramdisk.'),
  add_ports: z
    .enum(['all', 'active', 'pxe'])
    .default('all')
    .describe('Which NICs become ports: all, those with a link, or the one that booted.'),
});

const agent = z.strictObject({
  require_tls: z
    .boolean()
    .default(true)
    .describe('Refuse agents (IPA) that cannot be called by https.'),
  command_timeout_seconds: seconds
    .default(60)
    .describe('How long an agent may take to answer a request.'),
  silence_timeout_seconds: seconds
    .default(300)
    .describe('How long an agent is tried again that does not answer at all.'),
  work_timeout_seconds: seconds
    .default(24 * 3600)
    .describe('How long a piece of work of an agent may take, such as writing or erasing disks.'),
  image_url_seconds: seconds
    .default(3600)
    .describe('How long the URL of an image is good that an agent is given.'),
});

const delay = z
  .string()
  .regex(/^\d+(\.\d+)?(,\d+(\.\d+)?)?$/, 'expected seconds, or two numbers joined by a comma')
  .default('0');
const fake = z.strictObject(
  Object.fromEntries(
    FAKE_PARTS.map((part) => [
      `${part}_delay`,
      delay.describe(
        `Seconds that the ${part} interface of fake-hardware takes, or a range such as 1,5.`,
      ),
    ]),
  ) as Readonly<Record<`${FakePart}_delay`, typeof delay>>,
);

const power = z.strictObject({
  sync_interval_seconds: z
    .int()
    .min(0)
    .max(7 * 24 * 3600)
    .default(60)
    .describe('How often the power state of each machine is read; 0: never.'),
  sync_workers: z
    .int()
    .min(1)
    .max(100)
    .default(8)
    .describe('How many power states are read at a time; slow BMCs are not counted.'),
  sync_max_failures: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('After how many failures in a row a node goes into maintenance.'),
  force_during_sync: z
    .boolean()
    .default(true)
    .describe(
      'Whether a machine that was switched by others is switched back; if not, the new state is taken over.',
    ),
  recovery_interval_seconds: seconds
    .default(300)
    .describe('How often a node with the fault "power failure" is tried again.'),
  soft_timeout_seconds: seconds
    .default(600)
    .describe('How long a system may take to shut down when it is asked to.'),
  pxe_timeout_seconds: seconds
    .default(600)
    .describe(
      'How long a machine may take from power on to its first PXE request, as long as nothing was learned of its model.',
    ),
});

const ipmi = z.strictObject({
  min_command_interval_seconds: z
    .number()
    .min(0)
    .max(60)
    .default(5)
    .describe('Least time between two commands to one BMC.'),
  command_retry_timeout_seconds: seconds
    .default(60)
    .describe('How long a command is tried again while the BMC says that it is busy.'),
});

const redfish = z.strictObject({
  connect_timeout_seconds: seconds.default(10).describe('How long connecting to a BMC may take.'),
  read_timeout_seconds: seconds.default(60).describe('How long a BMC may take for an answer.'),
  busy_timeout_seconds: seconds
    .default(60)
    .describe('How long a request is tried again while the BMC says that it is busy.'),
});

const manual = z.strictObject({
  timeout_seconds: seconds
    .default(3600)
    .describe('How long people may take to switch a machine of the driver manual.'),
});

const images = z.strictObject({
  file_url_allowed_paths: z
    .array(absolutePath)
    .default(['/var/lib/ironpxe/images'])
    .describe('Folders from which file:// images may be taken.'),
  cache_size_gib: z
    .int()
    .min(1)
    .max(1024 * 1024)
    .default(50)
    .describe(
      'Disk space for downloaded images; those used least recently go first, none that a deploy uses.',
    ),
  cache_days: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('How long a downloaded image stays that nobody asks for.'),
});

const events = z.strictObject({
  keep_days: z.int().min(1).max(36_500).default(90).describe('How long events stay.'),
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

const neutron = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Neutron, in place of the endpoint in the catalog.'),
  tftp_server: ipv4
    .optional()
    .describe(
      "TFTP server in the DHCP options of Neutron's ports; dhcp.server_address or the address in boot_http.url by default.",
    ),
  provisioning_network: z
    .string()
    .min(1)
    .optional()
    .describe('Network, by id or name, on which machines with the interface neutron are written.'),
  cleaning_network: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Network, by id or name, on which machines with the interface flat or neutron are cleaned and inspected.',
    ),
  port_setup_delay_seconds: z
    .int()
    .min(0)
    .max(3600)
    .default(0)
    .describe("How long Neutron's DHCP servers may take to learn the options of a port."),
});

const link = z.strictObject({
  cidr: cidr.describe(
    'The network of the machines, such as 192.0.2.0/24; of several the smallest counts.',
  ),
  limit_mbit: z
    .number()
    .min(1)
    .max(1_000_000)
    .describe('What all writes to its machines have together, in Mbit/s; each has a fair share.'),
});

const iscsi = z.strictObject({
  in_flight_mib: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Data under way to one machine at a time; the memory of a write grows with it.'),
  max_concurrent_writes: z
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe(
      'How many disks are written at a time; other machines wait. Times in_flight_mib it is the memory of all writes.',
    ),
  links: z
    .array(link)
    .default([])
    .describe('Networks of machines whose writes shall not take all that the network can carry.'),
  reconnect_seconds: seconds
    .default(300)
    .describe('How long a lost iSCSI session is tried again before the deploy fails.'),
  writer: z
    .enum(['auto', 'in-process', 'iscsiadm'])
    .default('auto')
    .describe(
      'What writes disks: the initiator of the conductor, or that of the kernel with iscsiadm and dd. auto is the first, the faster one.',
    ),
  dd_processes: z
    .int()
    .min(1)
    .max(8)
    .default(4)
    .describe('Processes of dd for one disk, with 8 MiB of memory each, where iscsiadm writes.'),
  require_authentication: z
    .boolean()
    .default(false)
    .describe('Refuse ramdisks that export their disk to anybody, as the classic ones do.'),
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
  auth: auth.prefault({}).describe('Who may use the REST API.'),
  boot_http: bootHttp.describe('What machines reach over HTTP.'),
  dhcp: dhcp.prefault({}).describe('DHCP for the provisioning network.'),
  tftp: tftp.prefault({}).describe('TFTP for firmware and pxelinux.'),
  pxe: pxe.prefault({}).describe('What machines boot.'),
  deploy: deploy.prefault({}).describe('Deadlines of a deploy.'),
  clean: clean.prefault({}).describe('Cleaning of machines between users.'),
  inspect: inspect.prefault({}).describe('Inspection of machines.'),
  agent: agent.prefault({}).describe('Agents (IPA) in place of the deploy ramdisk.'),
  fake: fake.prefault({}).describe('The hardware type fake-hardware, for tests.'),
  images: images.prefault({}).describe('Where images come from.'),
  events: events.prefault({}).describe('The timelines of nodes.'),
  keystone: keystone.prefault({}).describe('Who the conductor is in OpenStack.'),
  glance: glance.prefault({}).describe('Images with a Glance UUID.'),
  neutron: neutron
    .prefault({})
    .describe('Networks of machines whose network interface is flat or neutron.'),
  iscsi: iscsi.prefault({}).describe("The write to the machine's disk."),
  ssh: ssh.prefault({}).describe('The pxe_ssh driver.'),
  power: power.prefault({}).describe('Power states, and whether machines boot as they were told.'),
  ipmi: ipmi.prefault({}).describe('The ipmi driver.'),
  redfish: redfish.prefault({}).describe('The redfish driver.'),
  manual: manual.prefault({}).describe('The manual driver: people switch the machine.'),
});

/** A configuration that passed all checks. */
export type Config = z.output<typeof CONFIG_SCHEMA>;
