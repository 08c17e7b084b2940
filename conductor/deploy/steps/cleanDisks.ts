import { formatBytes } from '../../values/units.ts';
import { ERASE_WAYS, type InventoryDisk, type RamdiskCommands } from '../ramdisk/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import { withRamdisk } from './withRamdisk.ts';
import type { OfferedStep, StepContext } from './types.ts';

/** At most one progress event in so many milliseconds. */
const PROGRESS_EVERY_MS = 1000;

/** Ironic's name for taking away what could be recognised as partitions, RAID or file systems. */
const ERASE_METADATA: OfferedStep = {
  name: 'deploy.erase_devices_metadata',
  title: 'Wiping partition tables and signatures',
  interface: 'deploy',
  step: 'erase_devices_metadata',
  args: {},
  inBand: true,
  run: (context) => onEveryDisk(context, wipe),
};

/** Ironic's name for erasing every disk of the machine. */
const ERASE: OfferedStep = {
  name: 'deploy.erase_devices',
  title: 'Erasing the disks',
  interface: 'deploy',
  step: 'erase_devices',
  args: {
    way: { what: `How: ${ERASE_WAYS.join(', ')}; as configured by default.`, required: false },
  },
  inBand: true,
  run: (context) => onEveryDisk(context, erase),
};

/** What the deploy ramdisk can be asked to do with the disks. */
export const DISK_STEPS: readonly OfferedStep[] = [ERASE_METADATA, ERASE];

type Work = (
  context: StepContext,
  ramdisk: RamdiskCommands,
  disk: InventoryDisk,
  signal: AbortSignal,
) => Promise<void>;

async function onEveryDisk(context: StepContext, work: Work): Promise<void> {
  await withRamdisk(context, async (ramdisk, signal) => {
    const { disks } = await ramdisk.inventory({ signal });
    for (const disk of disks) await work(context, ramdisk, disk, signal);
  });
}

const wipe: Work = async (context, ramdisk, { name, sizeBytes }, signal) => {
  const places = await ramdisk.wipe({ disk: name, signal });
  const wipedBytes = places.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const message = `${name} (${formatBytes(sizeBytes)}): ${places.length} places wiped`;
  await context.observe('clean.progress', message, { disk: name, wipedBytes });
};

const erase: Work = async (context, ramdisk, { name }, signal) => {
  const options = { disk: name, signal };
  let saidAtMs = -Infinity;
  for await (const progress of ramdisk.erase(readWay(context), options)) {
    const { doneBytes, totalBytes, way } = progress;
    const isDone = doneBytes >= totalBytes;
    if (!isDone && performance.now() - saidAtMs < PROGRESS_EVERY_MS) continue;
    saidAtMs = performance.now();
    const message = `${name}: ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} by ${way}`;
    await context.observe('clean.progress', message, { disk: name, ...progress });
  }
};

function readWay({ args, services }: StepContext): (typeof ERASE_WAYS)[number] {
  const asked = args['way'] ?? services.config.clean.erase_way;
  const way = ERASE_WAYS.find((one) => one === asked);
  if (way !== undefined) return way;
  throw new IronpxeError(
    'STEP_INVALID',
    `deploy.erase_devices: found way ${JSON.stringify(asked)}, expected one of ${ERASE_WAYS.join(', ')}.`,
  );
}
