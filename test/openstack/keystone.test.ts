import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { execa } from 'execa';
import { parseConfig } from '../../conductor/config/load.ts';
import { runCli } from '../../conductor/cli/cli.ts';
import { openGate } from '../../conductor/run/gate.ts';
import { sendAs, openGuarded } from '../auth/support.ts';
import { OpenStack } from './support/openstack.ts';
import { identityOf } from './support/identity.ts';

const services = await OpenStack.start();
const identity = await identityOf(services).catch(async (error: unknown) => {
  await services[Symbol.asyncDispose]();
  throw error;
});
test.after.always(() => services[Symbol.asyncDispose]());

/** A gate as the conductor opens it, whose service user is "glance", an administrator. */
function configOf(authUrl: string) {
  return parseConfig(
    JSON.stringify({
      boot_http: { url: 'http://127.0.0.1:8088' },
      dhcp: { enabled: false },
      auth: { strategy: 'keystone', token_cache_seconds: 0 },
      keystone: { auth_url: authUrl, username: 'glance', password: services.password },
    }),
    'conductor.yaml',
  );
}

function open(authUrl = services.authUrl) {
  return openGuarded(async (database) => (await openGate(configOf(authUrl), database)).gate);
}

test.serial('real tokens: system and project scope, reader, member and admin', async (t) => {
  const api = await open();
  t.teardown(api.close);
  const root = await identity.token('admin', 'system');
  const project = await identity.project('tenants');
  for (const role of ['reader', 'member', 'admin'] as const)
    await identity.user(`tenant-${role}`, { project, role });
  const admin = await identity.token('tenant-admin', 'tenants');
  const made = await sendAs(api.app, root, 'POST /v1/nodes', {
    driver: 'fake-hardware',
    name: 'theirs',
    owner: project,
    driver_info: { password: 'p' },
  });
  t.is(made.status, 201, made.text);
  await sendAs(api.app, root, 'POST /v1/nodes', { driver: 'fake-hardware', name: 'ours' });
  const names = async (token: string) => {
    const { json, status } = await sendAs(api.app, token, 'GET /v1/nodes');
    t.is(status, 200);
    return json.nodes.map(({ name }: { name: string }) => name);
  };
  t.deepEqual(await names(root), ['theirs', 'ours']);
  for (const role of ['reader', 'member', 'admin']) {
    const token = await identity.token(`tenant-${role}`, 'tenants');
    t.deepEqual(await names(token), ['theirs'], role);
    t.is((await sendAs(api.app, token, 'GET /v1/nodes/ours')).status, 404);
    const maintenance = await sendAs(api.app, token, 'PUT /v1/nodes/theirs/maintenance');
    t.is(maintenance.status, role === 'reader' ? 403 : 202, role);
    t.is((await sendAs(api.app, token, 'GET /v1/drivers')).status, 403);
  }
  const own = await sendAs(api.app, admin, 'POST /v1/nodes', { driver: 'fake-hardware' });
  t.is(own.json.owner, project);
  t.deepEqual(own.json.driver_info, {});
});

test.serial('real tokens: a reader of the system, and a service as Nova is one', async (t) => {
  const api = await open();
  t.teardown(api.close);
  const root = await identity.token('admin', 'system');
  for (const name of ['one', 'two'])
    await sendAs(api.app, root, 'POST /v1/nodes', { driver: 'fake-hardware', name });
  await identity.systemUser('auditor', 'reader');
  const project = await identity.projectId('service');
  await identity.user('compute', { project, role: 'service' });
  for (const [user, scope, drivers, maintenance] of [
    ['auditor', 'system', 200, 403],
    ['compute', 'service', 403, 202],
  ] as const) {
    const token = await identity.token(user, scope);
    const status = async (request: string) => (await sendAs(api.app, token, request)).status;
    const { json } = await sendAs(api.app, token, 'GET /v1/nodes');
    t.is(json.nodes.length, 2, user);
    t.is(await status('GET /v1/drivers'), drivers, user);
    t.is(await status('PUT /v1/nodes/one/maintenance'), maintenance, user);
  }
});

test.serial(
  'a revoked, forged, unscoped or missing token is 401 and says where to log in',
  async (t) => {
    const api = await open();
    t.teardown(api.close);
    const token = await identity.token('demo', 'demo');
    t.is((await sendAs(api.app, token, 'GET /v1/nodes')).status, 200);
    await identity.revoke(token);
    const unscoped = await identity.token('demo', 'unscoped');
    for (const bad of [token, 'gAAAAAforged', unscoped, '']) {
      const { status, headers } = await sendAs(api.app, bad, 'GET /v1/nodes');
      t.is(status, 401);
      t.is(headers['www-authenticate'], `Keystone uri="${services.authUrl}"`);
    }
  },
);

test.serial('Keystone that is down is 503, and hangs nobody', async (t) => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.closeAllConnections());
  t.teardown(() => silent.close());
  const { port: listenPort } = silent.address() as AddressInfo;
  for (const url of ['http://127.0.0.1:9', `http://127.0.0.1:${listenPort}`]) {
    const api = await open(url);
    const { status, json } = await sendAs(api.app, 'some-token', 'GET /v1/nodes');
    t.is(status, 503);
    t.regex(json.error_message, /AUTH_UNAVAILABLE/);
    t.is((await sendAs(api.app, 'some-token', 'GET /v1')).status, 200);
    await api.close();
  }
});

test.serial(
  'the catalogue gets the service once, and the command line logs in by itself',
  async (t) => {
    const api = await open();
    t.teardown(api.close);
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port: listenPort } = api.app.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${listenPort}`;
    const run = async (args: readonly string[], env: Record<string, string>) => {
      const out: string[] = [];
      const io = {
        out: (text: string) => void out.push(text),
        err: (text: string) => void out.push(text),
        isTty: false,
        columns: 80,
        env: { ...identity.environment, ...env },
        signal: new AbortController().signal,
      };
      return { status: await runCli(args, io), text: out.join('') };
    };
    const admin = { OS_USERNAME: 'admin', OS_PROJECT_NAME: 'admin' };
    const register = ['openstack', 'register-service', '--json', '--public-url'];
    const first = await run([...register, url], admin);
    t.is(first.status, 0, first.text);
    t.is(first.text.match(/created/g)?.length, 3);
    t.is((await run([...register, url], admin)).text.match(/unchanged/g)?.length, 3);
    t.is((await run([...register, `${url}/x`], admin)).text.match(/changed/g)?.length, 3);
    await run([...register, url], admin);
    const listed = await run(['node', 'list', '--url', url], {
      OS_USERNAME: 'admin',
      OS_SYSTEM_SCOPE: 'all',
    });
    t.is(listed.status, 0, listed.text);
    const refused = await run(['node', 'list', '--url', url], {
      OS_USERNAME: 'admin',
      OS_PROJECT_NAME: 'admin',
      OS_PASSWORD: 'wrong',
    });
    t.not(refused.status, 0);
    t.regex(refused.text, /OPENSTACK_REFUSED/);
    const { stdout } = await execa(
      '/usr/bin/openstack',
      ['baremetal', 'node', 'create', '--driver', 'fake-hardware', '-f', 'json'],
      { env: { PATH: '/usr/bin:/bin', ...identity.environment, ...admin }, extendEnv: false },
    );
    t.truthy(JSON.parse(stdout).owner);
  },
);
