import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../conductor/process/run.ts';

const HOME = join(import.meta.dirname, '../../../deploy-ramdisk');
const BUSYBOX = '/usr/bin/busybox';
let made = 0;

/** What a conductor answers to a callback. */
export type Answer = { readonly status: number; readonly body?: unknown };
export type MachinePlace = {
  readonly namespace: string;
  readonly address: string;
  readonly host: string;
};
export type HostRamdiskOptions = {
  /** The file that stands for the machine's disk. */
  readonly diskPath: string;
  /** The kernel command line, without the conductor's address. */
  readonly cmdline: string;
  /** A network namespace that stands already; one of its own by default. `host` is this side. */
  readonly place?: MachinePlace | undefined;
  readonly answer: (callback: Readonly<Record<string, string>>) => Promise<Answer>;
  /** Shell text that is added to files of lib/, as a disk or machine that misbehaves. */
  readonly patches?: Readonly<Record<string, string>> | undefined;
  /** Shell text that runs before each command, whose name is in `$name`. */
  readonly beforeCommand?: string;
  /** Sees how the ramdisk left: `reboot` or `power_off`. */
  readonly onLeft?: (how: string) => void;
};

/**
 * The ramdisk's own scripts, its init included, on this host: busybox and tgtd in a network, mount
 * and process namespace of their own, with a sysfs that shows one disk, a loop device.
 */
export class HostRamdisk implements AsyncDisposable {
  readonly address: string;
  /** Its network namespace, and the host's end of the link to it. */
  readonly network: string;
  console = '';
  /** Settles when its processes have ended. */
  left: Promise<void> = Promise.resolve();
  readonly #child: ChildProcess;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { guest, name }: { readonly guest: string; readonly name: string },
    child: ChildProcess,
    stack: AsyncDisposableStack,
  ) {
    this.address = guest;
    this.network = name;
    this.#child = child;
    this.#stack = stack;
  }

  static async start(options: HostRamdiskOptions): Promise<HostRamdisk> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'ironpxe-hostrd-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const { name, host, guest } = placeOf(options) ?? (await makeNetwork(stack));
    const url = await listen(stack, host, options.answer);
    const loop = (await run('losetup', ['--find', '--show', options.diskPath])).stdout;
    stack.defer(async () => void (await run('losetup', ['-d', loop])));
    await makeRoot(folder, loop, `${options.cmdline} ironic_api_url=${url}`, options);
    const child = spawn(
      'setpriv',
      [
        ...`--pdeathsig KILL nsenter --net=/run/netns/${name}`.split(' '),
        ...'unshare --mount --pid --fork --kill-child --mount-proc'.split(' '),
        join(folder, 'bin/sh'),
        join(folder, 'main'),
      ],
      {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SYSROOT: folder, ADDRESS: guest },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ramdisk = new HostRamdisk({ guest, name }, child, stack.move());
    ramdisk.#watch(options);
    return ramdisk;
  }

  /** Waits for text on the console. Rejects with its end when that does not come. */
  async sees(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; !pattern.test(this.console); await sleep(50))
      if (Date.now() > end || this.#child.exitCode !== null)
        throw new Error(`The console never showed ${pattern}:\n${this.console.slice(-3000)}`);
  }

  /** Ends all at once, as a power cut does. */
  async cut(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Its network goes silent: nobody is told that its connections are gone. */
  async unplug(): Promise<void> {
    await run('ip', ['-n', this.network, 'link', 'set', 'eth0', 'down']);
  }

  /** Its processes, as this host numbers them. */
  async processes(): Promise<number[]> {
    const { stdout } = await run('ip', ['netns', 'pids', this.network]);
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    await this.#stack.disposeAsync();
  }

  #watch({ onLeft }: HostRamdiskOptions): void {
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.console += chunk.toString()));
    this.left = this.#ended(onLeft);
  }

  async #ended(onLeft: HostRamdiskOptions['onLeft']): Promise<void> {
    await once(this.#child, 'close');
    const [, how] = /^LEFT (\w+)$/m.exec(this.console) ?? [];
    if (how !== undefined) onLeft?.(how);
  }
}

/** A number that no other test has: making the namespace is what takes it. */
async function takeNumber(): Promise<number> {
  for (;;) {
    const number = (process.pid * 8 + made++) % 16_000;
    const add = ['netns', 'add', `irx${number}`];
    if ((await run('ip', add, { okCodes: [0, 1] })).exitCode === 0) return number;
  }
}

function placeOf({ place }: HostRamdiskOptions) {
  return place && { name: place.namespace, host: place.host, guest: place.address };
}

async function makeNetwork(stack: AsyncDisposableStack) {
  const number = await takeNumber();
  const name = `irx${number}`;
  const net = `10.${200 + Math.floor(number / 4096)}.${Math.floor(number / 16) % 256}`;
  const base = (number % 16) * 4;
  const [host, guest] = [`${net}.${base + 1}`, `${net}.${base + 2}`];
  const ip = async (...args: string[]) => void (await run('ip', args));
  stack.defer(() => ip('netns', 'del', name));
  await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('addr', 'add', `${host}/30`, 'dev', name);
  await ip('link', 'set', name, 'up');
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  await ip('-n', name, 'addr', 'add', `${guest}/30`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  return { name, host, guest };
}

async function listen(
  stack: AsyncDisposableStack,
  host: string,
  answer: HostRamdiskOptions['answer'],
): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    void (async () => {
      const body = (await new Response(request as never).json()) as Record<string, string>;
      const said = await answer(body).catch((error: unknown) => ({
        status: 400,
        body: { error_message: String(error) },
      }));
      response.writeHead(said.status, { 'content-type': 'application/json' });
      response.end(said.body === undefined ? '' : JSON.stringify(said.body));
    })();
  }).listen(0, host);
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://${host}:${typeof address === 'object' ? address?.port : ''}`;
}

/** The scripts with busybox as their only shell, and a sysfs of one disk. */
async function makeRoot(
  folder: string,
  loop: string,
  cmdline: string,
  { diskPath, patches = {}, beforeCommand }: HostRamdiskOptions,
): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const applets = (await run(BUSYBOX, ['--list'])).stdout.split('\n');
  for (const applet of applets.filter((one) => !['ip', 'mount'].includes(one)))
    await symlink(BUSYBOX, join(bin, applet));
  await cp(join(HOME, 'lib'), join(folder, 'lib'), { recursive: true });
  for (const name of await readdir(join(folder, 'lib'))) {
    const path = join(folder, 'lib', name);
    const text = (await readFile(path, 'utf8'))
      .replace('#!/bin/sh', `#!${bin}/sh`)
      .replace('export PATH=/bin:/sbin:/usr/sbin:/usr/bin ', 'export ');
    await writeFile(path, `${text}\n${patches[name] ?? ''}`);
  }
  const lib = join(folder, 'lib');
  if (beforeCommand !== undefined) await hookCommands(lib, beforeCommand);
  const disks = await readFile(join(lib, 'disks.sh'), 'utf8');
  await writeFile(join(lib, 'disks.sh'), `${disks}\n${diskNode(loop)}`);
  await writeFile(join(folder, 'main'), await mainScript(lib));
  const block = join(folder, 'sys/block/sda');
  await mkdir(join(block, 'device'), { recursive: true });
  const number = loop.replace('/dev/', '');
  await symlink(`/sys/block/${number}/queue`, join(block, 'queue'));
  await mkdir(join(folder, 'proc'));
  const files = {
    'proc/cmdline': cmdline,
    'proc/uptime': '1.0 1.0',
    'proc/cpuinfo': await readFile('/proc/cpuinfo', 'utf8'),
    'proc/meminfo': await readFile('/proc/meminfo', 'utf8'),
    'sys/block/sda/size': String(Math.floor((await stat(diskPath)).size / 512)),
    'sys/block/sda/serial': 'HOSTDISK1',
    'sys/block/sda/wwid': 'naa.5000c500a1b2c3d4',
    'sys/block/sda/device/model': 'Loop Disk',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function hookCommands(lib: string, text: string): Promise<void> {
  const handler = join(lib, 'command-handler');
  const call = '("command_$name"';
  const [before, after, ...more] = (await readFile(handler, 'utf8')).split(call);
  if (after === undefined || more.length > 0) throw new Error(`There is not one ${call}.`);
  await writeFile(handler, `${before}(before_command; "command_$name"${after}`);
  await appendFile(join(lib, 'commands.sh'), `\nbefore_command() {\n${text}\n}\n`);
}

function diskNode(loop: string): string {
  return `disk_node() { case $1 in sda) echo ${loop} ;; *) printf '/dev/%s\\n' "$1" ;; esac; }\n`;
}

/** The story of init, without what only a booting machine has. */
async function mainScript(lib: string): Promise<string> {
  const init = (await readFile(join(HOME, 'init'), 'utf8'))
    .replace(/^(mount .*|export PATH.*|main)$/gm, '')
    .replace(/^LIB=.*$/m, `export LIB=${lib} PATH=$SYSROOT/bin:$PATH`);
  return `${init}
console_line() { echo "$1"; }
load_modules() { :; }
prepare_for_the_worst() { :; }
bring_up_network() { echo "$ADDRESS" >"$RUN/address"; }
poweroff() { :; }
reboot() { :; }
/usr/bin/mount -t tmpfs tmpfs /run
main
echo "LEFT $leave_how"
`;
}
