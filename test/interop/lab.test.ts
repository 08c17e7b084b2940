import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import type { DriverNode } from '../../conductor/drivers/types.ts';
import { run } from '../../conductor/process/run.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { MIB } from '../../conductor/values/units.ts';
import { createHardware, findHardware, removeHardware, type Hardware } from '../../lab/hardware.ts';
import { libvirtUri } from '../../lab/libvirt.ts';
import { networkExists, processesIn } from '../../lab/network.ts';
import { isAlive, recordedProcesses } from '../../lab/processes.ts';
import { waitForSerial } from '../../lab/serial.ts';
import type { DriverAnswer, DriverCall } from './driverCall.ts';

// A real sshd, a real libvirtd and real machines, in a network namespace of the test's own.
const test = anyTest as TestFn<{ folder: string; hardware: Hardware; hostBefore: string }>;

const CALLER = join(import.meta.dirname, 'driverCall.ts');

test.before(async (t) => {
  t.timeout(60_000);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-lab-test-'));
  const hostBefore = await hostNetwork();
  const hardware = await createHardware({
    name: `test-${process.pid}`,
    stateDir: join(folder, 'lab'),
    nodes: 2,
    diskBytes: 64 * MIB,
  });
  await mkdir(temporary(hardware));
  t.context = { folder, hardware, hostBefore };
});

test.after.always(async ({ context }) => {
  await context.hardware?.[Symbol.asyncDispose]();
  if (context.folder) await rm(context.folder, { recursive: true, force: true });
});

async function hostNetwork(): Promise<string> {
  const links = await run('ip', ['-oneline', 'address', 'show']);
  const rules = await run('ip', ['route', 'show', 'table', 'all']);
  return links.stdout.replaceAll(/ valid_lft.*/g, '') + rules.stdout;
}

function nodeOf(hardware: Hardware, index: number, info: object = {}): DriverNode {
  const found = hardware.nodes[index];
  if (!found) throw new Error(`no node ${index}`);
  return {
    uuid: found.name,
    driverInfo: { ...found.driverInfo, ...info },
    macs: [found.mac],
  };
}

function temporary({ stateDir }: Hardware): string {
  return join(dirname(stateDir), 'tmp');
}

async function ask(
  hardware: Hardware,
  ...calls: readonly DriverCall[]
): Promise<readonly DriverAnswer[]> {
  // A TMPDIR of its own shows what the driver leaves behind.
  const result = await hardware.run(process.execPath, [CALLER, JSON.stringify(calls)], {
    env: { TMPDIR: temporary(hardware) },
  });
  return JSON.parse(result.stdout) as readonly DriverAnswer[];
}

test.serial('power goes on, off and round, and the machine netboots', async (t) => {
  const { hardware } = t.context;
  const node = nodeOf(hardware, 0);
  const log = hardware.nodes[0]?.serialLogPath ?? '';
  t.deepEqual(
    await ask(
      hardware,
      { node, call: 'powerState' },
      { node, call: 'setPower', target: 'power on' },
      { node, call: 'powerState' },
      { node, call: 'setPower', target: 'power on' },
    ),
    [{ value: 'power off' }, {}, { value: 'power on' }, {}],
  );
  const first = await waitForSerial(log, /iPXE initialising devices/, { timeoutMs: 60_000 });
  t.is(
    (await run('virsh', ['-c', libvirtUri(hardware.stateDir), 'list', '--name'])).stdout.trim(),
    'node-1',
  );
  t.deepEqual(await ask(hardware, { node, call: 'setPower', target: 'rebooting' }), [{}]);
  await waitForSerial(log, /52:54:00:1a:b0:01/, { fromOffset: first.endOffset, timeoutMs: 60_000 });
  t.deepEqual(
    await ask(
      hardware,
      { node, call: 'setPower', target: 'power off' },
      { node, call: 'powerState' },
      { node, call: 'setPower', target: 'power off' },
    ),
    [{}, { value: 'power off' }, {}],
  );
});

test.serial('the boot device is kept, and one for once is put back after the start', async (t) => {
  const { hardware } = t.context;
  const node = nodeOf(hardware, 1);
  const log = hardware.nodes[1]?.serialLogPath ?? '';
  t.deepEqual(
    await ask(
      hardware,
      { node, call: 'bootDevice' },
      { node, call: 'setBootDevice', device: 'disk', persistent: false },
      { node, call: 'bootDevice' },
      { node, call: 'setPower', target: 'power on' },
      { node, call: 'bootDevice' },
    ),
    [
      { value: { device: 'pxe', persistent: true } },
      {},
      { value: { device: 'disk', persistent: false } },
      {},
      { value: { device: 'pxe', persistent: true } },
    ],
  );
  // The disk is empty: what came first is seen from where the firmware tries it first.
  await waitForSerial(log, /Booting from Hard Disk[\s\S]*iPXE/, { timeoutMs: 60_000 });
  t.deepEqual(
    await ask(
      hardware,
      { node, call: 'setPower', target: 'power off' },
      { node, call: 'setBootDevice', device: 'disk', persistent: true },
      { node, call: 'setPower', target: 'power on' },
      { node, call: 'bootDevice' },
      { node, call: 'setBootDevice', device: 'pxe', persistent: true },
      { node, call: 'setPower', target: 'power off' },
      { node, call: 'bootDevice' },
    ),
    [
      {},
      {},
      {},
      { value: { device: 'disk', persistent: true } },
      {},
      {},
      { value: { device: 'pxe', persistent: true } },
    ],
  );
  const [missing] = await ask(hardware, { node, call: 'setBootDevice', device: 'cdrom' });
  t.is(missing?.code, 'DRIVER_BOOT_DEVICE');
});

test.serial('a password or key contents work as well as a key file', async (t) => {
  const { hardware } = t.context;
  const { keyPath, password } = hardware.sshLogin;
  const keyContents = await readFile(keyPath, 'utf8');
  const answers = await ask(
    hardware,
    {
      node: nodeOf(hardware, 0, { ssh_key_filename: null, ssh_password: password }),
      call: 'powerState',
    },
    {
      node: nodeOf(hardware, 0, { ssh_key_filename: null, ssh_key_contents: keyContents }),
      call: 'powerState',
    },
  );
  t.deepEqual(answers, [{ value: 'power off' }, { value: 'power off' }]);
  t.deepEqual(await readdir(temporary(hardware)), [], 'no key and no connection is left behind');
});

test.serial('refusals are told apart', async (t) => {
  const { hardware, folder } = t.context;
  const other = join(folder, 'other_key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other]);
  const hostKey = (await readFile(`${other}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  const knownHostsFile = join(folder, 'known_hosts');
  await writeFile(knownHostsFile, `[172.30.0.1]:2222 ${hostKey}\n`);
  const password = { ssh_key_filename: null, ssh_password: 'wrong' };
  const call = 'powerState';
  const stranger = { ...nodeOf(hardware, 0), macs: ['52:54:00:00:00:99' as Mac] };
  const macs = hardware.nodes.map(({ mac }) => mac);
  const answers = await ask(
    hardware,
    { call, node: nodeOf(hardware, 0, { ssh_key_filename: other }) },
    { call, node: nodeOf(hardware, 0, password) },
    { call, node: nodeOf(hardware, 0, { ssh_port: 2223 }) },
    { call, node: nodeOf(hardware, 0, { ssh_address: '10.99.99.99' }) },
    { call, node: nodeOf(hardware, 0), knownHostsFile },
    { call, node: nodeOf(hardware, 0, { ssh_libvirt_uri: 'qemu:///system?socket=/nowhere' }) },
    { call, node: stranger },
    { call, node: { ...nodeOf(hardware, 0), macs } },
  );
  t.deepEqual(
    answers.map(({ code }) => code),
    [
      'DRIVER_SSH_AUTH',
      'DRIVER_SSH_AUTH',
      'DRIVER_SSH_UNREACHABLE',
      'DRIVER_SSH_UNREACHABLE',
      'DRIVER_SSH_HOST_KEY',
      'DRIVER_LIBVIRT',
      'DRIVER_MACHINE_NOT_FOUND',
      'DRIVER_MACHINE_AMBIGUOUS',
    ],
  );
  t.log(answers.map(({ message }) => message).join('\n'));
  t.false(JSON.stringify(answers).includes('wrong'));
});

test.serial('a host key is remembered at first sight', async (t) => {
  const { hardware, folder } = t.context;
  const knownHostsFile = join(folder, 'first_seen');
  const call: DriverCall = { node: nodeOf(hardware, 0), call: 'powerState', knownHostsFile };
  t.deepEqual(await ask(hardware, call, call), [{ value: 'power off' }, { value: 'power off' }]);
  t.regex(await readFile(knownHostsFile, 'utf8'), /^\[172\.30\.0\.1\]:2222 ssh-ed25519 \S+\n$/);
});

test.serial(
  'a killed lab is cleared by the next one of its name, and down leaves nothing',
  async (t) => {
    const { folder, hostBefore } = t.context;
    const lab = { name: `gone-${process.pid}`, stateDir: join(folder, 'gone') };
    const script = `
    const { createHardware } = await import(${JSON.stringify(join(import.meta.dirname, '../../lab/hardware.ts'))});
    const hardware = await createHardware(${JSON.stringify({ ...lab, diskBytes: MIB })});
    await hardware.run('virsh', ['-c', 'qemu:///system?socket=' + hardware.stateDir + '/vhost/run/libvirt/libvirt-sock', 'start', 'node-1']);
    process.kill(process.pid, 'SIGKILL');`;
    const args = ['--input-type=module', '--eval', script];
    await t.throwsAsync(run(process.execPath, args, { timeoutMs: 60_000 }), { message: /SIGKILL/ });

    const left = await recordedProcesses(lab.stateDir);
    t.deepEqual(left.map(({ name }) => name).sort(), ['libvirtd', 'radvd', 'sshd']);
    t.true((await processesIn(`ironpxe-${lab.name}`)).length > left.length, 'and a machine');
    t.is((await findHardware(lab.stateDir))?.nodes.length, 1);

    const again = await createHardware({ ...lab, diskBytes: MIB });
    t.false(left.some(isAlive));
    const standing = await recordedProcesses(lab.stateDir);
    await again.release();
    t.true((await removeHardware(lab)) >= 3);
    t.false(standing.some(isAlive));
    t.false(networkExists(again.netns));
    t.false(existsSync(lab.stateDir));
    t.false((await readFile('/proc/self/mountinfo', 'utf8')).includes(folder));
    t.is(await hostNetwork(), hostBefore, 'the network of the host is as it was');
    t.is(await removeHardware(lab), 0, 'removing twice is no error');
  },
);
