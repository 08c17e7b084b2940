import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../conductor/process/run.ts';
import type { ConductorProcess } from './conductorProcess.ts';
import type { FaultDisk } from './disk.ts';
import { filter } from './gates.ts';
import { expectRamdisk, letGo, type Phase, type PhaseParts } from './phases.ts';

/** All that a fault can be done to. */
export type FaultParts = PhaseParts & {
  readonly phase: Phase;
  readonly conductor: ConductorProcess;
  readonly disk: FaultDisk;
  /** Where the plan's first data, and its partition table, are on the disk. */
  readonly places: { readonly data: number; readonly table: number };
};

/** How a deploy may end: well, with an error of this form, or well and with what a later look finds. */
export type Outcome = 'active' | RegExp | 'drift';

/** A row of the matrix. */
export type Fault = {
  readonly name: string;
  /** For readers of the report. */
  readonly what: string;
  /** Does it to a machine that is held, and lets go of the machine. */
  readonly strike: (parts: FaultParts) => Promise<void>;
  /** `active` for phases that are not named. */
  readonly outcome?: Readonly<Record<string, Outcome>>;
  /** The disk has no space taken at first. */
  readonly emptyDisk?: true;
  /** What may be sent besides the plan's data. */
  readonly resends?: 'window' | 'missing';
};

const STALL_MS = 200;
const NO_WRITES = /^(?:ISCSI|RAMDISK|WRITE|VERIFY)_/;

async function killConductor({ conductor }: FaultParts): Promise<void> {
  await conductor.kill();
  await conductor.start();
}

/** Killed again once it stands where it stood, or else as soon as it serves. */
async function killConductorTwice(parts: FaultParts): Promise<void> {
  const { phase, gates, signal } = parts;
  await gates.forget(phase.gate);
  await killConductor(parts);
  if (phase.afterBytes === undefined) await gates.reached(phase.gate, signal);
  await killConductor(parts);
}

/** Ends all TCP connections of the machine's services with a reset to their peers. */
async function reset({ machine }: FaultParts): Promise<void> {
  const { network } = expectRamdisk(machine);
  for (const port of [3260, 10_000])
    await run('ip', ['netns', 'exec', network, 'ss', '-K', '-t', 'sport', '=', `:${port}`]);
}

async function losePackets(parts: FaultParts): Promise<void> {
  const { network } = expectRamdisk(parts.machine);
  await letGo(parts.phase, parts);
  const random = ['-m', 'statistic', '--mode', 'random', '--probability', '0.05', '-j', 'DROP'];
  for (const chain of ['INPUT', 'OUTPUT'])
    await filter(network, '-A', chain, '-p', 'tcp', ...random);
}

async function stall(parts: FaultParts): Promise<void> {
  const pids = await expectRamdisk(parts.machine).processes();
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    for (const pid of pids)
      try {
        process.kill(pid, name);
      } catch {
        // It ended by itself.
      }
  };
  signal('SIGSTOP');
  await letGo(parts.phase, parts);
  await sleep(STALL_MS);
  signal('SIGCONT');
}

async function findServices(machine: FaultParts['machine']) {
  const pids = await expectRamdisk(machine).processes();
  const names = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')),
  );
  const find = (name: string) => pids.find((_, index) => names[index] === `${name}\n`);
  return { tgtd: find('tgtd'), listener: find('nc') };
}

/** Kills tgtd and, if it was there, exports the disk again as it was. */
async function restartTarget({ machine, signal }: FaultParts): Promise<void> {
  const { tgtd, listener } = await findServices(machine);
  if (tgtd === undefined) return;
  if (listener === undefined) throw new Error('The ramdisk does not listen.');
  process.kill(tgtd, 'SIGKILL');
  while (await isAlive(tgtd)) await sleep(20, undefined, { signal });
  const environment = (await readFile(`/proc/${listener}/environ`, 'utf8')).split('\0');
  const files = ['console', 'cmdline', 'disks', 'hints', 'target', 'json', 'secret'];
  const script = `${files.map((name) => `. $LIB/${name}.sh`).join('\n')}
# Init collects dead processes late, and pidof names them until then.
pidof() { return 1; }
export_to_one $(cat "$RUN/exported")`;
  const env = environment.filter(Boolean);
  const inside = ['-t', String(listener), '--net', '--mount', '--pid', 'env', '-i', ...env];
  await run('nsenter', [...inside, 'sh', '-c', script], { timeoutMs: 60_000 });
}

/** A process that ended stays visible until its parent collects it. */
async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) Z /.test(text);
}

/** Kills tgtd, and nobody starts it again. */
async function crashTarget({ machine }: FaultParts): Promise<void> {
  const { tgtd } = await findServices(machine);
  if (tgtd !== undefined) process.kill(tgtd, 'SIGKILL');
}

async function flip({ disk, phase, places }: FaultParts): Promise<void> {
  await disk.flipBit(phase.name === 'before swap' ? places.table : places.data);
}

const WRITING = ['partitioning', 'first extents', 'middle', 'last', 'verify'];

/** The rows of the matrix. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'conductor SIGKILL',
    what: 'The conductor is killed and started again.',
    strike: killConductor,
    resends: 'window',
  },
  {
    name: 'conductor SIGKILL twice',
    what: 'Once more when the restarted one has come as far, or at once.',
    strike: killConductorTwice,
    resends: 'window',
  },
  {
    name: 'TCP reset',
    what: 'All connections to the target and to the command listener are reset.',
    strike: reset,
  },
  {
    name: '5 % packet loss',
    what: 'From then on one packet in twenty is lost, in both directions.',
    strike: losePackets,
  },
  {
    name: '200 ms stall',
    what: 'All processes of the machine stand still for a while.',
    strike: stall,
  },
  {
    name: 'target restart',
    what: 'tgtd is killed and exports the disk again.',
    strike: restartTarget,
  },
  {
    name: 'target crash',
    what: 'tgtd is killed, and nobody starts it again.',
    strike: crashTarget,
  },
  {
    name: 'write error',
    what: 'From then on the disk answers writes to new places with an I/O error.',
    strike: ({ disk }) => disk.breakWrites(),
    emptyDisk: true,
    outcome: Object.fromEntries(WRITING.map((name) => [name, NO_WRITES])),
  },
  {
    name: 'bit flip on the disk',
    what: 'One bit changes in what was written; `before swap` in the partition table.',
    strike: flip,
    outcome: { 'after swap': 'drift' },
  },
  {
    name: 'power cut',
    what: 'The machine goes silent and off in the same moment; nobody is told.',
    strike: ({ machine }) => machine.cutPower(),
    resends: 'missing',
  },
];
