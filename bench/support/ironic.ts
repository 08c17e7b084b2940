import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from '../../conductor/process/run.ts';
import { startDatabase } from '../../test/openstack/nova/backends.ts';
import {
  answers,
  type Daemons,
  freePort,
  SYSTEM_ENV,
} from '../../test/openstack/support/daemons.ts';

/** A running Ironic of the distribution. */
export type Ironic = {
  readonly url: string;
  readonly listenPort: number;
  /** Where its conductor listens. */
  readonly rpcPort: number;
  /** From the start of its API and conductor until both answer. */
  readonly startMs: number;
};

const FAKE_INTERFACES = [
  'bios',
  'boot',
  'console',
  'deploy',
  'inspect',
  'management',
  'power',
  'raid',
  'rescue',
  'vendor',
];

/**
 * Starts Ironic's API (under uWSGI as the distribution does, with a process for each processor) and
 * its conductor on loopback, without authentication, over a MariaDB and JSON-RPC.
 */
export async function startIronic(daemons: Daemons): Promise<Ironic> {
  const [listenPort, rpcPort] = [await freePort(), await freePort()];
  const database = await startDatabase(daemons, ['ironic']);
  const folder = join(daemons.folder, 'ironic');
  await mkdir(folder);
  const config = join(folder, 'ironic.conf');
  await writeFile(config, ironicConf(folder, database.connection('ironic'), rpcPort));
  const dbSync = ['--config-file', config, 'create_schema'];
  await run('ironic-dbsync', dbSync, { env: SYSTEM_ENV, timeoutMs: 300_000 });
  const startedMs = performance.now();
  const url = `http://127.0.0.1:${listenPort}`;
  await Promise.all([
    daemons.start('ironic-conductor', ['ironic-conductor', '--config-file', config], {
      ready: () => answers(`http://127.0.0.1:${rpcPort}`),
    }),
    daemons.start('ironic-api', uwsgi(config, listenPort), { ready: () => answers(`${url}/v1`) }),
  ]);
  return { url, listenPort, rpcPort, startMs: performance.now() - startedMs };
}

function ironicConf(folder: string, connection: string, rpcPort: number): string {
  return `
[DEFAULT]
auth_strategy = noauth
enabled_hardware_types = fake-hardware
${FAKE_INTERFACES.map((kind) => `enabled_${kind}_interfaces = fake`).join('\n')}
enabled_network_interfaces = noop
enabled_storage_interfaces = noop
rpc_transport = json-rpc
host = 127.0.0.1
my_ip = 127.0.0.1
state_path = ${folder}
use_stderr = true
[database]
connection = ${connection}
[json_rpc]
auth_strategy = noauth
host_ip = 127.0.0.1
port = ${rpcPort}
[conductor]
automated_clean = false
[oslo_concurrency]
lock_path = ${folder}
`;
}

/** As /etc/ironic/ironic-api-uwsgi.ini and the init script have it, but for the number of processes. */
function uwsgi(config: string, listenPort: number): string[] {
  const flags = ['master', 'thunder-lock', 'lazy-apps', 'enable-threads', 'die-on-term'];
  const values = {
    plugin: 'python3',
    'http-socket': `127.0.0.1:${listenPort}`,
    'wsgi-file': '/usr/bin/ironic-api-wsgi',
    pyargv: `--config-file ${config}`,
    processes: String(availableParallelism()),
    threads: '1',
    listen: '100',
    'buffer-size': '65535',
    'add-header': 'Connection: close',
  };
  const options = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  return ['uwsgi', ...flags.map((flag) => `--${flag}`), ...options];
}
