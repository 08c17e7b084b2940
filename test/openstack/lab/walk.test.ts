import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { GIB } from '../../../conductor/values/units.ts';
import { atomicImage } from '../../../image-tools/fixture/image.ts';
import { type LabConductor, startConductor } from '../../../lab/conductor.ts';
import { enroll } from '../../../lab/deploy.ts';
import { createHardware, type Hardware } from '../../../lab/hardware.ts';
import { netArgument } from '../../../lab/network.ts';
import { buildRamdisk } from '../../../lab/ramdisk.ts';
import { waitForSerial } from '../../../lab/serial.ts';
import { flavor, untilSchedulable } from '../nova/compute.ts';
import { type NamespacedCloud, startCloud } from '../support/inNamespace.ts';
import { type OpenStackCommand, openStackCommand } from '../support/openstackCommand.ts';
import { metaDataOnDisk } from './driveOnDisk.ts';

const TOP = join(import.meta.dirname, '..', '..', '..');
const CACHE = join(TOP, '.cache');
const API_URL = 'http://127.0.0.1:6385';
/** The root of 2014 is sent whole, with its holes. */
const QUOTA_MIB = 16 * 1024;
const ROOT_GIB = 7;
const LOGIN_TIMEOUT_MS = 600_000;
const { signal } = new AbortController();

const startedMs = performance.now();
function log(what: string): void {
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(0)} s: ${what}`);
}

/** A lab with one machine, and a cloud in its network namespace. */
async function makeLab(stack: AsyncDisposableStack) {
  const stateDir = join(CACHE, 'e2e', 'nova');
  await mkdir(dirname(stateDir), { recursive: true });
  const hardware = stack.use(
    await createHardware({
      name: 'nova',
      stateDir,
      memoryMib: 1024,
      diskBytes: 8 * GIB,
      libvirtCacheDir: join(CACHE, 'libvirt'),
    }),
  );
  const cloud = stack.use(await startCloud(hardware.netns, QUOTA_MIB, ['nova']));
  log('a machine, Keystone, Glance, Placement, Neutron and Nova stand');
  const env = { ...cloud.env, OS_USERNAME: 'admin', OS_PROJECT_NAME: 'admin' };
  return { hardware, cloud, env };
}

/** Our commands, run in the namespace by the administrator. */
function commands(hardware: Hardware, env: Readonly<Record<string, string>>) {
  return async (program: string, ...args: readonly string[]): Promise<string> =>
    (await hardware.run(join(TOP, 'bin', program), args, { env })).stdout;
}

/** Starts a conductor that checks tokens, and enrolls the machine. */
async function serve(
  hardware: Hardware,
  { authUrl: auth_url, password }: NamespacedCloud,
): Promise<LabConductor> {
  const { kernelPath, ramdiskPath } = await buildRamdisk(CACHE, () => {}, signal);
  return startConductor(hardware, {
    deployKernel: kernelPath,
    deployRamdisk: ramdiskPath,
    imageFolders: [],
    ipxe: false,
    sections: {
      auth: { strategy: 'keystone' },
      keystone: { auth_url, username: 'glance', password },
    },
  });
}

/** What the services and the conductor complained of. */
async function complaints(hardware: Hardware, { folder }: NamespacedCloud): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const paths = [
    ...names.map((name) => join(folder, name)),
    join(hardware.stateDir, 'log', 'conductor.log'),
  ];
  const texts = paths.map(async (path) => {
    const lines = (await readFile(path, 'utf8')).split('\n');
    const bad = lines.filter((line) => / ERROR | CRITICAL |"level":[45]0/.test(line));
    return [`== ${path}`, ...bad.slice(-30)].join('\n');
  });
  return (await Promise.all(texts)).join('\n');
}

/** Makes a server and waits until it is ACTIVE. */
async function create(command: OpenStackCommand, name: string, more: string): Promise<string> {
  await command.ok(`server create --flavor baremetal ${more} --wait ${name}`);
  const { id, status, fault } = await command.json(`server show ${name}`);
  if (status !== 'ACTIVE') throw new Error(`${status}: ${JSON.stringify(fault)}`);
  log(`the server "${name}" is ACTIVE`);
  return id;
}

async function remove(command: OpenStackCommand, name: string): Promise<void> {
  await command.ok(`server delete --wait ${name}`);
  log(`the server "${name}" is deleted`);
}

/** Networks are records of Neutron; the machine stays where it is plugged in. */
async function makeNetwork(command: OpenStackCommand): Promise<void> {
  const provider = '--provider-network-type flat --provider-physical-network provider';
  await command.ok(`network create ${provider} net`);
  await command.ok('subnet create --network net --subnet-range 198.51.100.0/24 sub');
}

test('openstack server create: a machine boots over PXE and runs the Atomic image', async (t) => {
  t.timeout(3_600_000);
  await using stack = new AsyncDisposableStack();
  const image = await atomicImage({ say: log });
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-nova-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { hardware, cloud, env } = await makeLab(stack);
  const [machine] = hardware.nodes;
  if (machine === undefined) throw new Error('there is no machine');
  const call = commands(hardware, env);
  const { api } = await serve(hardware, cloud);
  await call('ironpxe', 'openstack', 'register-service', '--public-url', API_URL);
  const uuid = await enroll(api, machine, signal);
  const resourceClass = { op: 'add', path: '/resource_class', value: 'baremetal' };
  await api.patch(`/v1/nodes/${uuid}`, [resourceClass]);
  log('the machine is enrolled');

  const conversion = [image, '--output', folder, '--name', 'atomic', '--glance', '--json'];
  const converted = JSON.parse(await call('atomic-to-pxe', ...conversion)) as {
    readonly glance: { readonly base: { readonly id: string } };
  };
  log('the image is converted and registered in Glance');
  const inLab = ['nsenter', netArgument(hardware.netns), '--'];
  const command = stack.use(openStackCommand({ ...env, OS_COMPUTE_API_VERSION: '2.90' }, inLab));
  await command.ok(flavor(ROOT_GIB));
  await untilSchedulable(command, uuid);
  log('Nova offers the machine');
  const walk = async () => {
    const imageId = converted.glance.base.id;
    await create(command, 'atomic', `--image ${imageId} --nic none`);
    const { serialLogPath, diskPath } = machine;
    await waitForSerial(serialLogPath, /atomic login: /, { timeoutMs: LOGIN_TIMEOUT_MS });
    log('the machine asks who logs in');
    await remove(command, 'atomic');
    await makeNetwork(command);
    await untilSchedulable(command, uuid);
    const told = `--image ${imageId} --network net --config-drive true --property color=blue`;
    const id = await create(command, 'told', told);
    const meta = await metaDataOnDisk(diskPath);
    t.like(meta, { uuid: id, name: 'told', meta: { color: 'blue' } });
    await remove(command, 'told');
  };
  await walk().catch(async (error: unknown) => {
    t.log(await complaints(hardware, cloud));
    throw error;
  });
});
