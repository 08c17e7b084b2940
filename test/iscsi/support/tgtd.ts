import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../conductor/process/run.ts';

const READY_TIMEOUT_MS = 10_000;
const ISCSI_LISTEN_PORT = 3260;

/** What a target exports, and how. */
export type TargetSetup = {
  readonly tid: number;
  readonly iqn: string;
  /** An existing file. */
  readonly backingFile: string;
  readonly thin?: boolean;
  /** `rdwr` unless given. */
  readonly storeType?: 'rdwr' | 'aio';
  /** Target parameters such as `MaxBurstLength`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** `incoming` is what initiators need; `outgoing` what the target proves itself with. */
  readonly incoming?: { readonly username: string; readonly password: string };
  readonly outgoing?: { readonly username: string; readonly password: string };
};

/** A network namespace (by name) and the address in there that the daemon listens on. */
export type Inside = { readonly netns: string; readonly host: string };

/** A real tgtd on loopback, or in a network namespace, with a control socket and a folder of its own. */
export class Tgtd implements AsyncDisposable {
  readonly host: string;
  readonly listenPort: number;
  /** A scratch folder that goes away with the daemon. */
  readonly folder: string;
  readonly #netns: string | undefined;
  #process: ChildProcess | undefined;

  constructor(folder: string, listenPort: number, inside?: Inside) {
    this.host = inside?.host ?? '127.0.0.1';
    this.#netns = inside?.netns;
    this.folder = folder;
    this.listenPort = listenPort;
  }

  /** `parent` is where the folder is made; the system's temporary folder by default. */
  static async start(parent = tmpdir(), inside?: Inside): Promise<Tgtd> {
    const folder = await mkdtemp(join(parent, 'ironpxe-tgtd-'));
    const tgtd = new Tgtd(folder, inside ? ISCSI_LISTEN_PORT : await freeListenPort(), inside);
    await tgtd.start();
    return tgtd;
  }

  /** Starts the daemon without targets. */
  async start(): Promise<void> {
    // The daemon must not outlive a test that crashed.
    const how = ['--pdeathsig', 'KILL', 'tgtd', '-f'];
    const portal = `portal=${this.host}:${this.listenPort}`;
    const [program = '', ...args] = this.#netns
      ? ['nsenter', `--net=/run/netns/${this.#netns}`, 'setpriv', ...how]
      : ['setpriv', ...how];
    const child = spawn(program, [...args, '--iscsi', portal], {
      env: { ...process.env, ...this.#env },
      stdio: 'ignore',
    });
    this.#process = child;
    await Promise.race([this.#untilReady(), failOnEnd(child)]);
  }

  /** Ends the daemon at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Lets the daemon hang, and go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(name);
  }

  /** Makes a target with one disk, LUN 1, open to every address. */
  async addTarget(setup: TargetSetup): Promise<void> {
    const { tid, iqn, incoming, outgoing, parameters = {} } = setup;
    await this.#admin('target', 'new', tid, '--targetname', iqn);
    for (const [name, value] of Object.entries(parameters))
      await this.#admin('target', 'update', tid, '--name', name, '--value', value);
    await this.#addDisk(setup);
    if (incoming) await this.#addAccount(tid, incoming, []);
    if (outgoing) await this.#addAccount(tid, outgoing, ['--outgoing']);
    await this.#admin('target', 'bind', tid, '--initiator-address', 'ALL');
  }

  /** The connections of all initiators, as tgtadm tells. */
  async connections(tid: number): Promise<string> {
    return await this.#admin('conn', 'show', tid);
  }

  /** Takes the disk away from a target. */
  async removeDisk(tid: number): Promise<void> {
    await this.#admin('logicalunit', 'delete', tid, '--lun', '1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #addDisk({ tid, backingFile, storeType = 'rdwr', thin }: TargetSetup): Promise<void> {
    const store = ['--lun', '1', '--backing-store', backingFile, '--bstype', storeType];
    await this.#admin('logicalunit', 'new', tid, ...store);
    if (!thin) return;
    const params = ['--lun', '1', '--params', 'thin_provisioning=1'];
    await this.#admin('logicalunit', 'update', tid, ...params);
  }

  async #addAccount(
    tid: number,
    { username, password }: { readonly username: string; readonly password: string },
    extra: readonly string[],
  ): Promise<void> {
    const account = ['--lld', 'iscsi', '--mode', 'account'];
    const options = { env: this.#env, package: 'tgt' };
    const named = ['--user', username, '--password', password];
    await run('tgtadm', [...account, '--op', 'new', ...named], options);
    const bound = ['--tid', String(tid), '--user', username, ...extra];
    await run('tgtadm', [...account, '--op', 'bind', ...bound], options);
  }

  async #admin(mode: string, op: string, tid: number, ...rest: readonly string[]): Promise<string> {
    const args = ['--lld', 'iscsi', '--mode', mode, '--op', op, '--tid', String(tid), ...rest];
    return (await run('tgtadm', args, { env: this.#env, package: 'tgt' })).stdout;
  }

  get #env(): Record<string, string> {
    return { TGT_IPC_SOCKET: join(this.folder, 'ipc') };
  }

  async #untilReady(): Promise<void> {
    const endMs = performance.now() + READY_TIMEOUT_MS;
    const show = ['--lld', 'iscsi', '--mode', 'sys', '--op', 'show'];
    for (;;) {
      const options = { env: this.#env, package: 'tgt', okCodes: [0, 1, 2, 22, 107, 111] };
      const { exitCode } = await run('tgtadm', show, options);
      // It listens before it answers tgtadm, so what cannot be reached from here need not be tried.
      if (exitCode === 0 && (this.#netns || (await accepts(this.host, this.listenPort)))) return;
      if (performance.now() > endMs) throw new Error('tgtd did not start in time');
      await sleep(20);
    }
  }
}

/** A sparse file of this size. */
export async function makeSparseFile(path: string, sizeBytes: number): Promise<string> {
  await using file = await open(path, 'w');
  await file.truncate(sizeBytes);
  return path;
}

async function failOnEnd(child: ChildProcess): Promise<never> {
  const failure = Promise.withResolvers<never>();
  child.once('error', failure.reject);
  child.once('exit', (code, signal) =>
    failure.reject(new Error(`tgtd ended: exit code ${code}, signal ${signal}`)),
  );
  return await failure.promise;
}

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = createConnection({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A TCP port of loopback that nobody listens on. */
export async function freeListenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}
