import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../conductor/process/run.ts';
import { LabFault } from './fault.ts';
import { startDaemon } from './processes.ts';
import { tailOf } from './serial.ts';
import { ownFolder, vhostCommand } from './vhost.ts';

const START_TIMEOUT_MS = 180_000;

const LIBVIRTD_CONF = `auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:stderr"
`;

// As root and without confinement, because there may be neither a system bus nor cgroups.
const QEMU_CONF = `user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
`;

/** The libvirt URI of a lab as seen from outside its namespaces. */
export function libvirtUri(stateDir: string): string {
  return `qemu:///system?socket=${socketPath(stateDir)}`;
}

function socketPath(stateDir: string): string {
  return join(ownFolder(stateDir, '/run'), 'libvirt', 'libvirt-sock');
}

/** Starts a libvirtd of the lab's own and waits until it answers. */
export async function startLibvirtd(
  netns: string,
  stateDir: string,
  cacheDir: string,
): Promise<void> {
  const conf = ownFolder(stateDir, '/etc/libvirt');
  await writeFile(join(conf, 'libvirtd.conf'), LIBVIRTD_CONF);
  await writeFile(join(conf, 'qemu.conf'), QEMU_CONF);
  const command = vhostCommand(netns, stateDir, cacheDir, ['libvirtd']);
  const daemon = await startDaemon(stateDir, 'libvirtd', command);
  const ended = daemon.ended.then((how) => ({ how }));
  const answer = await Promise.race([
    ended,
    untilConnected(socketPath(stateDir), START_TIMEOUT_MS),
  ]);
  if (answer === true) return;
  const how =
    answer === false
      ? `does not answer after ${START_TIMEOUT_MS / 1000} s`
      : `ended with ${answer.how}`;
  throw new LabFault(
    `libvirtd ${how}: ${await tailOf(daemon.logPath)}`,
    `Read ${daemon.logPath}; is the package libvirt-daemon-system installed whole?`,
  );
}

async function untilConnected(path: string, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    if (await canConnect(path)) return true;
    await delay(50);
  }
  return false;
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Makes a machine known to the lab's libvirtd; it stays off. */
export async function defineMachine(stateDir: string, name: string, xml: string): Promise<void> {
  const path = join(stateDir, 'machines', `${name}.xml`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, xml);
  await run('virsh', ['-q', '-c', libvirtUri(stateDir), 'define', path], {
    timeoutMs: 60_000,
    package: 'libvirt-clients',
  });
}
