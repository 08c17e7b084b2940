import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import bcrypt from 'bcrypt';
import got from 'got';
import { buildApi } from '../../conductor/api/build.ts';
import { runCli } from '../../conductor/cli/cli.ts';
import { parseConfig } from '../../conductor/config/load.ts';
import { openGate } from '../../conductor/run/gate.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { smallConductor } from '../api/harness.ts';

const BASE = { boot_http: { url: 'http://127.0.0.1:8088' }, dhcp: { enabled: false } };
const parse = (options: object) => parseConfig(JSON.stringify({ ...BASE, ...options }), 'f.yaml');

const FAULTS: readonly (readonly [options: object, fault: RegExp])[] = [
  [{ api: { listen_address: '0.0.0.0' } }, /api\.listen_address: 0\.0\.0\.0 is not loopback/],
  [{ auth: { strategy: 'http_basic' } }, /auth\.user_file: needed/],
  [{ auth: { strategy: 'keystone' } }, /keystone\.auth_url: needed/],
  [{ api: { tls_key: '/k' } }, /tls_certificate and tls_key go together/],
];

test('settings that would open the API by accident are refused', (t) => {
  for (const [options, fault] of FAULTS) {
    const error = t.throws(() => parse(options), { code: 'CONFIG_INVALID' } as object);
    t.regex(error?.message ?? '', fault);
  }
  const open = { api: { listen_address: '0.0.0.0' }, auth: { noauth_beyond_loopback: true } };
  t.is(parse(open).api.listen_address, '0.0.0.0');
});

test('HTTPS with a password file, and the command line that logs in', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-gate-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [certificate, key, users] = ['c.pem', 'k.pem', 'users'].map((name) => join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', String(key), '-out', String(certificate)];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await execa('openssl', ['req', ...kind, ...files, ...subject]);
  const hash = (await bcrypt.hash('secret', 4)).replace('$2b$', '$2y$');
  await writeFile(String(users), `operator:${hash}\n`);
  const config = parse({
    api: { tls_certificate: certificate, tls_key: key },
    auth: { strategy: 'http_basic', user_file: users },
  });
  const database = await openDatabase(':memory:');
  t.teardown(() => database.destroy());
  const about = { version: '0', configDigest: '0', startedAt: new Date() };
  const conductor = smallConductor(database, []);
  const guard = await openGate(config, database);
  const api = buildApi({ database, conductor, ...about, ...guard });
  t.teardown(() => api.close());
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port: listenPort } = api.server.address() as AddressInfo;
  const url = `https://127.0.0.1:${listenPort}`;
  const https = { rejectUnauthorized: false };
  const ask = (path: string, authorization = {}) =>
    got(`${url}${path}`, { https, throwHttpErrors: false, retry: { limit: 0 }, ...authorization });
  t.is((await ask('/v1')).statusCode, 200);
  const refused = await ask('/v1/nodes');
  t.is(refused.statusCode, 401);
  t.is(refused.headers['www-authenticate'], 'Basic realm="Baremetal API"');
  t.is((await ask('/v1/nodes', { username: 'operator', password: 'secret' })).statusCode, 200);
  t.is((await ask('/v1/nodes', { username: 'operator', password: 'wrong' })).statusCode, 401);
  await t.throwsAsync(openGate({ ...config, api: { ...config.api, tls_key: users } }, database), {
    code: 'TLS_UNUSABLE',
  });
});

const SETTINGS: readonly (readonly [env: Record<string, string>, said: RegExp])[] = [
  [{ OS_USERNAME: 'operator', OS_PASSWORD: 'secret' }, /There are no nodes/],
  [{ OS_USERNAME: 'operator', OS_PASSWORD: 'wrong' }, /UNAUTHORIZED/],
  [{}, /set OS_USERNAME and OS_PASSWORD/],
  [
    { OS_USERNAME: 'operator', OS_PASSWORD: 'secret', OS_AUTH_URL: 'http://127.0.0.1:9' },
    /OS_AUTH_TYPE is not http_basic/,
  ],
];

test('the command line gives a password only where the settings mean it to', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-gate-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const users = join(folder, 'users');
  const hash = (await bcrypt.hash('secret', 4)).replace('$2b$', '$2y$');
  await writeFile(users, `operator:${hash}\n`);
  const database = await openDatabase(':memory:');
  t.teardown(() => database.destroy());
  const config = parse({ auth: { strategy: 'http_basic', user_file: users } });
  const about = { version: '0', configDigest: '0', startedAt: new Date() };
  const conductor = smallConductor(database, []);
  const api = buildApi({ database, conductor, ...about, ...(await openGate(config, database)) });
  t.teardown(() => api.close());
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  for (const [env, said] of SETTINGS) {
    const texts: string[] = [];
    const write = (text: string) => void texts.push(text);
    const { signal } = new AbortController();
    const io = { out: write, err: write, isTty: false, columns: 80, env, signal };
    await runCli(['node', 'list', '--url', url], io);
    t.regex(texts.join(''), said);
  }
});
