import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Config } from '../../conductor/config/schema.ts';
import { parseConfig } from '../../conductor/config/load.ts';
import { checkDeployFiles, fetchDeployFiles } from '../../conductor/deploy/deployFiles.ts';
import type { StepContext } from '../../conductor/deploy/steps/types.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { nodeWith } from './support/node.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-deploy-files-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

function configWith(pxe: object): Config {
  const boot = { boot_http: { url: 'http://127.0.0.1:1' }, dhcp: { enabled: false } };
  return parseConfig(JSON.stringify({ ...boot, state_dir: FOLDER, pxe }), 'c');
}

const CONFIGURED = { deploy_kernel: '/c/kernel', deploy_ramdisk: '/c/ramdisk' };
const GLANCE_ID = '00000000-0000-4000-8000-000000000001';

type Row = readonly [title: string, pxe: object, driverInfo: object, expected: string | RegExp];
const ROWS: readonly Row[] = [
  ['of the configuration', CONFIGURED, {}, '/c/kernel'],
  ['of the node', CONFIGURED, { deploy_kernel: 'file:///n/k%20x' }, '/n/k x'],
  ['by the older name', {}, { pxe_deploy_kernel: 'file:///n/k' }, '/n/k'],
  ['none', {}, {}, /^DEPLOY_PARAMETER_MISSING.*no driver_info\/deploy_kernel/],
  ['a bare path', CONFIGURED, { deploy_kernel: '/n/k' }, /^DEPLOY_PARAMETER_INVALID.*"\/n\/k"/],
  ['a number', CONFIGURED, { deploy_kernel: 7 }, /^DEPLOY_PARAMETER_INVALID.*found 7/],
  ['in Glance, without Glance', CONFIGURED, { deploy_kernel: GLANCE_ID }, /^OPENSTACK_NOT_CONF/],
];
for (const [title, pxe, driverInfo, expected] of ROWS)
  test(`the ramdisk's kernel: ${title}`, async (t) => {
    const database = await openDatabase(':memory:');
    t.teardown(() => database.destroy());
    const ramdisk = { deploy_ramdisk: 'file:///n/r' };
    const context = contextWith({ ...ramdisk, ...driverInfo }, configWith(pxe), database);
    const found = await fetchDeployFiles(context).catch(
      (error: Error & { code: string }) => `${error.code}: ${error.message}`,
    );
    if (typeof found === 'string') t.regex(found, expected as RegExp);
    else t.deepEqual(found, { deploy_kernel: String(expected), deploy_ramdisk: '/n/r' });
  });

function contextWith(
  driverInfo: Record<string, unknown>,
  config: Config,
  database: StepContext['services']['database'],
): StepContext {
  const node = nodeWith({ driverInfo });
  return {
    node: async () => node,
    nodeUuid: node.uuid,
    signal: new AbortController().signal,
    say: () => undefined,
    services: { config, database, drivers: new Map() },
  } as unknown as StepContext;
}

test('a check needs no file to be there yet', (t) => {
  const driverInfo = { deploy_kernel: GLANCE_ID, deploy_ramdisk: 'http://h/r' };
  t.notThrows(() => checkDeployFiles(nodeWith({ driverInfo }), configWith({})));
});

test('from an HTTP server they come into the folder of the node', async (t) => {
  const server = createServer((request, response) => response.end(`this is ${request.url}`));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const database = await openDatabase(':memory:');
  t.teardown(() => database.destroy());
  const url = (name: string) => `http://127.0.0.1:${port}/${name}`;
  const driverInfo = { deploy_kernel: url('kernel'), deploy_ramdisk: url('ramdisk') };
  const files = await fetchDeployFiles(contextWith(driverInfo, configWith({}), database));
  t.true(files.deploy_kernel.startsWith(join(FOLDER, 'boot')));
  t.is(await readFile(files.deploy_kernel, 'utf8'), 'this is /kernel');
  t.is(await readFile(files.deploy_ramdisk, 'utf8'), 'this is /ramdisk');
});
