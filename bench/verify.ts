import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../conductor/values/units.ts';
import { makeImages } from '../test/faults/disk.ts';
import { DeployFleet } from './support/deployFleet.ts';
import { parseNumberOptions } from './support/options.ts';
import { median } from './support/rounds.ts';
import { pickScratchFolder } from './support/scratch.ts';
import { formatTable } from './support/table.ts';
import { printVerdicts } from './support/verdicts.ts';

/** Gigabit Ethernet, ten of it, and no limit. */
const LINKS_MBIT = [1000, 10_000, undefined];
const MODES = ['off', 'written', 'full'] as const;
/** What stands between the machine's call-back and a disk that may boot. */
const STEPS = ['write_disk', 'verify_disk', 'commit_disk'];
const MAX_VERIFY_SHARE = 0.25;
const MAX_REDEPLOY_SHARE = 0.01;

type Mode = (typeof MODES)[number];
type LinkResult = {
  readonly link: string;
  readonly tookMs: Readonly<Record<Mode, number>>;
  readonly redeployBytes: number;
  readonly redeployMs: number;
};

const options = parseNumberOptions({ 'size-mib': 512, rounds: 3 });
await main();

async function main(): Promise<void> {
  const sizeMib = options['size-mib'];
  const folder = await mkdtemp(join(await pickScratchFolder(4 * sizeMib * MIB), 'ironpxe-verify-'));
  try {
    await makeImages(folder, sizeMib);
    const results: LinkResult[] = [];
    for (const mbit of LINKS_MBIT) results.push(await measure(mbit, folder));
    report(results);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One machine at one link: a full write in each mode in turn, then the same image once more. */
async function measure(mbit: number | undefined, folder: string): Promise<LinkResult> {
  const config = { deploy: { write: 'full' } };
  await using fleet = await DeployFleet.make({
    ...{ machines: 1, mbit, parent: folder, images: folder, config },
  });
  const [uuid = ''] = fleet.uuids;
  const rounds: Record<Mode, number[]> = { off: [], written: [], full: [] };
  await fleet.deploy('active');
  for (let round = 0; round < options.rounds; round++)
    for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) {
      await fleet.deploy('rebuild', { ironpxe_verify: mode });
      rounds[mode].push(sumOf(await fleet.stepTimes(uuid)));
    }
  const { sentBytes } = await fleet.deploy('rebuild', {
    ironpxe_verify: 'written',
    ironpxe_write: 'delta',
  });
  await fleet.compareWith(join(folder, 'root.img'));
  const tookMs = {
    off: median(rounds.off),
    written: median(rounds.written),
    full: median(rounds.full),
  };
  const redeployMs = sumOf(await fleet.stepTimes(uuid));
  const link = mbit === undefined ? 'no limit' : `${mbit} Mbit/s`;
  return { link, tookMs, redeployBytes: sentBytes, redeployMs };
}

function sumOf(times: ReadonlyMap<string, number>): number {
  return STEPS.reduce((sum, name) => sum + (times.get(name) ?? NaN), 0);
}

function report(results: readonly LinkResult[]): void {
  const imageBytes = options['size-mib'] * MIB;
  console.log(
    `Deploys of ${options['size-mib']} MiB of random data to a disk in memory, by a conductor and the\n` +
      `ramdisk's own scripts on one host; writing, reading back and partition table; medians of ${options.rounds}.\n`,
  );
  const header = ['link', 'off, s', 'written, s', 'full, s', 'redeploy, s', 'sent again'];
  const rows = results.map(({ link, tookMs, redeployMs, redeployBytes }) => [
    link,
    ...MODES.map((mode) => `${seconds(tookMs[mode])}${overOff(tookMs, mode)}`),
    seconds(redeployMs),
    `${((redeployBytes * 100) / imageBytes).toFixed(2)} %`,
  ]);
  console.log(`${formatTable(header, rows)}\n`);
  printVerdicts(
    results.flatMap(({ link, tookMs, redeployBytes }) => [
      {
        what: `${link}: verifying what was written, times the deploy without`,
        value: tookMs.written / tookMs.off,
        sign: '≤',
        bar: 1 + MAX_VERIFY_SHARE,
      },
      {
        what: `${link}: redeploy of the same image, share of its bytes that leave the conductor`,
        value: redeployBytes / imageBytes,
        sign: '<',
        bar: MAX_REDEPLOY_SHARE,
      },
    ]),
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function overOff(tookMs: LinkResult['tookMs'], mode: Mode): string {
  return mode === 'off' ? '' : ` (+${((tookMs[mode] / tookMs.off - 1) * 100).toFixed(0)} %)`;
}
