import { z } from 'zod';
import { ipv4, absolutePath, httpUrl } from './values.ts';

/** Where images come from. */
export const images = z.strictObject({
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

/** The timelines of nodes. */
export const events = z.strictObject({
  keep_days: z.int().min(1).max(36_500).default(90).describe('How long events stay.'),
});

/** Who the conductor is in OpenStack. */
export const keystone = z.strictObject({
  auth_url: httpUrl
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

/** Images with a Glance UUID. */
export const glance = z.strictObject({
  url: httpUrl.optional().describe('Glance, in place of the endpoint in the catalog.'),
});

/** Networks of machines. */
export const neutron = z.strictObject({
  url: httpUrl.optional().describe('Neutron, in place of the endpoint in the catalog.'),
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
