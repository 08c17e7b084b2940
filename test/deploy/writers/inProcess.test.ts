import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { MIB } from '../../../conductor/values/units.ts';
import { sourceFiles } from '../../../conductor/deploy/plan/assemble.ts';
import { summarizePlan } from '../../../conductor/deploy/plan/summarizePlan.ts';
import type { DiskPlan, WriteProgress } from '../../../conductor/deploy/plan/types.ts';
import { writePlan, type WriteOptions } from '../../../conductor/deploy/writers/inProcess.ts';
import { FakeDisk, type Fault } from '../support/fakeDisk.ts';
import { Random } from '../support/random.ts';
import { randomPlan, type Case } from '../support/randomPlan.ts';

const DISK = 8 * MIB;
const GARBAGE = new Random(99).bytes(DISK);
const SMALL: WriteOptions = {
  chunkBytes: 128 * 1024,
  inFlightBytes: MIB / 2,
  flushEveryBytes: MIB,
};
const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-writer-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

function makeCase(seed: number): Promise<Case> {
  return randomPlan(new Random(seed), join(FOLDER, `source-${seed}-${Math.random()}`), DISK);
}

async function collect(progress: AsyncIterable<WriteProgress>): Promise<WriteProgress[]> {
  return Array.fromAsync(progress);
}

/** Writes until it ends or fails, and returns the last durable point. */
async function writeAsFarAsItGoes(
  plan: DiskPlan,
  disk: FakeDisk,
  options: WriteOptions,
): Promise<{ durableBytes: number; error: unknown }> {
  let durableBytes = options.resumeFromBytes ?? 0;
  try {
    for await (const progress of writePlan(plan, disk, options)) ({ durableBytes } = progress);
    return { durableBytes, error: undefined };
  } catch (error) {
    return { durableBytes, error };
  }
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`a disk of garbage ends with exactly the planned content (seed ${seed})`, async (t) => {
    const { plan, expected } = await makeCase(seed);
    const disk = new FakeDisk(GARBAGE);
    const seen = await collect(writePlan(plan, disk, SMALL));
    t.true(disk.stable.equals(expected(GARBAGE)));
    const last = seen.at(-1);
    t.is(last?.doneBytes, last?.totalBytes);
    t.is(last?.durableBytes, last?.totalBytes);
    t.is(last?.dataBytes, last?.totalDataBytes);
    t.is(last?.totalDataBytes, disk.writtenBytes);
    t.deepEqual(
      seen.map((progress) => progress.durableBytes),
      seen.map((progress) => progress.durableBytes).toSorted((a, b) => a - b),
    );
  });
}

test('a second write of the same plan changes nothing', async (t) => {
  const { plan, expected } = await makeCase(7);
  const disk = new FakeDisk(GARBAGE);
  await collect(writePlan(plan, disk, SMALL));
  await collect(writePlan(plan, disk, SMALL));
  t.true(disk.stable.equals(expected(GARBAGE)));
});

test('the first MiB is zero from the first data until all the rest is stable', async (t) => {
  const { plan, expected } = await makeCase(8);
  const disk = new FakeDisk(GARBAGE);
  const whole = expected(GARBAGE);
  const zeros = Buffer.alloc(MIB);
  let checked = 0;
  disk.observe = () => {
    const head = disk.cached.subarray(0, MIB);
    if (disk.writtenBytes === 0) return;
    checked++;
    const tailWritten = disk.stable.subarray(MIB).equals(whole.subarray(MIB));
    if (!tailWritten) t.true(disk.stable.subarray(0, MIB).equals(zeros) && head.equals(zeros));
  };
  await collect(writePlan(plan, disk, SMALL));
  t.true(checked > 30);
});

test('after a failure at any operation, going on from the durable point completes it', async (t) => {
  const { plan, expected } = await makeCase(9);
  const clean = new FakeDisk(GARBAGE);
  await collect(writePlan(plan, clean, SMALL));
  const whole = expected(GARBAGE);
  for (let n = 0; n < clean.operations; n += 3) {
    const first = new FakeDisk(GARBAGE, { fault: (at) => (at === n ? 'fail' : undefined) });
    const { durableBytes, error } = await writeAsFarAsItGoes(plan, first, SMALL);
    // Flushes run beside the writes, so a run may end with fewer operations than the clean one.
    if (first.operations <= n) {
      t.true(first.stable.equals(whole));
      continue;
    }
    t.like(error, { code: 'ISCSI_MEDIUM_ERROR' });
    // A power cut: only what was flushed is still there.
    const second = new FakeDisk(first.stable);
    const head = second.stable.subarray(0, MIB);
    const untouched = head.equals(GARBAGE.subarray(0, MIB)) && durableBytes === 0;
    const allButHead = second.stable.subarray(MIB).equals(whole.subarray(MIB));
    t.true(untouched || allButHead || head.equals(Buffer.alloc(MIB)), `operation ${n}`);
    await collect(writePlan(plan, second, { ...SMALL, resumeFromBytes: durableBytes }));
    t.true(second.stable.equals(whole), `operation ${n}`);
    t.true(first.writtenBytes + second.writtenBytes <= clean.writtenBytes + 2 * MIB);
  }
});

const LOSSES: readonly [name: string, fault: Fault][] = [
  ['early', (n) => (n === 1 ? 'lose session' : undefined)],
  ['in the middle', (n) => (n === 40 ? 'lose session' : undefined)],
  ['three times', (n) => ([20, 45, 46].includes(n) ? 'lose session' : undefined)],
  ['again and again, but with progress', (n) => (n % 35 === 34 ? 'lose session' : undefined)],
];

for (const [name, fault] of LOSSES) {
  test(`a session that is lost ${name} costs one window, not content`, async (t) => {
    const { plan, expected } = await makeCase(10);
    const disk = new FakeDisk(GARBAGE, { fault });
    await collect(writePlan(plan, disk, SMALL));
    t.true(disk.stable.equals(expected(GARBAGE)));
    t.true(disk.losses > 0);
    const { dataBytes } = summarizePlan(plan);
    t.true(disk.writtenBytes <= dataBytes + disk.losses * 2 * MIB);
  });
}

test('the last flush losing the session writes the commit again', async (t) => {
  const { plan, expected } = await makeCase(11);
  const { dataBytes } = summarizePlan(plan);
  const disk: FakeDisk = new FakeDisk(GARBAGE, {
    fault: (_, kind) => {
      const atEnd = kind === 'flush' && disk.writtenBytes === dataBytes;
      return atEnd && disk.losses === 0 ? 'lose session' : undefined;
    },
  });
  await collect(writePlan(plan, disk, SMALL));
  t.true(disk.stable.equals(expected(GARBAGE)));
  t.is(disk.losses, 1);
  t.true(disk.writtenBytes > dataBytes);
});

test('a session that is lost at every flush ends with an error', async (t) => {
  const { plan } = await makeCase(12);
  const disk = new FakeDisk(GARBAGE, { fault: () => 'lose session' });
  await t.throwsAsync(collect(writePlan(plan, disk, SMALL)), {
    code: 'WRITE_NO_PROGRESS',
    message: /lost 5 times/,
  });
});

test('memory and unflushed bytes stay within their bounds', async (t) => {
  const { plan } = await makeCase(13);
  const disk = new FakeDisk(GARBAGE);
  await collect(writePlan(plan, disk, SMALL));
  t.true(disk.maxInFlightBytes <= MIB / 2);
  t.true(disk.maxInFlightBytes > MIB / 8, 'several writes are in flight');
  t.true(disk.maxUnflushedBytes <= MIB + MIB / 2);
  t.true(disk.flushes >= 4);
});

test('an abort ends the write even when the disk hangs', async (t) => {
  const { plan } = await makeCase(14);
  const controller = new AbortController();
  const disk = new FakeDisk(GARBAGE, {
    fault: (n) => {
      if (n === 12) setImmediate(() => controller.abort(new Error('enough')));
      return n >= 12 ? 'hang' : undefined;
    },
  });
  const options = { ...SMALL, signal: controller.signal };
  await t.throwsAsync(collect(writePlan(plan, disk, options)), { message: 'enough' });
});

test('whoever stops taking progress stops the write', async (t) => {
  const { plan } = await makeCase(15);
  const disk = new FakeDisk(GARBAGE);
  for await (const progress of writePlan(plan, disk, SMALL)) if (progress.dataBytes > 0) break;
  const inFlight = disk.operations;
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.true(disk.operations <= inFlight + 1);
  t.false(disk.stable.subarray(0, MIB).equals(disk.stable.subarray(MIB, 2 * MIB)));
});

test('a source that changed after the plan is refused before anything is written', async (t) => {
  const path = join(FOLDER, 'changing');
  const { plan } = await randomPlan(new Random(16), path, DISK);
  await appendFile(path, 'more');
  const disk = new FakeDisk(GARBAGE);
  await t.throwsAsync(collect(writePlan(plan, disk, SMALL)), { code: 'WRITE_SOURCE_CHANGED' });
  t.is(disk.operations, 0);
});

test('a source that changes during the write is never committed', async (t) => {
  const path = join(FOLDER, 'changing-later');
  const { plan } = await randomPlan(new Random(17), path, DISK);
  const disk = new FakeDisk(GARBAGE);
  const write = async () => {
    for await (const progress of writePlan(plan, disk, SMALL))
      if (progress.dataBytes > 0) await appendFile(path, 'x');
  };
  await t.throwsAsync(write, { code: 'WRITE_SOURCE_CHANGED' });
  t.true(disk.cached.subarray(0, MIB).equals(Buffer.alloc(MIB)));
});

test('a missing source is named', async (t) => {
  const path = join(FOLDER, 'missing');
  const { plan } = await randomPlan(new Random(18), path, DISK);
  await rm(path);
  const error = await t.throwsAsync(collect(writePlan(plan, new FakeDisk(GARBAGE), SMALL)));
  t.like(error, { code: 'WRITE_SOURCE_CHANGED' });
  t.true(error.message.includes(path));
});

test('the end of a file is padded with zeros, a file far too short is refused', async (t) => {
  const path = join(FOLDER, 'short');
  const plan = async (lengthBytes: number): Promise<DiskPlan> => {
    const source = { kind: 'file', path, offsetBytes: 0 } as const;
    const parts = { extents: [{ targetOffsetBytes: 0, lengthBytes, source }], commit: [] };
    const facts = { partitions: [], rootDevice: undefined, diskIdentifier: undefined };
    return { diskSizeBytes: DISK, ...parts, ...facts, sources: await sourceFiles(parts) };
  };
  await writeFile(path, Buffer.alloc(1000, 7));
  const disk = new FakeDisk(GARBAGE);
  await collect(writePlan(await plan(4096), disk, SMALL));
  t.deepEqual(disk.stable.subarray(0, 4096), Buffer.alloc(4096).fill(7, 0, 1000));
  const error = { code: 'WRITE_SOURCE_CHANGED' };
  await t.throwsAsync(collect(writePlan(await plan(8192), disk, SMALL)), error);
});

test('a disk of another size, or of larger blocks, is refused', async (t) => {
  const { plan } = await makeCase(19);
  const error = { code: 'WRITE_DISK_CHANGED' };
  const smaller = new FakeDisk(GARBAGE.subarray(0, DISK - 512));
  await t.throwsAsync(collect(writePlan(plan, smaller, SMALL)), error);
  const blocks = new FakeDisk(GARBAGE, { blockSizeBytes: 4096 });
  await t.throwsAsync(collect(writePlan(plan, blocks, SMALL)), error);
});

test('resuming at the end writes nothing', async (t) => {
  const { plan } = await makeCase(20);
  const disk = new FakeDisk(GARBAGE);
  const [{ totalBytes } = { totalBytes: 0 }] = await collect(writePlan(plan, disk, SMALL));
  const again = new FakeDisk(disk.stable);
  const seen = await collect(writePlan(plan, again, { ...SMALL, resumeFromBytes: totalBytes }));
  t.is(again.operations, 0);
  t.is(seen.at(-1)?.durableBytes, totalBytes);
});
