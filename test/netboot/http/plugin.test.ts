import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewEvent } from '../../../conductor/events/kinds.ts';
import { buildBootHttp, plainPath } from '../../../conductor/netboot/http/plugin.ts';
import { NODE } from '../support/machines.ts';
import { fixedTree } from '../support/tree.ts';

const CONTENT = randomFillSync(Buffer.alloc(100_000));
const KERNEL = `${NODE}/deploy_kernel`;

async function serving(t: ExecutionContext, size = CONTENT.length) {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-http-'));
  const path = join(folder, 'kernel');
  await writeFile(path, size === CONTENT.length ? CONTENT : Buffer.alloc(size));
  const files = { [KERNEL]: path, [`${NODE}/gone`]: join(folder, 'gone'), 'pxelinux.0': path };
  const events: NewEvent[] = [];
  const ended = Promise.withResolvers<NewEvent>();
  const tree = fixedTree(files, { 'boot.ipxe': '#!ipxe\n' });
  const observe = (event: NewEvent): void => {
    events.push(event);
    ended.resolve(event);
  };
  const app = await buildBootHttp({ tree, observe });
  t.teardown(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });
  return { app, events, ended: ended.promise, path };
}

test('whole files, texts, heads and ranges', async (t) => {
  const { app } = await serving(t);
  const whole = await app.inject(`/${KERNEL}`);
  t.is(whole.statusCode, 200);
  t.deepEqual(whole.rawPayload, CONTENT);
  t.is(whole.headers['content-length'], '100000');
  t.is(whole.headers['accept-ranges'], 'bytes');
  const head = await app.inject({ method: 'HEAD', url: `/${KERNEL}` });
  t.deepEqual(
    [head.statusCode, head.headers['content-length'], head.rawPayload.length],
    [200, '100000', 0],
  );
  const part = await app.inject({ url: `/${KERNEL}`, headers: { range: 'bytes=10-19' } });
  t.is(part.statusCode, 206);
  t.is(part.headers['content-range'], 'bytes 10-19/100000');
  t.deepEqual(part.rawPayload, CONTENT.subarray(10, 20));
  const beyond = await app.inject({ url: `/${KERNEL}`, headers: { range: 'bytes=100000-' } });
  t.deepEqual([beyond.statusCode, beyond.headers['content-range']], [416, 'bytes */100000']);
  const text = await app.inject('/boot.ipxe');
  t.deepEqual([text.body, text.headers['content-length']], ['#!ipxe\n', '7']);
  t.is((await app.inject('/pxelinux.0?x=1')).statusCode, 200);
  t.is((await app.inject({ url: '/boot.ipxe', headers: { range: 'bytes=2-' } })).body, 'ipxe\n');
});

test('validators: 304, and a range of another version is the whole', async (t) => {
  const { app, path } = await serving(t);
  const { etag } = (await app.inject(`/${KERNEL}`)).headers;
  const cached = await app.inject({ url: `/${KERNEL}`, headers: { 'if-none-match': etag } });
  t.deepEqual([cached.statusCode, cached.rawPayload.length], [304, 0]);
  await writeFile(path, Buffer.alloc(50));
  const headers = { 'if-range': etag, range: 'bytes=0-9' };
  const changed = await app.inject({ url: `/${KERNEL}`, headers });
  t.deepEqual([changed.statusCode, changed.rawPayload.length], [200, 50]);
});

test('empty files', async (t) => {
  const { app } = await serving(t, 0);
  const { statusCode, rawPayload, headers } = await app.inject(`/${KERNEL}`);
  t.deepEqual([statusCode, rawPayload.length, headers['content-length']], [200, 0, '0']);
});

test('what is not there, or gone, or no route', async (t) => {
  const { app, events } = await serving(t);
  t.is((await app.inject(`/${NODE}/kernel`)).statusCode, 404);
  t.is((await app.inject(`/${NODE}/gone`)).statusCode, 500);
  t.is((await app.inject('/etc/passwd')).statusCode, 404);
  t.is((await app.inject('/pxelinux.cfg/..%2f..%2fetc%2fpasswd')).statusCode, 404);
  t.is((await app.inject({ method: 'POST', url: '/boot.ipxe' })).statusCode, 404);
  const kinds = new Set(events.map(({ kind }) => kind));
  t.deepEqual([...kinds], ['http.failed']);
});

test('the routes leave room for others', async (t) => {
  const { app } = await serving(t);
  app.post('/v1/nodes/:node/vendor_passthru/pass_deploy_info', async () => 'taken');
  app.get('/:anything/:more', async () => 'also');
  const url = `/v1/nodes/${NODE}/vendor_passthru/pass_deploy_info`;
  t.is((await app.inject({ method: 'POST', url })).body, 'taken');
  t.is((await app.inject('/a/b')).body, 'also');
});

async function get(address: AddressInfo | string | null): Promise<http.IncomingMessage> {
  const listenPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const request = http.get({ port: listenPort, host: '127.0.0.1', path: `/${KERNEL}` });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return response;
}

test('the timeline tells done and broken off', async (t) => {
  const good = await serving(t);
  await good.app.listen({ host: '127.0.0.1', port: 0 });
  (await get(good.app.server.address())).resume();
  const done = await good.ended;
  t.is(done.kind, 'http.done');
  t.like(done.data, { file: `/${KERNEL}`, client: '127.0.0.1', sizeBytes: 100_000 });

  const cut = await serving(t, 64 * 1024 * 1024);
  await cut.app.listen({ host: '127.0.0.1', port: 0 });
  const response = await get(cut.app.server.address());
  response.once('data', () => response.destroy());
  const failed = await cut.ended;
  t.deepEqual([failed.kind, failed.data?.['why']], ['http.failed', 'the client broke off']);
});

test('names that boot loaders join oddly', (t) => {
  for (const [url, plain] of [
    ['//grubx64.efi', '/grubx64.efi'],
    ['/a//b\\c%5Cd', '/a/b/c/d'],
    ['/a?b=//c', '/a?b=//c'],
    ['/a?b?c', '/a?b?c'],
  ] as const)
    t.is(plainPath(url), plain);
});
