import { hostname } from 'node:os';
import { z } from 'zod';
import { api, auth } from './schema/api.ts';
import { bootHttp, dhcp, tftp, pxe } from './schema/netboot.ts';
import { deploy, clean, inspect, agent } from './schema/procedures.ts';
import { consoles, fake, power, ipmi, redfish, manual, ssh } from './schema/drivers.ts';
import { images, events, keystone, glance, neutron } from './schema/services.ts';
import { iscsi } from './schema/iscsi.ts';
import { webhooks } from './schema/webhooks.ts';
import { absolutePath } from './schema/values.ts';

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
  webhooks: webhooks.describe('Who is told of events.'),
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
  console: consoles.prefault({}).describe('Serial consoles of machines.'),
  manual: manual.prefault({}).describe('The manual driver: people switch the machine.'),
});

/** A configuration that passed all checks. */
export type Config = z.output<typeof CONFIG_SCHEMA>;
