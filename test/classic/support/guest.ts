import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Entry, writeCpio } from '../../../deploy-ramdisk/cpio.ts';
import { command } from '../../../deploy-ramdisk/command.ts';
import { copyModules, findKernel } from '../../../deploy-ramdisk/kernel.ts';
import { fetchPackages, resolvePackages, withIndex } from '../../../deploy-ramdisk/packages.ts';

const CACHE = join(import.meta.dirname, '../../../.cache');
const MODULES = [
  'virtio_pci',
  'virtio_net',
  '9pnet_virtio',
  '9p',
  'overlay',
  'crc32c_generic',
  'sd_mod',
  'iscsi_tcp',
];
const FOLDERS = ['bin', 'sbin', 'proc', 'sys', 'dev', 'root', 'etc'];
const BOOT_TIMEOUT_MS = 300_000;
const COMMAND_TIMEOUT_MS = 600_000;

export type GuestKernel = { readonly image: string; readonly initramfs: string };

/** The distribution's kernel with the initiator, and a ramdisk that makes the host's root the guest's. */
export async function buildGuest(folder: string): Promise<GuestKernel> {
  const root = join(folder, 'kernel');
  const modules = join(folder, 'modules');
  const wanted = { kernelMeta: 'linux-image-amd64', others: [] };
  const packages = await withIndex(() => resolvePackages(wanted));
  await fetchPackages(packages, join(CACHE, 'packages'));
  await mkdir(root, { recursive: true });
  for (const { file } of packages)
    await command('dpkg', ['-x', join(CACHE, 'packages', file), root]);
  const kernel = await findKernel(root);
  await copyModules(MODULES, kernel, root, modules);
  const initramfs = join(folder, 'initramfs');
  await writeFile(initramfs, writeCpio(await entriesOf(modules)));
  return { image: kernel.image, initramfs };
}

async function entriesOf(modules: string): Promise<readonly Entry[]> {
  const script = await readFile(join(import.meta.dirname, 'init.sh'));
  const busybox = await readFile('/bin/busybox');
  return [
    ...FOLDERS.map((path): Entry => ({ type: 'directory', path, mode: 0o755 })),
    { type: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { type: 'file', path: 'bin/busybox', mode: 0o755, data: busybox },
    { type: 'file', path: 'init', mode: 0o755, data: script },
    ...(await treeOf(modules, 'lib')),
  ];
}

async function treeOf(top: string, path: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [{ type: 'directory', path, mode: 0o755 }];
  for (const one of await readdir(join(top, path), { withFileTypes: true })) {
    const name = join(path, one.name);
    if (one.isDirectory()) entries.push(...(await treeOf(top, name)));
    else {
      const data = await readFile(join(top, name));
      entries.push({ type: 'file', path: name, mode: 0o644, data });
    }
  }
  return entries;
}

/** What a shell in the guest said, both outputs together. */
export type Said = { readonly text: string; readonly exitCode: number };

/** A machine under software emulation in the network namespace `netns`, on its tap `tap0`. */
export class Guest implements AsyncDisposable {
  readonly #netns: string;
  readonly #process: ReturnType<typeof spawn>;
  #console = '';

  private constructor(netns: string, process: ReturnType<typeof spawn>) {
    this.#netns = netns;
    this.#process = process;
    process.stdout?.on('data', (chunk: Buffer) => (this.#console += chunk.toString('latin1')));
    process.stderr?.on('data', (chunk: Buffer) => (this.#console += chunk.toString('latin1')));
  }

  /** Starts it and waits until it takes commands. `scratch` can be written from both sides. */
  static async start(kernel: GuestKernel, netns: string, scratch: string): Promise<Guest> {
    const child = spawn(
      'nsenter',
      [`--net=/run/netns/${netns}`, ...qemuArguments(kernel, scratch)],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const guest = new Guest(netns, child);
    await guest.#untilReady();
    return guest;
  }

  get console(): string {
    return this.#console;
  }

  /** Runs lines of shell as root in the guest. `onLine` sees each line that is said when it comes. */
  async sh(script: string, onLine: (line: string) => void = () => {}): Promise<Said> {
    const nc = [`--net=/run/netns/${this.#netns}`, 'busybox', 'nc', '192.0.2.2', '7000'];
    const child = spawn('nsenter', nc, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.on('error', () => {});
    // The whole script is read before it runs: no program in it may take the rest as its input.
    child.stdin.write(`{ (\n${script}\n) </dev/null 2>&1; echo "exit=$?"; exit; }\n`);
    const lines: string[] = [];
    const timer = setTimeout(() => child.kill(), COMMAND_TIMEOUT_MS);
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      onLine(line);
    }
    clearTimeout(timer);
    const [, code] = /^exit=(\d+)$/.exec(lines.pop() ?? '') ?? [];
    const text = lines.map((line) => `${line}\n`).join('');
    if (code !== undefined) return { text, exitCode: Number(code) };
    throw new Error(`The guest did not answer: ${text}\n${this.#console.slice(-2000)}`);
  }

  async #untilReady(): Promise<void> {
    const signal = AbortSignal.timeout(BOOT_TIMEOUT_MS);
    const ended = once(this.#process, 'exit').then(() => 'ended' as const);
    while (!this.#console.includes('guest: ready')) {
      const next = once(this.#process.stdout ?? this.#process, 'data', { signal });
      const what = await Promise.race([next, ended]).catch(() => 'ended' as const);
      if (what === 'ended') {
        await this[Symbol.asyncDispose]();
        throw new Error(`The guest did not come up:\n${this.#console.slice(-3000)}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

function qemuArguments({ image, initramfs }: GuestKernel, scratch: string): readonly string[] {
  const share = (tag: string, path: string, more: string): readonly string[] => [
    '-virtfs',
    `local,id=${tag},path=${path},mount_tag=${tag},security_model=none,multidevs=remap${more}`,
  ];
  const network = 'tap,id=net0,ifname=tap0,script=no,downscript=no';
  const words = `-nodefaults -no-user-config -display none -serial stdio -no-reboot
    -machine pc -accel tcg,thread=multi -cpu Nehalem -smp 2 -m 1024
    -netdev ${network} -device virtio-net-pci,netdev=net0`;
  return [
    // The machine must not outlive a test that crashed.
    'setpriv',
    '--pdeathsig',
    'KILL',
    'qemu-system-x86_64',
    ...words.split(/\s+/),
    '-kernel',
    image,
    '-initrd',
    initramfs,
    '-append',
    `console=ttyS0 panic=-1 scratch=${scratch}`,
    ...share('host', '/', ',readonly=on'),
    ...share('scratch', scratch, ''),
  ];
}

/** A namespace with a tap, where the host is 192.0.2.1 and the guest 192.0.2.2. */
export class GuestNetwork implements AsyncDisposable {
  readonly netns = `ironpxe-classic-${process.pid}`;

  static async make(): Promise<GuestNetwork> {
    const network = new GuestNetwork();
    await command('ip', ['netns', 'add', network.netns]);
    const inside = ['-n', network.netns];
    await command('ip', [...inside, 'link', 'set', 'lo', 'up']);
    await command('ip', [...inside, 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap']);
    await command('ip', [...inside, 'addr', 'add', '192.0.2.1/24', 'dev', 'tap0']);
    await command('ip', [...inside, 'link', 'set', 'tap0', 'up']);
    return network;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await command('ip', ['netns', 'delete', this.netns]);
  }
}
