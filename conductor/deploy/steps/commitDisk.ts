import { z } from 'zod';
import { MIB } from '../../values/units.ts';
import { allRanges, lengthOf } from '../plan/content.ts';
import { operationDir } from '../places.ts';
import { loadJson, loadPlan } from '../planFile.ts';
import { holdOn } from '../ramdisk/holdOn.ts';
import { sessionOf } from '../ramdisk/link.ts';
import { type DiskDigest, RECEIPT_KEY, type Receipt, rootHash, saveDigests } from '../receipt.ts';
import { verifyMode } from '../writeOptions.ts';
import type { DiskPlan } from '../plan/types.ts';
import { recallDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';
import { DIGESTS_FILE, verify } from './verifyDisk.ts';
import { write } from './writeDisk.ts';

const RANGE_BYTES = 64 * MIB;

/** Writes the partition table, with which the disk can boot, reads it back, and stores the receipt. */
export const COMMIT_DISK: Step = {
  name: 'commit_disk',
  title: 'Writing the partition table',
  async run(context) {
    const { config } = context.services;
    const folder = operationDir(config, context.operationUuid);
    const plan = await loadPlan(folder);
    const earlier = (await loadJson(folder, DIGESTS_FILE)) as readonly DiskDigest[];
    const mode = verifyMode(await context.node(), config);
    const isVerified = mode !== 'off' && sessionOf(await recallDeploy(context)) !== undefined;
    const digests = await holdOn(context, async (signal) => {
      await write(context, { ...plan, extents: [] }, 0, signal);
      return isVerified ? commitDigests(context, plan, signal) : [];
    });
    const all = [...withoutCommit(earlier, plan), ...digests];
    await saveDigests(config, context.nodeUuid, all);
    await storeReceipt(context, plan, all, isVerified ? mode : 'off');
  },
};

function commitDigests(context: StepContext, plan: DiskPlan, signal: AbortSignal) {
  const committed = { ...plan, extents: plan.commit, commit: [] };
  return verify(context, committed, allRanges(plan.commit, RANGE_BYTES), signal);
}

/** What was zero until the commit is something else now. */
function withoutCommit(digests: readonly DiskDigest[], plan: DiskPlan): readonly DiskDigest[] {
  const isTouched = ({ start, end }: DiskDigest) =>
    plan.commit.some(
      ({ targetOffsetBytes, lengthBytes }) =>
        start < targetOffsetBytes + lengthBytes && end > targetOffsetBytes,
    );
  return digests.filter((one) => !isTouched(one));
}

async function storeReceipt(
  context: StepContext,
  plan: DiskPlan,
  digests: readonly DiskDigest[],
  mode: Receipt['verify'],
): Promise<void> {
  const data = await recallDeploy(context);
  const receipt: Receipt = {
    verify: mode,
    algorithm: 'sha256',
    root_hash: rootHash(digests),
    disk_serial: data.disk?.serial,
    disk_wwn: data.disk?.wwn,
    disk_size_bytes: plan.diskSizeBytes,
    sent_bytes: data.sentBytes,
    kept_bytes: data.keptBytes,
    relayed_bytes: data.relayedBytes,
    verified_bytes: lengthOf(digests),
    writer: context.services.config.iscsi.writer === 'iscsiadm' ? 'iscsiadm' : 'in-process',
    authenticated: sessionOf(data) !== undefined,
    completed_at: new Date().toISOString(),
  };
  const node = await context.node();
  await context.updateNode({
    driverInternalInfo: { ...node.driverInternalInfo, [RECEIPT_KEY]: receipt },
  });
  const root =
    receipt.root_hash === undefined ? 'nothing was verified' : `root ${receipt.root_hash}`;
  const trust = receipt.authenticated ? 'authenticated' : 'not authenticated';
  await context.observe(
    'verify.done',
    `${root}, ${trust}`,
    z.record(z.string(), z.unknown()).parse(receipt),
  );
}
