import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../conductor/process/run.ts';

/** Where a ramdisk can be stopped before it carries out a command. */
export const COMMAND_GATES = ['partitioning', 'verify', 'before swap', 'after swap'] as const;
export type CommandGate = (typeof COMMAND_GATES)[number];

const ISCSI = ['-p', 'tcp', '--dport', '3260'];
const LOOK_EVERY_MS = 50;

/** Stops a machine at a point of the deploy, so that a fault meets it exactly there. */
export class Gates {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(folder: string): Promise<Gates> {
    await mkdir(folder);
    return new Gates(folder);
  }

  /**
   * Shell text that the ramdisk runs before each command. Which command it is tells the phase:
   * hashes before anything is made zero are of the old content, the first after that of what was
   * written, the next of the partition table.
   */
  get hook(): string {
    return `
case $name in
zero) gate='partitioning' ;;
leave) gate='after swap' ;;
hash)
    [ -e "$RUN/zeroed" ] || return 0
    gate='before swap'
    [ -e "$RUN/hashed" ] || gate=verify ;;
*) return 0 ;;
esac
gate="${this.#folder}/$gate"
if [ -e "$gate" ]; then
    : >"$gate.reached"
    while [ -e "$gate" ]; do sleep 0.1; done
fi
case $name in
zero) : >"$RUN/zeroed" ;;
hash) : >"$RUN/hashed" ;;
esac`;
  }

  async close(gate: CommandGate): Promise<void> {
    await writeFile(join(this.#folder, gate), '');
  }

  /** Settles when the machine stands before a closed gate. */
  async reached(gate: CommandGate, signal: AbortSignal): Promise<void> {
    const path = join(this.#folder, `${gate}.reached`);
    while (!(await exists(path))) await sleep(LOOK_EVERY_MS, undefined, { signal });
  }

  /** A later command that comes to this gate counts anew. */
  async forget(gate: CommandGate): Promise<void> {
    await rm(join(this.#folder, `${gate}.reached`), { force: true });
  }

  async open(gate: CommandGate): Promise<void> {
    await rm(join(this.#folder, gate), { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** iptables in the network namespace of a machine. */
export async function filter(network: string, ...args: readonly string[]): Promise<string> {
  const command = ['netns', 'exec', network, 'iptables', '-w', ...args];
  return (await run('ip', command)).stdout;
}

/** Lets so many bytes through to the target, and then no packet more, without a word. */
export async function closeAfterBytes(network: string, bytes: number): Promise<void> {
  const quota = ['-m', 'quota', '--quota', String(bytes), '-j', 'ACCEPT'];
  await filter(network, '-A', 'INPUT', ...ISCSI, ...quota);
  await filter(network, '-A', 'INPUT', ...ISCSI, '-j', 'DROP');
}

/** Settles when a packet met what {@link closeAfterBytes} closed. */
export async function bytesReached(network: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const rules = await filter(network, '-nvxL', 'INPUT');
    if (/^ *[1-9]\d* +\d+ DROP/m.test(rules)) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

export async function openBytes(network: string): Promise<void> {
  await filter(network, '-F', 'INPUT');
}
