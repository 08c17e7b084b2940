import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, openApi } from '../../lab/api.ts';
import { freeListenPort } from '../iscsi/support/tgtd.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/ironpxe');
const START_TIMEOUT_MS = 120_000;

/** Where a conductor is and what of its configuration differs; all by itself on loopback by default. */
export type ConductorPlace = {
  /** A network namespace with this address. */
  readonly network?: { readonly namespace: string; readonly address: string };
  /** Sections of the configuration that replace those of the tests. */
  readonly config?: Readonly<Record<string, unknown>>;
};

/** A conductor as operators run it, in a process that can be killed and started again. */
export class ConductorProcess implements AsyncDisposable {
  readonly api: Api;
  /** Where machines find their boot files and call back. */
  readonly bootUrl: string;
  readonly stateDir: string;
  log = '';
  readonly #configPath: string;
  readonly #namespace: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(folder: string, bootUrl: string, namespace: string | undefined) {
    this.#namespace = namespace;
    this.api = openApi(join(folder, 'api.sock'));
    this.bootUrl = bootUrl;
    this.stateDir = join(folder, 'state');
    this.#configPath = join(folder, 'conductor.yaml');
  }

  /** Starts one with its files in `folder`; `images` is where images and boot files are. */
  static async start(
    folder: string,
    images: string,
    { network, config: more }: ConductorPlace = {},
  ): Promise<ConductorProcess> {
    const listenPort = await freeListenPort();
    const address = network?.address ?? '127.0.0.1';
    const url = `http://${address}:${listenPort}`;
    const made = new ConductorProcess(folder, url, network?.namespace);
    const config = {
      state_dir: made.stateDir,
      host: 'faults',
      api: { listen_port: await freeListenPort(), socket: join(folder, 'api.sock') },
      boot_http: { listen_address: address, listen_port: listenPort, url },
      dhcp: { enabled: false },
      tftp: { enabled: false },
      pxe: { deploy_kernel: join(images, 'kernel'), deploy_ramdisk: join(images, 'ramdisk') },
      images: { file_url_allowed_paths: [images] },
      iscsi: { reconnect_seconds: 10, require_authentication: true },
      power: { sync_interval_seconds: 0 },
      ...more,
    };
    // JSON is YAML.
    await writeFile(made.#configPath, JSON.stringify(config, undefined, 2));
    await made.start();
    return made;
  }

  /** Starts the process, and waits until its API answers. */
  async start(): Promise<void> {
    const inside = this.#namespace ? ['nsenter', `--net=/run/netns/${this.#namespace}`] : [];
    const program = [...inside, PROGRAM, 'conductor', '--config', this.#configPath];
    // It must not outlive a test that crashed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.#child = child;
    const endMs = performance.now() + START_TIMEOUT_MS;
    while ((await this.api.get('/').catch(() => undefined)) === undefined) {
      if (performance.now() > endMs || child.exitCode !== null)
        throw new Error(`The conductor does not serve:\n${this.log.slice(-2000)}`);
      await sleep(50);
    }
  }

  /** The process, as it runs now. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('The conductor does not run.');
    return pid;
  }

  /** Ends it as a crash would, with no chance to tidy up. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
