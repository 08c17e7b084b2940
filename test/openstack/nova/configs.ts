import { join } from 'node:path';
import type { Database } from './backends.ts';

/** What the configuration files are made of. */
export type Facts = {
  readonly folder: string;
  readonly authUrl: string;
  readonly password: string;
  readonly transportUrl: string;
  readonly database: Database;
  readonly ports: { readonly nova: number; readonly neutron: number };
  readonly glanceUrl: string;
};

/** As whom nova-compute speaks to the bare-metal API. */
export const IRONIC_USER = 'nova-ironic';

type Section = Readonly<Record<string, string | number | boolean>>;

/** INI as oslo.config reads it. */
function ini(sections: Readonly<Record<string, Section>>): string {
  return Object.entries(sections)
    .map(([name, options]) => {
      const lines = Object.entries(options).map(([option, value]) => `${option} = ${value}`);
      return `[${name}]\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** How a service logs in at Keystone. */
function user({ authUrl, password }: Facts, username: string): Section {
  return {
    auth_type: 'password',
    auth_url: `${authUrl}/v3`,
    username,
    password,
    project_name: 'service',
    user_domain_name: 'Default',
    project_domain_name: 'Default',
    region_name: 'RegionOne',
  };
}

function tokens(facts: Facts, username: string): Section {
  const { region_name: _, ...login } = user(facts, username);
  return { ...login, www_authenticate_uri: `${facts.authUrl}/v3` };
}

export function placementConf(facts: Facts): string {
  return ini({
    DEFAULT: { use_stderr: true },
    api: { auth_strategy: 'keystone' },
    keystone_authtoken: tokens(facts, 'placement'),
    placement_database: { connection: facts.database.connection('placement') },
  });
}

/** One file for nova-api, nova-conductor, nova-scheduler and nova-compute. */
export function novaConf(facts: Facts): string {
  const { folder, database, transportUrl, ports, glanceUrl } = facts;
  return ini({
    DEFAULT: {
      use_stderr: true,
      host: 'ironpxe',
      my_ip: '127.0.0.1',
      state_path: join(folder, 'nova'),
      log_dir: '',
      transport_url: transportUrl,
      enabled_apis: 'osapi_compute',
      osapi_compute_listen: '127.0.0.1',
      osapi_compute_listen_port: ports.nova,
      osapi_compute_workers: 1,
      compute_driver: 'ironic.IronicDriver',
      reserved_host_memory_mb: 0,
      update_resources_interval: 5,
      sync_power_state_interval: 600,
      // A busy host is slow, and no reason to give a service up.
      rpc_response_timeout: 600,
      service_down_time: 600,
      vif_plugging_is_fatal: false,
      vif_plugging_timeout: 0,
      // The configuration drive is a file system given to us gzipped.
      config_drive_format: 'iso9660',
      mkisofs_cmd: 'xorrisofs',
    },
    api: { auth_strategy: 'keystone' },
    api_database: { connection: database.connection('nova_api') },
    database: { connection: database.connection('nova') },
    keystone_authtoken: tokens(facts, 'nova'),
    conductor: { workers: 1 },
    scheduler: { workers: 1, discover_hosts_in_cells_interval: 3 },
    filter_scheduler: { track_instance_changes: false },
    placement: user(facts, 'nova'),
    glance: { api_servers: glanceUrl },
    neutron: user(facts, 'nova'),
    ironic: { ...user(facts, IRONIC_USER), api_retry_interval: 2 },
    service_user: { ...user(facts, 'nova'), send_service_user_token: true },
    oslo_messaging_rabbit: { heartbeat_timeout_threshold: 0 },
    vnc: { enabled: false },
    oslo_concurrency: { lock_path: join(folder, 'nova') },
  });
}

/** Without agents: networks and ports are records only, which is all that is asked of them. */
export function neutronConf(facts: Facts): string {
  return ini({
    DEFAULT: {
      use_stderr: true,
      auth_strategy: 'keystone',
      bind_host: '127.0.0.1',
      bind_port: facts.ports.neutron,
      api_workers: 0,
      rpc_workers: 0,
      core_plugin: 'ml2',
      service_plugins: '',
      state_path: join(facts.folder, 'neutron'),
      // Nobody listens: there are no agents.
      transport_url: 'fake://',
      notify_nova_on_port_status_changes: false,
      notify_nova_on_port_data_changes: false,
    },
    database: { connection: facts.database.connection('neutron') },
    keystone_authtoken: tokens(facts, 'neutron'),
    oslo_concurrency: { lock_path: join(facts.folder, 'neutron') },
    ml2: {
      type_drivers: 'flat',
      tenant_network_types: '',
      mechanism_drivers: '',
      extension_drivers: 'port_security',
    },
    ml2_type_flat: { flat_networks: 'provider' },
    securitygroup: { enable_security_group: false },
  });
}
