import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { WALK } from './support/commands.ts';
import { startConductor } from './support/conductor.ts';
import { Daemons, SYSTEM_ENV } from './support/daemons.ts';
import { identityOf } from './support/identity.ts';
import { OpenStack } from './support/openstack.ts';
import { sdkWalk, SEEN } from './support/sdkWalk.ts';
import { openStackCommand } from './support/openstackCommand.ts';
import { walkCommands } from './support/walk.ts';

const IRONPXE = join(import.meta.dirname, '..', '..', 'bin', 'ironpxe');

type Rig = { readonly url: string; readonly env: Readonly<Record<string, string>> };

/** A conductor without authentication. */
async function plain(stack: AsyncDisposableStack): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-clients-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const daemons = stack.use(new Daemons(folder));
  const { url } = await startConductor(daemons);
  return { url, env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: url } };
}

/** A conductor that asks a real Keystone, is found in its catalogue, and serves a system's admin. */
async function guarded(stack: AsyncDisposableStack): Promise<Rig> {
  const openstack = stack.use(await OpenStack.start());
  const { environment } = await identityOf(openstack);
  const daemons = stack.use(new Daemons(openstack.folder));
  const { url } = await startConductor(daemons, {
    auth: { strategy: 'keystone' },
    keystone: {
      auth_url: openstack.authUrl,
      username: 'glance',
      password: openstack.password,
    },
  });
  const admin = { ...environment, OS_USERNAME: 'admin' };
  await execa(IRONPXE, ['openstack', 'register-service', '--public-url', url], {
    env: { ...admin, OS_PROJECT_NAME: 'admin' },
  });
  return { url, env: { ...admin, OS_SYSTEM_SCOPE: 'all' } };
}

test('every command that the client has is walked', async (t) => {
  const program = [
    'from importlib.metadata import entry_points',
    "print('\\n'.join(e.name for e in entry_points(group='openstack.baremetal.v1')))",
  ];
  const options = { env: SYSTEM_ENV, extendEnv: false };
  const { stdout } = await execa('/usr/bin/python3', ['-c', program.join('\n')], options);
  const names = stdout.split('\n').map((name) => name.slice('baremetal_'.length));
  const commands = names.map((name) => name.replaceAll('_', ' '));
  t.true(commands.length > 80);
  t.deepEqual(
    commands.filter((command) => !WALK.some(([line]) => `${line} `.startsWith(`${command} `))),
    [],
  );
});

for (const [how, rig] of [
  ['noauth', plain],
  ['tokens of Keystone', guarded],
] as const)
  test.serial(`openstack baremetal and openstacksdk, with ${how}`, async (t) => {
    await using stack = new AsyncDisposableStack();
    const { env } = await rig(stack);
    const command = stack.use(openStackCommand(env));
    await walkCommands(t, command, WALK);
    const seen = await sdkWalk(env, {
      node: {
        driver: 'fake-hardware',
        properties: { cpus: 2, memory_mb: 1024, local_gb: 10, cpu_arch: 'x86_64' },
      },
      address: '52:54:00:aa:bb:cc',
      instance_info: { image_source: 'http://127.0.0.1/x.img', image_checksum: 'abc' },
      timeout: 300,
    });
    t.deepEqual(seen, SEEN);
  });
