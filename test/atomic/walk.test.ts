import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../conductor/process/run.ts';
import { GIB } from '../../conductor/values/units.ts';
import { atomicImage } from '../../image-tools/fixture/image.ts';
import type { Manifest } from '../../image-tools/convert/manifest.ts';
import type { Api } from '../../lab/api.ts';
import { apiSocketPath, startConductor } from '../../lab/conductor.ts';
import { enroll } from '../../lab/deploy.ts';
import { createHardware, type Hardware, type HardwareNode } from '../../lab/hardware.ts';
import { buildRamdisk } from '../../lab/ramdisk.ts';
import { readable, waitForSerial } from '../../lab/serial.ts';
import { logIn, openKeyboard } from '../../lab/typing.ts';
import { type NamespacedCloud, startCloud } from '../openstack/support/inNamespace.ts';

const TOP = join(import.meta.dirname, '..', '..');
const CACHE = join(TOP, '.cache');
const LOGIN_TIMEOUT_MS = 600_000;
const ANSWER_TIMEOUT_MS = 300_000;
/** Of Keystone and Glance: the root of 2014 is sent whole, with its holes. */
const QUOTA_MIB = 16 * 1024;
const { signal } = new AbortController();

const QUESTIONS = [
  'ostree admin status && echo status good',
  'findmnt -n -o SOURCE,FSTYPE /sysroot',
  'echo fstab $(grep -c /boot /etc/fstab) failed $(systemctl --failed --no-legend | wc -l)',
  'cat /proc/cmdline',
].join('; ');

/** A lab with two machines, a cloud in its namespace, and a folder for images. */
async function makeLab(stack: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-walk-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const stateDir = join(CACHE, 'e2e', 'atomic-walk');
  await mkdir(dirname(stateDir), { recursive: true });
  const hardware = stack.use(
    await createHardware({
      name: 'atomic-walk',
      stateDir,
      nodes: 2,
      memoryMib: 1024,
      diskBytes: 8 * GIB,
      libvirtCacheDir: join(CACHE, 'libvirt'),
    }),
  );
  const cloud = stack.use(await startCloud(hardware.netns, QUOTA_MIB));
  return { folder, hardware, cloud };
}

async function startApi(hardware: Hardware, cloud: NamespacedCloud, folder: string): Promise<Api> {
  const { kernelPath, ramdiskPath } = await buildRamdisk(CACHE, () => {}, signal);
  const { authUrl: auth_url, password } = cloud;
  const { api } = await startConductor(hardware, {
    deployKernel: kernelPath,
    deployRamdisk: ramdiskPath,
    imageFolders: [folder],
    ipxe: false,
    sections: { keystone: { auth_url, username: 'demo', project_name: 'demo', password } },
  });
  return api;
}

/** atomic-to-pxe and the ironpxe command, as a user runs them, in the lab's namespace. */
function commands(hardware: Hardware, cloud: NamespacedCloud) {
  const env = { ...cloud.env, IRONPXE_URL: `unix:${apiSocketPath(hardware.stateDir)}` };
  const call = async (program: string, args: readonly string[]): Promise<string> =>
    (await hardware.run(join(TOP, 'bin', program), args, { env })).stdout;
  return {
    convert: async (...args: readonly string[]) =>
      JSON.parse(await call('atomic-to-pxe', [...args, '--json'])) as Converted,
    ironpxe: async (...args: readonly string[]) => call('ironpxe', args),
  };
}

type Converted = {
  readonly manifest: Manifest;
  readonly outputs: { readonly manifest: string };
  readonly glance?: { readonly base: { readonly id: string } };
};

/** Logs in on the serial port of a machine that is up, and asks it about itself. */
async function askHost(hardware: Hardware, node: HardwareNode): Promise<string> {
  const path = node.serialLogPath;
  const { endOffset } = await waitForSerial(path, /atomic login: /, {
    timeoutMs: LOGIN_TIMEOUT_MS,
  });
  await using keyboard = await openKeyboard(hardware, node);
  await logIn(keyboard, path, { fromOffset: endOffset, password: 'ironpxe' });
  return readable(await keyboard.ask(QUESTIONS, { timeoutMs: ANSWER_TIMEOUT_MS }));
}

/** The machine runs the deployment of the image, from LVM, with the options it should have. */
async function prove(
  t: ExecutionContext,
  hardware: Hardware,
  api: Api,
  [node, uuid, manifest]: readonly [HardwareNode, string, Manifest],
): Promise<void> {
  const said = await askHost(hardware, node);
  const { osName = '', checksum = '', serial } = manifest.ostree ?? {};
  t.true(said.includes(`* ${osName} ${checksum}.${serial}`), said);
  t.regex(said, /status good/);
  t.regex(said, /\/dev\/mapper\/atomicos-root\S* +xfs/);
  t.regex(said, /fstab 0 failed 0/, said);
  const { line } = await api.get<{ line: string }>(`/v1/nodes/${uuid}/kernel_line`);
  for (const option of [manifest.boot.root ?? '', ...manifest.boot.append.split(' ')])
    t.true(line.includes(option), `${option} in ${line}`);
  t.regex(line, /console=ttyS0,115200$/);
  // The console may break the line where the terminal is narrow.
  t.true(said.replaceAll(/\s/g, '').includes(line.replaceAll(/\s/g, '')), said);
}

test.serial('the walk of 2014: image, conversion, Glance, PXE, iSCSI, login', async (t) => {
  t.timeout(2_400_000);
  const startedMs = performance.now();
  const log = (what: string): void =>
    t.log(`${((performance.now() - startedMs) / 1000).toFixed(0)} s: ${what}`);
  await using stack = new AsyncDisposableStack();
  const image = await atomicImage({ say: log });
  const { folder, hardware, cloud } = await makeLab(stack);
  const [first, second] = hardware.nodes;
  if (!first || !second) throw new Error('there are no machines');
  const { convert, ironpxe } = commands(hardware, cloud);
  log('machines, Keystone and Glance stand');

  const whole = await convert(image, '--output', folder, '--name', 'fedora-atomic', '--glance');
  log('converted and registered in Glance');
  const small = await convert(image, '--output', folder, '--name', 'small', '--shrink');
  t.true(small.manifest.base.virtualSizeBytes < 700 * 1024 ** 2);
  log('converted with --shrink');

  const api = await startApi(hardware, cloud, folder);
  const firstUuid = await enroll(api, first, signal);
  const secondUuid = await enroll(api, second, signal);
  await ironpxe('image', 'add', 'small', small.outputs.manifest);
  const id = whole.glance?.base.id ?? '';
  const deployed = [
    ironpxe('node', 'deploy', first.name, '--image', id).then(() => log('active, from Glance')),
    ironpxe('node', 'deploy', second.name, '--image', 'small').then(() => log('active, by name')),
  ];
  await Promise.all(deployed).catch(async (error: unknown) => {
    const conductorLog = await readFile(join(hardware.stateDir, 'log', 'conductor.log'), 'utf8');
    t.log(conductorLog.slice(-4000));
    throw error;
  });
  await prove(t, hardware, api, [first, firstUuid, whole.manifest]);
  log(`${first.name} runs the deployment`);
  await prove(t, hardware, api, [second, secondUuid, small.manifest]);
  log(`${second.name} runs the deployment`);
  const { stdout } = await run('sfdisk', ['--json', second.diskPath]);
  t.is(JSON.parse(stdout).partitiontable.partitions.length, 1);
});
