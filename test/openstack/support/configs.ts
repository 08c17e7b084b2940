import { join } from 'node:path';

/** The most that a user may store, so that a quota can be met: 320 MiB. */
export const QUOTA_BYTES = 320 * 1024 ** 2;

/** keystone.conf: SQLite and keys in `folder`. */
export function keystoneConf(folder: string): string {
  return `
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///${join(folder, 'keystone.sqlite')}
[fernet_tokens]
key_repository = ${join(folder, 'fernet')}
[credential]
key_repository = ${join(folder, 'credential')}
[cache]
enabled = false
[identity]
; Hashes are not what is tested, and many log in.
password_hash_rounds = 4
`;
}

/** glance-api.conf: one process, SQLite and a file store in `folder`. */
export function glanceConf(services: {
  readonly folder: string;
  readonly authUrl: string;
  readonly glancePort: number;
  readonly password: string;
  /** The most that a user may store. */
  readonly quotaBytes: number;
}): string {
  const { folder, authUrl, glancePort, password, quotaBytes } = services;
  const store = (name: string) => `filesystem_store_datadir = ${join(folder, name)}`;
  return `
[DEFAULT]
bind_host = 127.0.0.1
bind_port = ${glancePort}
workers = 0
use_stderr = true
enabled_backends = file:file
user_storage_quota = ${quotaBytes}
[database]
connection = sqlite:///${join(folder, 'glance.sqlite')}
[glance_store]
default_backend = file
[file]
${store('images')}
[os_glance_staging_store]
${store('staging')}
[os_glance_tasks_store]
${store('tasks')}
[keystone_authtoken]
www_authenticate_uri = ${authUrl}
auth_url = ${authUrl}
auth_type = password
username = glance
password = ${password}
project_name = service
user_domain_name = Default
project_domain_name = Default
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
[oslo_concurrency]
lock_path = ${join(folder, 'lock')}
`;
}
