import { z } from 'zod';
import { CONFIG_SCHEMA } from '../../conductor/config/schema.ts';

/** The parts of a JSON schema that this page reads. */
type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
};

/** Values for options that have no default, so that the example is a whole configuration. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  host: 'conductor-1',
  'api.socket': '/run/ironpxe/api.sock',
  'boot_http.url': 'http://192.0.2.1:8088',
  'dhcp.server_address': '192.0.2.1',
  'dhcp.subnets.cidr': '192.0.2.0/24',
  'dhcp.subnets.range_start': '192.0.2.100',
  'dhcp.subnets.range_end': '192.0.2.199',
  'dhcp.subnets.gateway': '192.0.2.254',
  'dhcp.subnets.dns': ['192.0.2.53'],
  'dhcp.subnets.domain': 'machines.example',
  'dhcp.subnets.next_server': '192.0.2.1',
  'dhcp.subnets.http_url': 'http://192.0.2.1:8088',
  'dhcp.dnsmasq_hosts_dir': '/var/lib/ironpxe/dnsmasq/hosts',
  'dhcp.dnsmasq_options_dir': '/var/lib/ironpxe/dnsmasq/options',
  'pxe.deploy_kernel': '/var/lib/ironpxe/ramdisk/kernel',
  'api.tls_certificate': '/etc/ironpxe/api.crt',
  'api.tls_key': '/etc/ironpxe/api.key',
  'auth.user_file': '/etc/ironpxe/users',
  'auth.www_authenticate_uri': 'http://192.0.2.10:5000',
  'keystone.auth_url': 'http://192.0.2.10:5000/v3',
  'keystone.username': 'ironpxe',
  'keystone.password': 'secret',
  'keystone.application_credential_id': '0123456789abcdef0123456789abcdef',
  'keystone.application_credential_secret': 'secret',
  'keystone.region_name': 'RegionOne',
  'keystone.ca_file': '/etc/ssl/certs/ca-certificates.crt',
  'glance.url': 'http://192.0.2.10:9292',
  'neutron.url': 'http://192.0.2.10:9696',
  'neutron.tftp_server': '192.0.2.1',
  'neutron.provisioning_network': 'provisioning',
  'neutron.cleaning_network': 'cleaning',
  'webhooks.url': 'https://hooks.example/ironpxe',
  'webhooks.secret': `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`,
  'iscsi.links.cidr': '192.0.2.0/24',
  'iscsi.links.limit_mbit': 8000,
  'pxe.deploy_ramdisk': '/var/lib/ironpxe/ramdisk/initramfs',
};

/** A commented configuration file with every option: type, default, unit, and an example. */
export function exampleConfiguration(): string {
  const schema = z.toJSONSchema(CONFIG_SCHEMA, { io: 'input', unrepresentable: 'any' }) as Schema;
  return [
    '# ironpxe configuration. Generated from conductor/config/schema.ts by "npm run docs".',
    '# Every option is shown; those with a default may be left out. The file is read once, at start:',
    '# its digest is logged and shown by GET /, and a change needs a restart. Times are in the unit',
    '# that the name of the option ends in.',
    '',
    ...section(schema, '', ''),
  ].join('\n');
}

function section(schema: Schema, path: string, indent: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const comment = `${indent}# ${option.description ?? ''}${facts(option, schema.required?.includes(name) ?? false)}`;
    if (option.properties)
      return [comment, `${indent}${name}:`, ...section(option, here, `${indent}  `), ''];
    if (option.items?.properties) {
      const [first = '', ...rest] = section(option.items, here, `${indent}    `);
      return [comment, `${indent}${name}:`, `${indent}  -`, first, ...rest];
    }
    return [comment, `${indent}${name}: ${JSON.stringify(EXAMPLES[here] ?? option.default)}`];
  });
}

function facts(option: Schema, required: boolean): string {
  if (option.properties) return '';
  const type = option.enum ? option.enum.join(' or ') : (option.type ?? 'text');
  if (option.default !== undefined) return ` (${type}, default ${JSON.stringify(option.default)})`;
  return ` (${type}, ${required ? 'required' : 'optional'})`;
}
