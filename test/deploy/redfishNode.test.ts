import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fastify from 'fastify';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createConductor } from '../../conductor/deploy/service.ts';
import { forgetMediaOfGoneNodes } from '../../conductor/deploy/virtualMedia/publish.ts';
import { createWakeUps } from '../../conductor/deploy/wakeups.ts';
import { createFakeDriver } from '../../conductor/drivers/fake/driver.ts';
import { createRedfishDriver } from '../../conductor/drivers/redfish/driver.ts';
import { mediaFiles } from '../../conductor/run/mediaFiles.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { listFirmwareComponents } from '../../conductor/store/firmwareComponents.ts';
import { listHistory } from '../../conductor/store/history.ts';
import { deleteNode, getNode, insertNode, updateNode } from '../../conductor/store/nodes.ts';
import type { NodePatch } from '../../conductor/store/types.ts';
import { type RedfishTraits, startRedfish } from '../drivers/support/redfishService.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const IMAGE = Buffer.from('an image of a tool');
const STOPPED = { isOn: async () => false, start: async () => {}, stop: async () => {} };

/** A server with one image; `path` is where it is. */
async function imageServer() {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/tool.iso' ? 200 : 404;
    response.end(request.method === 'HEAD' ? '' : IMAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/tool.iso`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A conductor with a node whose BMC speaks Redfish, and its boot HTTP server. */
async function openBench(traits: RedfishTraits) {
  await using stack = new AsyncDisposableStack();
  const stateDir = await mkdtemp(join(tmpdir(), 'redfish-node-'));
  stack.defer(() => rm(stateDir, { recursive: true }));
  const service = stack.use(await startRedfish(STOPPED, traits));
  const images = stack.use(await imageServer());
  const text = `state_dir: ${stateDir}\nboot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\nhost: me\n`;
  const config = parseConfig(text, 'c');
  const boot = stack.adopt(fastify(), (app) => app.close());
  await boot.register(mediaFiles, { config });
  const bootUrl = await boot.listen({ port: 0, host: '127.0.0.1' });
  const database = stack.adopt(await openDatabase(':memory:'), (db) => db.destroy());
  const redfish = createRedfishDriver({ pauseMs: 5, retryEveryMs: 5, busyForMs: 50 });
  const drivers = new Map([redfish, createFakeDriver()].map((one) => [one.name, one] as const));
  const driverInfo = { ...service.driverInfo, external_http_url: bootUrl };
  await insertNode(database, {
    uuid: UUID,
    driver: 'redfish',
    driverInfo,
    provisionState: 'enroll',
  });
  const conductor = stack.adopt(
    createConductor({
      services: { database, config, drivers },
      wakeUps: createWakeUps(),
      logger: pino({ level: 'silent' }),
    }),
    (one) => one.stop(),
  );
  const node = () => getNode(database, UUID);
  const all = stack.move();
  return {
    service,
    images,
    config,
    database,
    conductor,
    bootUrl,
    node,
    patch: (patch: NodePatch) => updateNode(database, UUID, patch),
    files: () => readdir(join(stateDir, 'virtual_media', UUID)).catch(() => []),
    /** The node once nobody holds it. */
    async settled() {
      for (;;) {
        const found = await node();
        if (found.reservation === null) return found;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

const CD = { id: 'Cd', types: ['CD', 'DVD'] };
const MANAGED = { biosVersion: 'B1', managerVersion: 'M1' };

test('the conductor fetches an image and serves it to the BMC, until it is taken out', async (t) => {
  await using bench = await openBench({ ...MANAGED, drives: [{ ...CD, fetches: true }] });
  const { conductor, images, service, bootUrl } = bench;
  const medium = { device: 'cdrom', imageUrl: images.url, serveIt: true } as const;
  await conductor.attachMedia(await bench.node(), medium);
  t.is((await bench.settled()).lastError, null);
  const url = String(service.images['Cd']);
  t.regex(url, new RegExp(`^${bootUrl}/virtual_media/${UUID}/cdrom-[0-9a-f]{32}\\.iso$`));
  const part = await fetch(url, { headers: { range: 'bytes=3-7' } });
  t.deepEqual([part.status, await part.text()], [206, IMAGE.subarray(3, 8).toString()]);

  await conductor.attachMedia(await bench.node(), medium);
  await bench.settled();
  t.not(service.images['Cd'], url);
  t.is((await fetch(url)).status, 404, 'what is in no drive is not served');
  t.is((await bench.files()).length, 1);

  await conductor.detachMedia(await bench.node(), ['disk', 'cdrom', 'floppy']);
  t.is((await bench.settled()).lastError, null);
  t.is(service.images['Cd'], null);
  t.deepEqual(await bench.files(), []);
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const told = events.filter(({ kind }) => kind.startsWith('media.'));
  const attached = ['media.attached', `attach cdrom ${images.url}`];
  t.deepEqual(
    told.map(({ kind, message }) => [kind, message]),
    [attached, attached, ['media.detached', 'detach disk, cdrom, floppy']],
  );
});

test('names that were not given out are not there', async (t) => {
  await using bench = await openBench({});
  for (const path of [`${UUID}/cdrom-1.iso`, `${UUID}/..%2F..%2Fironpxe.sqlite`, 'x/cdrom.iso'])
    t.is((await fetch(`${bench.bootUrl}/virtual_media/${path}`)).status, 404, path);
});

test('a BMC that shall fetch the image itself is given its URL', async (t) => {
  await using bench = await openBench({ ...MANAGED, drives: [CD], drivesOf: 'system' });
  const imageUrl = 'https://images.example/tool.iso';
  const medium = { device: 'cdrom', imageUrl, serveIt: false } as const;
  await bench.conductor.attachMedia(await bench.node(), medium);
  await bench.settled();
  t.is(bench.service.images['Cd'], imageUrl);
  t.deepEqual(await bench.files(), []);
});

test('what goes wrong stands in last_error and in the history, and leaves no file', async (t) => {
  await using bench = await openBench({ ...MANAGED, drives: [{ ...CD, refuses: true }] });
  const attach = async (imageUrl: string) => {
    const medium = { device: 'cdrom', imageUrl, serveIt: true } as const;
    await bench.conductor.attachMedia(await bench.node(), medium);
    return String((await bench.settled()).lastError);
  };
  const refused = /^attach cdrom \S+ failed: DRIVER_BMC_REFUSED: .* is for the console/;
  t.regex(await attach(bench.images.url), refused);
  t.deepEqual(await bench.files(), []);
  t.regex(await attach(`${bench.images.url}.not`), /IMAGE_NOT_FOUND/);
  const errors = await listHistory(bench.database, UUID, { limit: 9 });
  t.is(errors.length, 2);
  t.regex(errors[0]?.error ?? '', refused);
});

test('what cannot be begun is refused', async (t) => {
  await using bench = await openBench({});
  const { conductor } = bench;
  const attach = async () =>
    conductor.attachMedia(await bench.node(), {
      device: 'cdrom',
      imageUrl: 'http://h/x.iso',
      serveIt: false,
    });
  await bench.patch({ maintenance: true, fault: 'power failure' });
  await t.throwsAsync(attach(), { code: 'NODE_POWER_FAILURE' });
  await bench.patch({ maintenance: false, fault: null, driverInfo: {} });
  await t.throwsAsync(attach(), { code: 'DRIVER_INFO_INVALID' });
  await bench.patch({ driver: 'fake-hardware' });
  await t.throwsAsync(attach(), {
    code: 'UNSUPPORTED_EXTENSION',
    message: /^Driver fake-hardware does not support attach_virtual_media /,
  });
  const detach = conductor.detachMedia(await bench.node(), ['disk']);
  await t.throwsAsync(detach, { code: 'UNSUPPORTED_EXTENSION' });
});

test('files of nodes that are no more go', async (t) => {
  await using bench = await openBench({ ...MANAGED, drives: [CD] });
  const medium = { device: 'cdrom', imageUrl: bench.images.url, serveIt: true } as const;
  await bench.conductor.attachMedia(await bench.node(), medium);
  await bench.settled();
  await forgetMediaOfGoneNodes(bench);
  t.is((await bench.files()).length, 1);
  await deleteNode(bench.database, UUID);
  await forgetMediaOfGoneNodes(bench);
  t.deepEqual(await bench.files(), []);
});

type Bench = Awaited<ReturnType<typeof openBench>>;

/** Manages the node, from wherever it is; gives what is known of its firmware. */
async function manage(bench: Bench) {
  const { database, conductor } = bench;
  await database.updateTable('nodes').set({ provisionState: 'enroll' }).execute();
  await conductor.provision(await bench.node(), 'manage', {});
  await until(bench, 'manageable');
  const rows = await listFirmwareComponents(database, UUID);
  return rows.map((row) => [row.component, row.initialVersion, row.currentVersion]);
}

async function until(bench: Bench, state: string): Promise<void> {
  while ((await bench.settled()).provisionState !== state)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a node that is managed tells the versions of its firmware', async (t) => {
  const traits = { ...MANAGED };
  await using bench = await openBench(traits);
  await bench.patch({ interfaces: { firmware: 'no-firmware' } });
  t.deepEqual(await manage(bench), []);
  await bench.patch({ interfaces: {} });
  t.deepEqual(await manage(bench), [
    ['bios', 'B1', 'B1'],
    ['bmc', 'M1', 'M1'],
  ]);
  traits.managerVersion = 'M2';
  t.deepEqual((await manage(bench))[1], ['bmc', 'M1', 'M2']);
  const [bios, bmc] = await listFirmwareComponents(bench.database, UUID);
  t.like(bios, { lastVersionFlashed: null, updatedAt: null });
  t.is(bmc?.lastVersionFlashed, 'M2');
  t.truthy(bmc?.updatedAt);
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const told = events.filter(({ kind }) => kind === 'firmware.read').map(({ message }) => message);
  t.deepEqual(told, ['bios B1, bmc M1', 'bmc M2']);
});

test('a BMC that tells nothing of its firmware is no failure', async (t) => {
  await using bench = await openBench({ ...MANAGED, brokenManager: true });
  t.deepEqual(await manage(bench), [['bios', 'B1', 'B1']]);
});

test('an update of firmware is no step of such a node', async (t) => {
  await using bench = await openBench(MANAGED);
  const row = { provisionState: 'manageable' } as const;
  await bench.database.updateTable('nodes').set(row).execute();
  const update = { interface: 'firmware', step: 'update', args: { settings: [] } };
  await bench.conductor.provision(await bench.node(), 'clean', { cleanSteps: [update] });
  await until(bench, 'clean failed');
  t.regex(String((await bench.node()).lastError), /does not support the step firmware\.update/);
});
