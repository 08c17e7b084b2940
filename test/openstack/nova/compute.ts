import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import got from 'got';
import type { identityOf } from '../support/identity.ts';
import { answers, type Daemons, freePort, SYSTEM_ENV } from '../support/daemons.ts';
import type { OpenStack } from '../support/openstack.ts';
import type { OpenStackCommand } from '../support/openstackCommand.ts';
import { startDatabase, startRabbit } from './backends.ts';
import { type Facts, IRONIC_USER, neutronConf, novaConf, placementConf } from './configs.ts';

type Identity = Awaited<ReturnType<typeof identityOf>>;

/**
 * Starts the distribution's Placement, Neutron and Nova beside Keystone and Glance, in the folder of
 * `daemons`. nova-compute has the ironic driver, and finds the bare-metal API in the catalogue.
 */
export async function startCompute(
  daemons: Daemons,
  openstack: OpenStack,
  identity: Identity,
): Promise<void> {
  const { folder } = daemons;
  for (const name of ['nova', 'neutron', 'placement']) await mkdir(join(folder, name));
  const ports = { placement: await freePort(), nova: await freePort(), neutron: await freePort() };
  const [database, transportUrl] = await Promise.all([
    startDatabase(daemons, ['nova_api', 'nova', 'nova_cell0', 'placement', 'neutron']),
    startRabbit(daemons),
  ]);
  const { authUrl, password, glanceUrl } = openstack;
  const facts = { folder, authUrl, password, glanceUrl, transportUrl, database, ports };
  await writeFile(join(folder, 'placement', 'placement.conf'), placementConf(facts));
  await writeFile(join(folder, 'nova.conf'), novaConf(facts));
  await writeFile(join(folder, 'neutron.conf'), neutronConf(facts));
  const url = (listenPort: number) => `http://127.0.0.1:${listenPort}`;
  await identity.service('placement', 'placement', url(ports.placement));
  await identity.service('neutron', 'network', url(ports.neutron));
  await identity.service('nova', 'compute', `${url(ports.nova)}/v2.1`);
  // The ironic driver gets by with the role "service".
  const project = await identity.projectId('service');
  await identity.user(IRONIC_USER, { project, role: 'service' });
  await Promise.all([
    startPlacement(daemons, ports.placement),
    startNeutron(daemons, facts),
    prepareNova(facts),
  ]);
  await wakeNeutron(url(ports.neutron), identity);
  await startNova(daemons, facts);
}

async function startPlacement(daemons: Daemons, listenPort: number): Promise<void> {
  const env = { OS_PLACEMENT_CONFIG_DIR: join(daemons.folder, 'placement') };
  await execa(
    'placement-manage',
    ['--config-file', join(env.OS_PLACEMENT_CONFIG_DIR, 'placement.conf'), 'db', 'sync'],
    { env: SYSTEM_ENV },
  );
  const where = ['--host', '127.0.0.1', '--port', String(listenPort)];
  await daemons.start('placement', ['placement-api', ...where], {
    env,
    ready: () => answers(`http://127.0.0.1:${listenPort}`),
  });
}

async function startNeutron(daemons: Daemons, { folder, ports }: Facts): Promise<void> {
  const file = ['--config-file', join(folder, 'neutron.conf')];
  await execa('neutron-db-manage', [...file, 'upgrade', 'heads'], { env: SYSTEM_ENV });
  await daemons.start('neutron', ['neutron-server', ...file], {
    ready: () => answers(`http://127.0.0.1:${ports.neutron}`),
  });
}

/**
 * Neutron 21 without service plug-ins answers 500 to a list of ports, as long as nothing else of its
 * database was looked at.
 */
async function wakeNeutron(url: string, identity: Identity): Promise<void> {
  const headers = { 'x-auth-token': await identity.token('admin', 'admin') };
  await got(`${url}/v2.0/networks`, { headers });
}

async function prepareNova({ folder, database }: Facts): Promise<void> {
  const manage = (...args: readonly string[]) =>
    execa('nova-manage', ['--config-file', join(folder, 'nova.conf'), ...args], {
      env: SYSTEM_ENV,
    });
  await manage('api_db', 'sync');
  await manage('cell_v2', 'map_cell0', '--database_connection', database.connection('nova_cell0'));
  await manage('cell_v2', 'create_cell', '--name', 'cell1');
  await manage('db', 'sync');
}

async function startNova(daemons: Daemons, { folder, ports }: Facts): Promise<void> {
  const file = ['--config-file', join(folder, 'nova.conf')];
  // Compute waits for the conductor by itself; the scheduler takes new hosts in every few seconds.
  const others = ['nova-conductor', 'nova-scheduler', 'nova-compute'];
  await Promise.all([
    ...others.map((name) => daemons.start(name, [name, ...file])),
    daemons.start('nova-api', ['nova-api', ...file], {
      ready: () => answers(`http://127.0.0.1:${ports.nova}`),
    }),
  ]);
}

/** Makes the flavor "baremetal": one machine, on whose disk the image gets so much. */
export const flavor = (diskGib: number): string =>
  `flavor create --ram 512 --disk ${diskGib} --vcpus 1 --property resources:CUSTOM_BAREMETAL=1 --property resources:VCPU=0 --property resources:MEMORY_MB=0 --property resources:DISK_GB=0 baremetal`;

const SCHEDULABLE_WITHIN_MS = 900_000;

/**
 * Waits until Nova has taken a node in as a hypervisor, and Placement says that it can be had; before
 * that builds fail. Nova's periodic tasks bring it there.
 */
export async function untilSchedulable({ run }: OpenStackCommand, nodeUuid: string): Promise<void> {
  const deadlineMs = performance.now() + SCHEDULABLE_WITHIN_MS;
  const line = `resource provider inventory list ${nodeUuid} -f json`;
  for (;;) {
    const known = await run('hypervisor list -f json');
    const { status, out, err } = await run(line);
    const rows: readonly Record<string, unknown>[] = status === 0 ? JSON.parse(out) : [];
    const free = rows.some(
      (row) =>
        row['resource_class'] === 'CUSTOM_BAREMETAL' && row['reserved'] === 0 && row['used'] === 0,
    );
    if (free && known.out.includes(nodeUuid)) return;
    if (performance.now() > deadlineMs)
      throw new Error(`Nova does not offer ${nodeUuid}: ${known.out}${out}${err}`);
    await delay(1000);
  }
}
