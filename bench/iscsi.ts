import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlan, Extent, ExtentSource } from '../conductor/deploy/plan/types.ts';
import { writePlan } from '../conductor/deploy/writers/inProcess.ts';
import { type IscsiDisk, openIscsiDisk } from '../conductor/iscsi/disk.ts';
import { run } from '../conductor/process/run.ts';
import { MIB } from '../conductor/values/units.ts';
import { Tgtd } from '../test/iscsi/support/tgtd.ts';
import { fillWithGarbage, type Image, makeImage } from './support/image.ts';
import { parseNumberOptions } from './support/options.ts';
import { interleave, median } from './support/rounds.ts';
import { pickScratchFolder } from './support/scratch.ts';
import { copyOverTcp } from './support/tcpCopy.ts';
import { formatTable } from './support/table.ts';
import { printVerdicts, type Verdict } from './support/verdicts.ts';
import { measureVerify } from './support/verifyCost.ts';

const IQN = 'iqn.2026-11.org.ironpxe:bench';
const SPARSENESS = 6;
const COMMIT_BYTES = MIB;

/** What the deploy ramdisk sets on its target; the other cases keep the defaults of tgt. */
const RAISED = {
  MaxRecvDataSegmentLength: '1048576',
  MaxXmitDataSegmentLength: '1048576',
  MaxBurstLength: '1048576',
  FirstBurstLength: '1048576',
  InitialR2T: 'No',
};

/** Out-of-order writes and sixteen at a time: the fastest that the peer can be made. */
const TUNED = ['-W', '-m', '16'];

type Case = {
  readonly name: string;
  readonly image: Image;
  readonly parameters: Readonly<Record<string, string>>;
  readonly thin: boolean;
  readonly isDense: boolean;
};

/** MB/s of image size, by contender. */
type CaseResult = {
  readonly name: string;
  readonly isDense: boolean;
  readonly ours: number;
  readonly plain: number;
  readonly tuned: number;
  /** The bytes as they are, over TCP; of dense images. */
  readonly tcp: number | undefined;
};

const DENSE_OVER_QEMU = 2;
const DENSE_OVER_TCP = 0.6;
const SPARSE_OVER_DENSE = 4;

const options = parseNumberOptions({ rounds: 5, 'size-mib': 1024 });
await main();

async function main(): Promise<void> {
  const dataBytes = options['size-mib'] * MIB;
  const folder = await mkdtemp(
    join(await pickScratchFolder(dataBytes * (2 * SPARSENESS + 2)), 'ironpxe-bench-'),
  );
  try {
    const results: CaseResult[] = [];
    for (const one of await makeCases(folder, dataBytes)) results.push(await measure(one, folder));
    report(folder, results);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log();
  printVerdicts(await measureVerify({ sizeMib: options['size-mib'] / 2, rounds: 3 }));
}

async function makeCases(folder: string, dataBytes: number): Promise<Case[]> {
  const dense = await makeImage(join(folder, 'dense.raw'), dataBytes, dataBytes);
  const sparse = await makeImage(join(folder, 'sparse.raw'), dataBytes, dataBytes * SPARSENESS);
  return [
    { name: 'dense, defaults of tgt', image: dense, parameters: {}, thin: false, isDense: true },
    { name: 'dense, raised', image: dense, parameters: RAISED, thin: false, isDense: true },
    {
      name: 'sparse, defaults of tgt, thin',
      image: sparse,
      parameters: {},
      thin: true,
      isDense: false,
    },
    { name: 'sparse, raised, thin', image: sparse, parameters: RAISED, thin: true, isDense: false },
  ];
}

/**
 * All write the same image to the same target. Before each write the disk is full of garbage, and
 * tgtd is a new one: what one program leaves in its heap must not help or hurt the next.
 */
async function measure(one: Case, folder: string): Promise<CaseResult> {
  await using tgtd = await Tgtd.start(folder);
  const { image, parameters, thin, isDense } = one;
  const backingFile = join(tgtd.folder, 'disk.raw');
  const prepare = async (): Promise<void> => {
    await tgtd.kill();
    await fillWithGarbage(backingFile, image.sizeBytes);
    await tgtd.start();
    await tgtd.addTarget({ tid: 1, iqn: IQN, backingFile, thin, parameters });
  };
  const timings = await interleave(
    [
      { name: 'ironpxe', prepare, run: () => writeWithOurs(tgtd, image) },
      { name: 'qemu-img', prepare, run: () => writeWithQemuImg(tgtd, image, []) },
      { name: 'qemu-img tuned', prepare, run: () => writeWithQemuImg(tgtd, image, TUNED) },
      ...(isDense
        ? [{ name: 'tcp', prepare, run: () => copyOverTcp(image.path, backingFile) }]
        : []),
    ],
    options.rounds,
  );
  await prepare();
  await writeWithOurs(tgtd, image);
  await run('cmp', [image.path, backingFile]);
  return toResult(
    one,
    timings.map(({ roundsMs }) => median(roundsMs)),
  );
}

async function writeWithOurs(tgtd: Tgtd, image: Image): Promise<void> {
  await using disk = await openIscsiDisk({
    host: tgtd.host,
    listenPort: tgtd.listenPort,
    iqn: IQN,
    lun: 1,
    connectTimeoutMs: 5000,
    commandTimeoutMs: 60_000,
    reconnectForMs: 0,
    signal: new AbortController().signal,
  });
  await writeImage(disk, image);
}

/** Writes the image with the writer of the product. */
async function writeImage(disk: IscsiDisk, image: Image): Promise<void> {
  for await (const progress of writePlan(planOf(image), disk)) void progress;
}

/** The image as a plan: data from the file, holes as zeros, the first MiB last. */
function planOf({ path, data, sizeBytes }: Image): DiskPlan {
  const extents: Extent[] = [];
  const add = (from: number, to: number, source: ExtentSource): void => {
    if (to > from) extents.push({ targetOffsetBytes: from, lengthBytes: to - from, source });
  };
  let at = COMMIT_BYTES;
  for (const { offsetBytes, lengthBytes } of data) {
    add(at, offsetBytes, { kind: 'zero' });
    at = Math.max(at, offsetBytes);
    const end = offsetBytes + lengthBytes;
    add(at, end, { kind: 'file', path, offsetBytes: at });
    at = end;
  }
  add(at, sizeBytes, { kind: 'zero' });
  const source: ExtentSource = { kind: 'file', path, offsetBytes: 0 };
  const commit = [{ targetOffsetBytes: 0, lengthBytes: COMMIT_BYTES, source }];
  const nothing = { partitions: [], rootDevice: undefined, diskIdentifier: undefined };
  return { diskSizeBytes: sizeBytes, extents, commit, ...nothing };
}

async function writeWithQemuImg(
  tgtd: Tgtd,
  image: Image,
  tuning: readonly string[],
): Promise<void> {
  const url = `iscsi://${tgtd.host}:${tgtd.listenPort}/${IQN}/1`;
  const how = ['-n', ...tuning, '-f', 'raw', '-O', 'raw'];
  const hint = { package: 'qemu-utils and qemu-block-extra' };
  await run('qemu-img', ['convert', ...how, image.path, url], hint);
}

function toResult({ name, image, isDense }: Case, tookMs: readonly number[]): CaseResult {
  const [ours = 0, plain = 0, tuned = 0, tcp] = tookMs.map((ms) => image.sizeBytes / 1000 / ms);
  return { name, isDense, ours, plain, tuned, tcp };
}

function report(folder: string, results: readonly CaseResult[]): void {
  const size = options['size-mib'];
  console.log(
    `${size} MiB of data, sparse: in ${size * SPARSENESS} MiB; medians of ${options.rounds} rounds; files in ${folder}`,
  );
  console.log('Rates are MB/s of image size; in brackets how many times that rate ironpxe has.\n');
  const header = ['case', 'ironpxe', 'qemu-img', 'qemu-img -W -m 16', 'TCP copy'];
  const rows = results.map(({ name, ours, plain, tuned, tcp }) => {
    const beside = (rate: number | undefined): string =>
      rate === undefined ? '-' : `${rate.toFixed(0)} (${(ours / rate).toFixed(2)})`;
    return [name, ours.toFixed(0), ...[plain, tuned, tcp].map(beside)];
  });
  console.log(`${formatTable(header, rows)}\n`);
  printVerdicts(verdictsOf(results));
}

function verdictsOf(results: readonly CaseResult[]): readonly Verdict[] {
  const dense = results.filter(({ isDense }) => isDense);
  const sparse = results.filter(({ isDense }) => !isDense);
  const atLeast = (what: string, value: number, bar: number): Verdict => ({
    what,
    value,
    sign: '≥',
    bar,
  });
  return [
    ...dense.map(({ name, ours, plain }) =>
      atLeast(`${name}, times qemu-img`, ours / plain, DENSE_OVER_QEMU),
    ),
    ...dense.map(({ name, ours, tcp = NaN }) =>
      atLeast(`${name}, times the copy over TCP`, ours / tcp, DENSE_OVER_TCP),
    ),
    ...sparse.map(({ name, ours }, index) =>
      atLeast(`${name}, times dense`, ours / (dense[index]?.ours ?? NaN), SPARSE_OVER_DENSE),
    ),
  ];
}
