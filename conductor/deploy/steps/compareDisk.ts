import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import { deleteBootFacts, getBootFacts, putBootFacts } from '../../store/bootFacts.ts';
import { formatBytes } from '../../values/units.ts';
import { lengthOf } from '../plan/content.ts';
import { switchPower } from '../power.ts';
import { compareDisk, differing } from '../ramdisk/compare.ts';
import { holdOn } from '../ramdisk/holdOn.ts';
import { ramdiskOf } from '../ramdisk/link.ts';
import { loadDigests, receiptOf, VERIFICATION_KEY } from '../receipt.ts';
import { moveToInstance } from './networks.ts';
import type { OfferedStep, Step, StepContext } from './types.ts';
import { named } from './verifyDisk.ts';

type BootFacts = NonNullable<Awaited<ReturnType<typeof getBootFacts>>>;

/** `null`: the node's system needs nothing from the network. */
const kept = z.object({ keptBootFacts: z.custom<BootFacts | null>().optional() });

/** Looks whether it is known what should be on the disk. */
export const KNOW_CONTENT: Step = {
  name: 'know_content',
  title: 'Looking up what was deployed',
  async run({ services: { config }, nodeUuid }) {
    if ((await loadDigests(config, nodeUuid)).length > 0) return;
    throw new IronpxeError(
      'VERIFY_UNKNOWN_CONTENT',
      `Node ${nodeUuid} was deployed without reading its disk back.`,
    );
  },
};

/** Puts aside what the node boots. */
export const KEEP_BOOT: Step = {
  name: 'keep_boot',
  title: 'Putting the boot of the system aside',
  async run(context) {
    if (kept.parse(await context.recall()).keptBootFacts !== undefined) return;
    const facts = await getBootFacts(context.services.database, context.nodeUuid);
    await context.remember({ keptBootFacts: facts ?? null });
  },
};

/** Has the ramdisk hash the disk, and compares with what the deploy left there. Writes nothing. */
export const COMPARE_DISK: Step = {
  name: 'compare_disk',
  title: 'Comparing the disk with the deploy',
  async run(context) {
    const digests = await loadDigests(context.services.config, context.nodeUuid);
    const known = new Map(digests.map(({ start, sha256 }) => [start, sha256]));
    const of = async ({ start }: { start: number }) => known.get(start) ?? '';
    const drifted = await holdOn(context, async (signal) =>
      differing(compareDisk(await ramdiskOf(context), { of }, digests, signal)),
    );
    const node = await context.node();
    const verification = {
      verified_at: new Date().toISOString(),
      compared_bytes: lengthOf(digests),
      drifted_bytes: lengthOf(drifted),
      drifted: drifted.map(({ start, end }) => ({ start, end })),
      root_hash: receiptOf(node)?.root_hash ?? null,
    };
    await context.updateNode({
      driverInternalInfo: { ...node.driverInternalInfo, [VERIFICATION_KEY]: verification },
    });
    const { drifted: _, ...numbers } = verification;
    const compared = `${formatBytes(numbers.compared_bytes)} compared`;
    if (drifted.length === 0)
      await context.observe('verify.done', `${compared}: no drift`, numbers);
    else await context.observe('verify.drift', `${compared}: ${named(drifted)} differ`, numbers);
  },
};

/** The same, as a service step that users name. */
export const VERIFY_DISK_STEP: OfferedStep = {
  name: 'deploy.verify_disk',
  title: COMPARE_DISK.title,
  interface: 'deploy',
  step: 'verify_disk',
  args: {},
  inBand: true,
  async run(context) {
    await KNOW_CONTENT.run(context);
    await COMPARE_DISK.run(context);
  },
};

/** From here on the node boots its own system again. */
export const RESTORE_BOOT: Step = {
  name: 'restore_boot',
  title: 'Bringing the boot of the system back',
  run: restoreBoot,
};

async function restoreBoot(context: StepContext): Promise<void> {
  const { keptBootFacts } = kept.parse(await context.recall());
  const { database } = context.services;
  if (keptBootFacts) await putBootFacts(database, keptBootFacts, context.operationUuid);
  if (keptBootFacts === null)
    await deleteBootFacts(database, context.nodeUuid, context.operationUuid);
}

/** After a failure the machine goes back to its own system and its networks. */
export async function endService(context: StepContext): Promise<void> {
  const { keptBootFacts } = kept.parse(await context.recall());
  if (keptBootFacts === undefined) return;
  await restoreBoot(context);
  await switchPower(context, 'rebooting');
  await moveToInstance(context);
}
