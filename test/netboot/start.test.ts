import net from 'node:net';
import { once } from 'node:events';
import test from 'ava';
import { startNetboot, type NetbootOptions } from '../../conductor/netboot/start.ts';
import { loadTemplates } from '../../conductor/netboot/templates/load.ts';
import { ip } from './support/dhcp.ts';
import { MemoryFacts } from './support/memoryFacts.ts';

const LOOPBACK = ip('127.0.0.1');
const OPTIONS: NetbootOptions = {
  dhcp: {
    listenAddress: ip('0.0.0.0'),
    listenPort: 0,
    serverAddress: LOOPBACK,
    unknownMachines: 'ignore',
    subnets: [],
  },
  tftp: { listenAddress: LOOPBACK, listenPort: 0 },
  http: { listenAddress: LOOPBACK, listenPort: 0 },
};
const templates = await loadTemplates();

test('all three start, with the routes of others, and stop', async (t) => {
  const routes: NetbootOptions['http']['routes'] = (app) =>
    void app.get('/extra', async () => 'here');
  const options = { ...OPTIONS, http: { ...OPTIONS.http, routes } };
  const netboot = await startNetboot(options, new MemoryFacts([]), templates);
  const base = `http://127.0.0.1:${netboot.http.listenPort}`;
  t.true((netboot.dhcp?.listenPort ?? 0) > 0 && (netboot.tftp?.listenPort ?? 0) > 0);
  t.is(await (await fetch(`${base}/extra`)).text(), 'here');
  t.regex(await (await fetch(`${base}/boot.ipxe`)).text(), /^#!ipxe\n/);
  await netboot[Symbol.asyncDispose]();
  await t.throwsAsync(fetch(`${base}/extra`));
});

test('DHCP and TFTP can be left to others', async (t) => {
  await using netboot = await startNetboot({ http: OPTIONS.http }, new MemoryFacts([]), templates);
  t.deepEqual([netboot.dhcp, netboot.tftp], [undefined, undefined]);
});

test('a port in use names service, place and holder; what had started is stopped', async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => holder.close());
  const address = holder.address();
  const listenPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const options = { ...OPTIONS, http: { listenAddress: LOOPBACK, listenPort } };
  const error = await t.throwsAsync(startNetboot(options, new MemoryFacts([]), templates), {
    code: 'NETBOOT_LISTEN_IN_USE',
  });
  t.is(
    error?.message.replace(/\d+\/tcp: .*\(/, 'N/tcp: somebody ('),
    `HTTP boot cannot listen on 127.0.0.1:N/tcp: somebody (process ${process.pid}) does.`,
  );
});

test('a missing loader stops the start', async (t) => {
  const loaders = { 'pxelinux.0': { path: '/nowhere', package: 'pxelinux' } };
  await t.throwsAsync(startNetboot({ ...OPTIONS, loaders }, new MemoryFacts([]), templates), {
    code: 'NETBOOT_LOADER_MISSING',
  });
});
