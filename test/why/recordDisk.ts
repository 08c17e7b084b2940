// Makes the recordings of faults that need a real iSCSI target: node test/why/recordDisk.ts. Needs
// root and tgt; the machine is simulated, its target and disk are real.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { storyToRecord } from '../../conductor/api/nodes/boot.ts';
import { RECORDING_FORMAT } from '../../conductor/record/recording.ts';
import { redact } from '../../conductor/record/redact.ts';
import {
  type Bench,
  type BenchOptions,
  folder,
  makeBench,
  makeFiles,
} from '../interop/support/deployBench.ts';

const FOLDER = join(import.meta.dirname, '../vectors/boots');

/** Reads something else than was written, every time. */
const FLIPS = `hash_workers() {
  printf X | dd of="$node" bs=1 seek=$((1048576 + 1080)) conv=notrunc 2>/dev/null
  echo 1
}`;

type Fault = {
  readonly code: string;
  readonly options?: BenchOptions;
  readonly during?: (bench: Bench) => Promise<unknown>;
};

const FAULTS: Readonly<Record<string, Fault>> = {
  'image-too-large': {
    code: 'IMAGE_TOO_LARGE',
    options: { instanceInfo: { image_source: `file://${folder}/large.img` } },
  },
  'target-vanishes': {
    code: 'TARGET_LOST',
    options: { config: 'iscsi: {reconnect_seconds: 1}' },
    during: async (bench) => {
      await bench.untilEvent('write.progress');
      await bench.machine.tgtd.kill();
    },
  },
  'disk-flips-bits': {
    code: 'DISK_FAULT',
    options: {
      disk: { realRamdisk: true },
      misbehaviour: { patches: { 'commands.sh': FLIPS } },
      instanceInfo: { ironpxe_write: 'full' },
    },
  },
};

/** The bench fails a test where a deploy fails unexpectedly; here it is expected. */
const context = { fail: () => undefined } as unknown as ExecutionContext;

await makeFiles();
for (const [name, { code, options = {}, during }] of Object.entries(FAULTS)) {
  await using bench = await makeBench(context, options);
  await bench.provision('deploy');
  await during?.(bench);
  const node = await bench.until('deploy failed');
  const story = redact(await storyToRecord(bench.database, node));
  const netboot = { options: null, packets: [] };
  const recording = { about: `provoked: ${name}`, code, format: RECORDING_FORMAT, netboot, story };
  const text = JSON.stringify(recording).replaceAll(folder, '/var/lib/ironpxe');
  await writeFile(
    join(FOLDER, `${name}.json`),
    `${text.replaceAll(/\},\{"(id|protocol)":/g, '},\n{"$1":')}\n`,
  );
  console.log(`${name}: ${node.lastError}`);
}
process.exit(0);
