import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../../conductor/values/units.ts';
import { makeImages } from '../../test/faults/disk.ts';
import { DeployFleet } from './deployFleet.ts';
import { median } from './rounds.ts';
import { pickScratchFolder } from './scratch.ts';
import { formatTable } from './table.ts';
import type { Verdict } from './verdicts.ts';

/** Gigabit Ethernet, ten of it, and no limit. */
const LINKS_MBIT = [1000, 10_000, undefined];
const MODES = ['off', 'written', 'full'] as const;
/** What stands between the machine's call-back and a disk that may boot. */
const STEPS = ['write_disk', 'verify_disk', 'commit_disk'];
const MAX_VERIFY_SHARE = 0.25;
const MAX_REDEPLOY_PERCENT = 1;

type Mode = (typeof MODES)[number];
type LinkResult = {
  readonly link: string;
  /** Verified, and the conductor has not hashed the image before. */
  readonly firstMs: number;
  readonly tookMs: Readonly<Record<Mode, number>>;
  readonly redeployBytes: number;
  readonly redeployMs: number;
};

export type VerifyOptions = { readonly sizeMib: number; readonly rounds: number };

/**
 * Deploys one machine again and again: what reading back adds to a write, and what a redeploy of the
 * same image sends. Prints a table.
 */
export async function measureVerify(options: VerifyOptions): Promise<readonly Verdict[]> {
  const { sizeMib } = options;
  const folder = await mkdtemp(join(await pickScratchFolder(4 * sizeMib * MIB), 'ironpxe-verify-'));
  try {
    await makeImages(folder, sizeMib);
    const results: LinkResult[] = [];
    for (const mbit of LINKS_MBIT) results.push(await measure(mbit, folder, options.rounds));
    print(results, options);
    return verdictsOf(results, sizeMib * MIB);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One machine at one link: a full write in each mode in turn, then the same image once more. */
async function measure(
  mbit: number | undefined,
  folder: string,
  count: number,
): Promise<LinkResult> {
  const config = { deploy: { write: 'full' } };
  const place = { parent: folder, images: folder };
  await using fleet = await DeployFleet.make({ machines: 1, mbit, config, ...place });
  const [uuid = ''] = fleet.uuids;
  const rounds: Record<Mode, number[]> = { off: [], written: [], full: [] };
  await fleet.deploy('active');
  const firstMs = sumOf(await fleet.stepTimes(uuid));
  for (let round = 0; round < count; round++)
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
  return { link, firstMs, tookMs, redeployBytes: sentBytes, redeployMs };
}

function sumOf(times: ReadonlyMap<string, number>): number {
  return STEPS.reduce((sum, name) => sum + (times.get(name) ?? NaN), 0);
}

function print(results: readonly LinkResult[], { sizeMib, rounds }: VerifyOptions): void {
  console.log(
    `Deploys of ${sizeMib} MiB of random data to a disk in memory: writing, reading back and partition\n` +
      `table; conductor and ramdisk share this host. Medians of ${rounds}; "first" and "redeploy" once.\n`,
  );
  const header = [
    'link',
    'off, s',
    'written, s',
    'full, s',
    'first, s',
    'redeploy, s',
    'sent again',
  ];
  const rows = results.map(({ link, tookMs, ...one }) => [
    link,
    ...MODES.map((mode) => `${seconds(tookMs[mode])}${overOff(tookMs, mode)}`),
    seconds(one.firstMs),
    seconds(one.redeployMs),
    `${((one.redeployBytes * 100) / (sizeMib * MIB)).toFixed(2)} %`,
  ]);
  console.log(`${formatTable(header, rows)}\n`);
}

function verdictsOf(results: readonly LinkResult[], imageBytes: number): readonly Verdict[] {
  return results.flatMap(({ link, tookMs, redeployBytes }): readonly Verdict[] => [
    {
      what: `${link}: a verified deploy, times one without`,
      value: tookMs.written / tookMs.off,
      sign: '≤',
      bar: 1 + MAX_VERIFY_SHARE,
    },
    {
      what: `${link}: percent of the image that a redeploy of it sends`,
      value: (redeployBytes * 100) / imageBytes,
      sign: '<',
      bar: MAX_REDEPLOY_PERCENT,
    },
  ]);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function overOff(tookMs: LinkResult['tookMs'], mode: Mode): string {
  return mode === 'off' ? '' : ` (+${((tookMs[mode] / tookMs.off - 1) * 100).toFixed(0)} %)`;
}
