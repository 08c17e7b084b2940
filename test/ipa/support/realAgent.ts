import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../conductor/process/run.ts';
import type { AgentOptions } from '../../interop/support/testAgent.ts';

const here = import.meta.dirname;

/** Only the bench's manager: the generic one would look at, and write to, the disks of this host. */
const ENTRY_POINTS = `[ironic_python_agent.hardware_managers]
bench = benchManager:BenchManager

[ironic_python_agent.extensions]
standby = ironic_python_agent.extensions.standby:StandbyExtension
clean = ironic_python_agent.extensions.clean:CleanExtension
deploy = ironic_python_agent.extensions.deploy:DeployExtension
image = ironic_python_agent.extensions.image:ImageExtension
log = ironic_python_agent.extensions.log:LogExtension

[ironic_python_agent.inspector.collectors]
default = ironic_python_agent.inspector:collect_default
logs = ironic_python_agent.inspector:collect_logs
`;

/** Ironic's own agent, as a process in namespaces of its own with a disk behind a loop device. */
export class RealAgent implements AsyncDisposable {
  readonly #options: Pick<AgentOptions, 'kernelLine' | 'mac' | 'diskPath' | 'onPowerOff'>;
  readonly #sources: string;
  #folder = '';
  #loop = '';
  #process: ChildProcess | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(
    options: Pick<AgentOptions, 'kernelLine' | 'mac' | 'diskPath' | 'onPowerOff'>,
    sources: string,
  ) {
    this.#options = options;
    this.#sources = sources;
  }

  async boot(): Promise<void> {
    const { kernelLine, mac, diskPath, onPowerOff } = this.#options;
    const folder = await mkdtemp(join(tmpdir(), 'ironpxe-ipa-'));
    this.#folder = folder;
    this.#loop = (await run('losetup', ['--find', '--show', '--partscan', diskPath])).stdout.trim();
    const info = join(folder, 'plugins', 'ironic_python_agent-9.9.9.dist-info');
    await mkdir(info, { recursive: true });
    await writeFile(
      join(info, 'METADATA'),
      'Metadata-Version: 2.1\nName: ironic-python-agent\nVersion: 9.9.9\n',
    );
    await writeFile(join(info, 'entry_points.txt'), ENTRY_POINTS);
    await cp(join(here, 'benchManager.py'), join(folder, 'plugins', 'benchManager.py'));
    await symlink(this.#sources, join(folder, 'src'));
    await writeFile(join(folder, 'cmdline'), kernelLine);
    await writeFile(join(folder, 'agent.conf'), '[DEFAULT]\ndebug=true\n');
    const env = {
      ...process.env,
      BENCH_DISK: this.#loop,
      BENCH_MAC: mac,
      BENCH_LISTEN_PORT: String(await freeListenPort()),
    };
    const args = [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      join(here, 'agent.sh'),
      folder,
    ];
    this.#process = spawn('unshare', args, { env, stdio: 'inherit' });
    this.#watch = setInterval(() => {
      if (existsSync(join(folder, 'powered-off'))) onPowerOff();
    }, 200);
  }

  /** What the agent logged. */
  async log(): Promise<string> {
    return readFile(join(this.#folder, 'agent.log'), 'utf8').catch(() => '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    if (child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await run('losetup', ['--detach', this.#loop]);
    const log = process.env['IPA_LOG'];
    if (log !== undefined) await appendFile(log, await this.log());
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freeListenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
