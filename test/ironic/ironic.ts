import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../conductor/process/run.ts';
import { answers, type Daemons, freePort, SYSTEM_ENV } from '../openstack/support/daemons.ts';

/** Kinds of interface that have a fake one; those that can be switched off have `no-…` besides. */
const FAKE = {
  bios: 'fake,no-bios',
  boot: 'fake',
  console: 'fake,no-console',
  deploy: 'fake',
  inspect: 'fake,no-inspect',
  management: 'fake',
  network: 'noop',
  power: 'fake',
  raid: 'fake,no-raid',
  rescue: 'fake,no-rescue',
  storage: 'noop,fake',
  vendor: 'fake,no-vendor',
} as const;

/**
 * Starts the distribution's Ironic as one process, over SQLite and without authentication, with
 * fake-hardware only. Gives its URL.
 */
export async function startIronic(daemons: Daemons): Promise<string> {
  const [apiPort, rpcPort] = [await freePort(), await freePort()];
  const folder = join(daemons.folder, 'ironic');
  await mkdir(folder);
  const config = join(folder, 'ironic.conf');
  await writeFile(config, ironicConf(folder, apiPort, rpcPort));
  // SQLite knows no migrations, only a schema made at once.
  const schema = ['--config-file', config, 'create_schema'];
  await run('ironic-dbsync', schema, { env: SYSTEM_ENV, timeoutMs: 300_000 });
  const url = `http://127.0.0.1:${apiPort}`;
  await daemons.start('ironic', ['ironic', '--config-file', config], {
    ready: () => answers(`${url}/v1`),
  });
  return url;
}

function ironicConf(folder: string, apiPort: number, rpcPort: number): string {
  const interfaces = Object.entries(FAKE).map(([kind, names]) => [
    `enabled_${kind}_interfaces = ${names}`,
    ...(names.startsWith('fake') ? [`default_${kind}_interface = fake`] : []),
  ]);
  return `
[DEFAULT]
auth_strategy = noauth
enabled_hardware_types = fake-hardware
${interfaces.flat().join('\n')}
rpc_transport = json-rpc
host = localhost
my_ip = 127.0.0.1
state_path = ${folder}
use_stderr = true
[api]
host_ip = 127.0.0.1
port = ${apiPort}
api_workers = 1
[database]
connection = sqlite:///${join(folder, 'ironic.sqlite')}
[json_rpc]
auth_strategy = noauth
host_ip = 127.0.0.1
port = ${rpcPort}
[conductor]
automated_clean = true
[oslo_concurrency]
lock_path = ${folder}
`;
}
