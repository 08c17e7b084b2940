import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../../conductor/values/units.ts';
import { makeImages } from '../../test/faults/disk.ts';
import { type DeployCost, DeployFleet } from './deployFleet.ts';
import { formatTable } from './table.ts';
import type { Verdict } from './verdicts.ts';

const MEMORY_BAR_MIB = 400;
/** Of so many machines that feed each other, the conductor sends this many images at most. */
const RELAY_BAR = { machines: 8, images: 2 };

type Row = DeployCost & {
  readonly machines: number;
  readonly isRelay: boolean;
  /** Images that machines handed on to each other. */
  readonly relayedImages: number;
};

export type FleetDeployOptions = {
  readonly counts: readonly number[];
  readonly mbit: number;
  readonly imageMib: number;
  /** A folder that goes away afterwards. */
  readonly parent: string;
};

/**
 * Whole deploys by a conductor as operators run it, to machines that run the ramdisk's scripts: each
 * fleet once from the conductor alone, once with machines that hand the image on. Prints a table.
 */
export async function deployFleets(options: FleetDeployOptions): Promise<readonly Verdict[]> {
  const images = join(options.parent, 'images');
  await mkdir(images);
  await makeImages(images, options.imageMib);
  const rows: Row[] = [];
  for (const machines of options.counts)
    for (const isRelay of [false, true])
      rows.push(await deployFleet(machines, isRelay, images, options));
  console.log(
    formatTable(
      HEADER,
      rows.map((row) => toCells(row, options)),
    ),
  );
  return verdictsOf(rows, options);
}

async function deployFleet(
  machines: number,
  isRelay: boolean,
  images: string,
  { parent, mbit, imageMib }: FleetDeployOptions,
): Promise<Row> {
  const config = { deploy: { relay: isRelay } };
  await using fleet = await DeployFleet.make({ machines, mbit, parent, images, config });
  const cost = await fleet.deploy('active');
  await fleet.compareWith(join(images, 'root.img'));
  const relayed = (await fleet.receipts()).map((receipt) => receipt.relayed_bytes);
  const relayedBytes = relayed.reduce((sum, bytes) => sum + bytes, 0);
  return { ...cost, machines, isRelay, relayedImages: relayedBytes / (imageMib * MIB) };
}

const HEADER = ['deploys', 's', 'CPU s each', 'MiB peak', 'images out', 'handed on'];

function toCells(row: Row, { imageMib }: FleetDeployOptions): string[] {
  return [
    `${row.machines} ${row.isRelay ? 'relay' : 'direct'}`,
    (row.tookMs / 1000).toFixed(1),
    (row.processorMs / 1000 / row.machines).toFixed(2),
    row.peakMib.toFixed(0),
    (row.sentBytes / (imageMib * MIB)).toFixed(2),
    row.relayedImages.toFixed(2),
  ];
}

function verdictsOf(rows: readonly Row[], { imageMib }: FleetDeployOptions): readonly Verdict[] {
  const memory = rows.map(({ machines, isRelay, peakMib }): Verdict => ({
    what: `memory of the conductor at ${machines} ${isRelay ? 'with relay' : 'direct'}, MiB`,
    value: peakMib,
    sign: '<',
    bar: MEMORY_BAR_MIB,
  }));
  const relay = rows
    .filter(({ isRelay, machines }) => isRelay && machines === RELAY_BAR.machines)
    .map(({ machines, sentBytes }): Verdict => ({
      what: `images that the conductor sends to ${machines} machines with relay`,
      value: sentBytes / (imageMib * MIB),
      sign: '≤',
      bar: RELAY_BAR.images,
    }));
  return [...memory.slice(-2), ...relay];
}
