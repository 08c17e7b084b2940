import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../process/run.ts';
import type { SshCredential, SshInfo } from './driverInfo.ts';
import { sshFault } from './faults.ts';

/** A login on a host that carries any number of commands; ends with its scope. */
export type SshSession = AsyncDisposable & {
  /**
   * Runs a POSIX shell script on the host and returns its standard output.
   * @param what the command in words, for error messages
   * @throws IronpxeError DRIVER_SSH_*, DRIVER_VIRSH_MISSING, DRIVER_LIBVIRT
   */
  script(what: string, script: string, input?: string): Promise<string>;
};

/** How sessions are opened. */
export type SessionOptions = {
  readonly signal: AbortSignal;
  /** Remembers host keys: the first seen is taken, another one later is refused. */
  readonly knownHostsFile: string | undefined;
  readonly connectTimeoutSeconds: number;
  readonly commandTimeoutMs: number;
};

const ANY_EXIT_CODE = Array.from({ length: 256 }, (_, code) => code);
const PASSWORD_VARIABLE = 'IRONPXE_SSH_PASSWORD';

/**
 * Opens a session on the system's `ssh`. The first command logs in and leaves a master connection
 * that later commands share; it is closed at the end, and by itself when this process is killed.
 */
export async function openSession(info: SshInfo, options: SessionOptions): Promise<SshSession> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-ssh-'));
  const destroy = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const args = sshArguments(folder, options, await credentialArguments(info, folder));
    return sessionOn(info, args, folder, options, destroy);
  } catch (error) {
    await destroy();
    throw error;
  }
}

function sessionOn(
  info: SshInfo,
  args: readonly string[],
  folder: string,
  options: SessionOptions,
  destroy: () => Promise<void>,
): SshSession {
  const { signal, commandTimeoutMs } = options;
  const where = `${info.username}@${info.address} port ${info.listenPort}`;
  const env = environment(info.credential, folder);
  const target = ['-l', info.username, '-p', String(info.listenPort), '--', info.address];
  return {
    async script(what, script, input) {
      const remote = `exec sh -c ${shellQuote(script)}`;
      const result = await run('ssh', [...args, ...target, remote], {
        signal,
        timeoutMs: commandTimeoutMs,
        env,
        okCodes: ANY_EXIT_CODE,
        package: 'openssh-client',
        ...(input !== undefined && { input }),
      });
      if (result.exitCode !== 0) throw sshFault(where, what, result);
      return result.stdout;
    },
    async [Symbol.asyncDispose]() {
      const close = ['-O', 'exit', ...args, ...target];
      await run('ssh', close, { timeoutMs: 5000, okCodes: ANY_EXIT_CODE }).catch(() => undefined);
      await destroy();
    },
  };
}

function sshArguments(
  folder: string,
  options: SessionOptions,
  credential: readonly string[],
): readonly string[] {
  const settings = {
    ConnectTimeout: options.connectTimeoutSeconds,
    ServerAliveInterval: 20,
    StrictHostKeyChecking: 'accept-new',
    // Without a file of the conductor's own, each session accepts the key it meets.
    UserKnownHostsFile: options.knownHostsFile ?? join(folder, 'known_hosts'),
    GlobalKnownHostsFile: '/dev/null',
    HashKnownHosts: 'no',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
    ControlMaster: 'auto',
    ControlPath: join(folder, 'master'),
    ControlPersist: 15,
    LogLevel: 'ERROR',
    ForwardAgent: 'no',
    IdentityAgent: 'none',
  };
  const pairs = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  // -F /dev/null: the settings of whoever runs the conductor must not change what happens here.
  return ['-F', '/dev/null', '-T', '-x', ...pairs, ...credential];
}

async function credentialArguments(info: SshInfo, folder: string): Promise<readonly string[]> {
  const { credential } = info;
  if (credential.kind === 'password') {
    const program = join(folder, 'askpass');
    await writeFile(program, `#!/bin/sh\nprintf '%s\\n' "$${PASSWORD_VARIABLE}"\n`);
    await chmod(program, 0o700);
    const methods = 'PreferredAuthentications=password,keyboard-interactive';
    return ['-o', methods, '-o', 'PubkeyAuthentication=no', '-o', 'NumberOfPasswordPrompts=1'];
  }
  const path = credential.kind === 'keyFile' ? credential.path : join(folder, 'key');
  if (credential.kind === 'keyContents')
    await writeFile(path, `${credential.keyContents.trim()}\n`, { mode: 0o600 });
  const only = ['-o', 'IdentitiesOnly=yes', '-o', 'PreferredAuthentications=publickey'];
  return ['-o', 'BatchMode=yes', ...only, '-i', path];
}

function environment(credential: SshCredential, folder: string): Readonly<Record<string, string>> {
  if (credential.kind !== 'password') return { LC_ALL: 'C' };
  return {
    LC_ALL: 'C',
    SSH_ASKPASS: join(folder, 'askpass'),
    SSH_ASKPASS_REQUIRE: 'force',
    [PASSWORD_VARIABLE]: credential.password,
  };
}

/** `text` as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
