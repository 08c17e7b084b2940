import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writePlan } from '../conductor/deploy/writers/inProcess.ts';
import { openIscsiDisk } from '../conductor/iscsi/disk.ts';
import { GIB, MIB } from '../conductor/values/units.ts';
import { makeSparseFile, Tgtd } from '../test/iscsi/support/tgtd.ts';
import { makeImage } from './support/image.ts';
import { LIKE_CONDUCTOR } from './support/likeConductor.ts';
import { median } from './support/rounds.ts';
import { formatTable } from './support/table.ts';

const ROUNDS = 5;
const WRITERS = 4;
const TOP = join(import.meta.dirname, '..');

/** Resident memory of a process in MiB. */
async function residentMib(pid: number | string, field = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** Starts a conductor and measures: milliseconds until its API answers, MiB when it then idles. */
async function startAndIdle(folder: string): Promise<{ startMs: number; idleMib: number }> {
  const socketPath = join(folder, 'api.sock');
  const config = {
    state_dir: join(folder, 'state'),
    api: { listen_port: 16385, socket: socketPath },
    boot_http: { url: 'http://127.0.0.1:18088', listen_address: '127.0.0.1', listen_port: 18088 },
    dhcp: { enabled: false },
    tftp: { listen_address: '127.0.0.1', listen_port: 16069 },
  };
  const configPath = join(folder, 'c.yaml');
  await writeFile(configPath, JSON.stringify(config));
  const startedMs = performance.now();
  const child = spawn(join(TOP, 'bin/ironpxe'), ['conductor', '--config', configPath], {
    stdio: 'ignore',
  });
  while (!(await answers(socketPath))) await sleep(5);
  const startMs = performance.now() - startedMs;
  await sleep(3000);
  const idleMib = await residentMib(child.pid ?? 0);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { startMs, idleMib };
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/v1' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('error', () => resolve(false)).end();
  });
}

/** Writes one image to four disks at once in a process of its own and gives its peak in MiB. */
async function peakOfWriters(folder: string): Promise<number> {
  const child = spawn(
    process.execPath,
    [...LIKE_CONDUCTOR.flags, import.meta.filename, '--writers', folder],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...LIKE_CONDUCTOR.env } },
  );
  const [text] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
  return Number(Buffer.concat(text).toString());
}

async function write(folder: string): Promise<void> {
  // The whole conductor is loaded, as it is when it writes.
  await import('../conductor/run/start.ts');
  const image = await makeImage(join(folder, 'image.raw'), GIB, GIB);
  const source = { kind: 'file', path: image.path, offsetBytes: 0 } as const;
  const plan = {
    diskSizeBytes: GIB,
    extents: [
      { targetOffsetBytes: MIB, lengthBytes: GIB - MIB, source: { ...source, offsetBytes: MIB } },
    ],
    commit: [{ targetOffsetBytes: 0, lengthBytes: MIB, source }],
    partitions: [],
    rootDevice: undefined,
    diskIdentifier: undefined,
  };
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, index) => {
      await using tgtd = await Tgtd.start(folder);
      const iqn = `iqn.2026-11.org.ironpxe:bench${index}`;
      const backingFile = await makeSparseFile(join(tgtd.folder, 'disk'), GIB);
      await tgtd.addTarget({ tid: 1, iqn, backingFile });
      await using disk = await openIscsiDisk({
        host: tgtd.host,
        listenPort: tgtd.listenPort,
        iqn,
        lun: 1,
        connectTimeoutMs: 5000,
        commandTimeoutMs: 60_000,
        reconnectForMs: 0,
        signal: new AbortController().signal,
      });
      for await (const progress of writePlan(plan, disk)) void progress;
    }),
  );
  console.log(await residentMib('self', 'VmHWM'));
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-bench-'));
  try {
    const rounds: { startMs: number; idleMib: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rm(join(folder, 'state'), { recursive: true, force: true });
      rounds.push(await startAndIdle(folder));
    }
    const peakMib = await peakOfWriters(folder);
    const rows = [
      ['start until the API answers, ms', median(rounds.map(({ startMs }) => startMs)).toFixed(0)],
      ['resident when idle, MiB', median(rounds.map(({ idleMib }) => idleMib)).toFixed(0)],
      [`peak while writing ${WRITERS} disks at once, MiB`, peakMib.toFixed(0)],
    ];
    console.log(formatTable(['conductor', 'median'], rows));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [flag, folder] = process.argv.slice(2);
await (flag === '--writers' && folder !== undefined ? write(folder) : main());
