import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../conductor/process/run.ts';
import { LabFault } from './fault.ts';
import { BRIDGE_ADDRESS } from './network.ts';
import { startDaemon } from './processes.ts';
import { tailOf, waitForSerial } from './serial.ts';
import { vhostCommand } from './vhost.ts';

/** The listen port of the lab's sshd, inside its namespace. */
export const SSH_LISTEN_PORT = 2222;

/** How to log in on the lab's virtual machine host; valid for this lab only. */
export type SshLogin = {
  readonly username: string;
  readonly keyPath: string;
  readonly password: string;
};

/**
 * Starts an sshd with host key, user key and root password of its own. It listens inside the lab's
 * namespace only, and reads accounts from a copy of the shadow file, so the host's logins are not
 * affected.
 */
export async function startSshd(
  netns: string,
  stateDir: string,
  cacheDir: string,
): Promise<SshLogin> {
  const folder = join(stateDir, 'ssh');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keyPath = join(folder, 'id_ed25519');
  await Promise.all([makeKey(keyPath), makeKey(join(folder, 'host_key'))]);
  await writeFile(join(folder, 'authorized_keys'), await readFile(`${keyPath}.pub`), {
    mode: 0o600,
  });
  await writeFile(join(folder, 'sshd_config'), sshdConfig(folder));
  const password = randomBytes(12).toString('base64url');
  await writeShadow(join(stateDir, 'vhost', 'shadow'), password);
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'sshd_config')];
  const daemon = await startDaemon(stateDir, 'sshd', vhostCommand(netns, stateDir, cacheDir, sshd));
  await untilListening(daemon.logPath, daemon.ended);
  return { username: 'root', keyPath, password };
}

async function makeKey(path: string): Promise<void> {
  const args = ['-q', '-t', 'ed25519', '-N', '', '-C', 'ironpxe-lab', '-f', path];
  await run('ssh-keygen', args, { package: 'openssh-client' });
}

function sshdConfig(folder: string): string {
  return `ListenAddress ${BRIDGE_ADDRESS}
Port ${SSH_LISTEN_PORT}
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
# The folders above may belong to the user who started the lab with sudo.
StrictModes no
UseDNS no
MaxSessions 50
MaxStartups 100
AllowTcpForwarding no
X11Forwarding no
LogLevel INFO
`;
}

async function writeShadow(path: string, password: string): Promise<void> {
  const { stdout } = await run('openssl', ['passwd', '-6', '-stdin'], { input: `${password}\n` });
  const shadow = await readFile('/etc/shadow', 'utf8');
  const others = shadow.split('\n').filter((line) => line !== '' && !line.startsWith('root:'));
  const lines = [`root:${stdout.trim()}:19000:0:99999:7:::`, ...others];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
}

async function untilListening(logPath: string, ended: Promise<string>): Promise<void> {
  const stop = new AbortController();
  const listening = waitForSerial(logPath, /Server listening on/, {
    timeoutMs: 15_000,
    signal: stop.signal,
  }).then(() => 'listening');
  const how = await Promise.race([listening, ended]).finally(() => stop.abort());
  // The wait that lost the race is told to stop; its end is of no interest.
  await listening.catch(() => undefined);
  if (how === 'listening') return;
  throw new LabFault(
    `sshd ended with ${how}: ${await tailOf(logPath)}`,
    `Read ${logPath}; port ${SSH_LISTEN_PORT} must be free inside the lab's namespace.`,
  );
}
