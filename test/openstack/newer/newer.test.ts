import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { WALK } from '../support/commands.ts';
import { startConductor } from '../support/conductor.ts';
import { Daemons, SYSTEM_ENV } from '../support/daemons.ts';
import { openStackCommand } from '../support/openstackCommand.ts';
import { sdkWalk, SEEN } from '../support/sdkWalk.ts';
import { NEWER_WALK } from './commands.ts';
import { walkCommands } from '../support/walk.ts';
import { newerClients } from './sources.ts';

const FAKE = {
  driver: 'fake-hardware',
  properties: { cpus: 2, memory_mb: 1024, local_gb: 10, cpu_arch: 'x86_64' },
};

const folder = await mkdtemp(join(tmpdir(), 'ironpxe-newer-'));
const stack = new AsyncDisposableStack();
stack.defer(() => rm(folder, { recursive: true, force: true }));
const { url, env } = await start().catch(async (error: unknown) => {
  await stack.disposeAsync();
  throw error;
});
test.after.always(() => stack.disposeAsync());

async function start() {
  const clients = await newerClients(folder);
  const conductor = await startConductor(stack.use(new Daemons(folder)));
  const login = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: conductor.url };
  return { url: conductor.url, env: { ...clients.env, ...login } };
}

/** Runs a program of the distribution's Python with the newer libraries. */
async function python(...args: readonly string[]): Promise<string> {
  const options = { env: { ...SYSTEM_ENV, ...env, HOME: folder }, extendEnv: false };
  return (await execa('/usr/bin/python3', args, options)).stdout;
}

test.serial('openstack baremetal 5.10 walks every command', async (t) => {
  await using command = openStackCommand(env);
  await walkCommands(t, command, WALK);
  t.is(await command.ok('baremetal shard list -f value'), '');
});

test.serial(
  'openstack baremetal 5.10: children, names of ports, firmware, service and holds',
  async (t) => {
    await using command = openStackCommand(env);
    await walkCommands(t, command, NEWER_WALK);
    const until = async (state: string) => {
      while ((await command.json('baremetal node show host')).provision_state !== state)
        await delay(500);
    };
    const hold = '[{"interface":"power","step":"hold"}]';
    await command.ok(`baremetal node service host --service-steps ${hold}`);
    await until('service hold');
    await command.ok('baremetal node unhold host');
    await until('active');
    t.is((await command.json('baremetal node show host')).last_error, null);
  },
);

test.serial('openstacksdk 4.4 enrolls, deploys and deletes', async (t) => {
  const info = { image_source: 'http://127.0.0.1/x.img', image_checksum: 'abc' };
  const machine = { node: FAKE, address: '52:54:00:aa:bb:cc', instance_info: info, timeout: 300 };
  t.deepEqual(await sdkWalk(env, machine), SEEN);
});

test.serial('metalsmith 2.5 reserves, provisions and unprovisions', async (t) => {
  await using command = openStackCommand(env);
  const create = 'baremetal node create --driver fake-hardware --name smith --resource-class smith';
  const uefi = '--property capabilities=boot_mode:uefi --property local_gb=100';
  const { uuid } = await command.json(`${create} ${uefi}`);
  await command.ok(`baremetal port create 52:54:00:aa:bb:dd --node ${uuid}`);
  for (const verb of ['manage', 'provide'])
    await command.ok(`baremetal node ${verb} smith --wait 300`);
  t.deepEqual(JSON.parse(await python(join(import.meta.dirname, 'metalsmithWalk.py'))), {
    reserved: 'smith',
    state: 'active',
    image: 'http://127.0.0.1/x.img',
    drive: '******',
    hostname: 'smith-1',
    allocated: 'active',
    unprovisioned: 'available',
    freed: true,
  });
});

test.serial("Ansible's openstack.cloud 2.5 uses every module for bare metal", async (t) => {
  const playbook = join(import.meta.dirname, 'playbook.yml');
  const told = { endpoint: url, ansible_python_interpreter: '/usr/bin/python3' };
  const out = await python('/usr/bin/ansible-playbook', playbook, '-e', JSON.stringify(told));
  t.regex(out, /ok=\d+ +changed=\d+ +unreachable=0 +failed=0/);
});
