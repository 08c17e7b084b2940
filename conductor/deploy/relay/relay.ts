import { explain } from '../../errors/error.ts';
import { formatBytes } from '../../values/units.ts';
import { lengthOf } from '../plan/content.ts';
import type { DiskPlan } from '../plan/types.ts';
import { operationDir } from '../places.ts';
import { loadPlan, savePlan } from '../planFile.ts';
import { ramdiskCommands } from '../ramdisk/commands.ts';
import { ramdiskOf, sessionOf } from '../ramdisk/link.ts';
import { left, recallDeploy, rememberDeploy } from '../steps/deployData.ts';
import type { StepContext } from '../steps/types.ts';
import { whileWaiting } from '../steps/whileWaiting.ts';
import { verifyMode, wantsRelay } from '../writeOptions.ts';
import { fetchRanges, leftOf, sharedContent } from './content.ts';
import type { Feeder, Place, RelayDesk } from './desk.ts';
import { fetchAll } from './fetch.ts';

/**
 * Has another machine hand on what of `rest` it has, where that is wished for. What it could not
 * comes back for the conductor to write. Whatever was handed on is read back by the step that
 * verifies, so nodes that are not verified take no part.
 * @throws IronpxeError RAMDISK_* of the node's own machine
 */
export async function relayed(
  context: StepContext,
  rest: DiskPlan,
  signal: AbortSignal,
): Promise<DiskPlan> {
  const { relay } = context.services;
  const content = await contentOf(context);
  if (!relay || content === undefined || rest.extents.length === 0) return rest;
  using place = await findPlace(context, relay, content, signal);
  return place ? await fetchFrom(context, place, rest, signal) : rest;
}

/**
 * Stays in the ramdisk and hands the image on while other machines wait for it.
 * @throws the reason of the context's signal
 */
export async function feedOthers(context: StepContext): Promise<void> {
  const { relay } = context.services;
  const content = await contentOf(context);
  if (!relay || content === undefined) return;
  if (!relay.isWanted(content)) return relay.leave(context.operationUuid);
  const feeder = await feederOf(context);
  await context.observe('write.feeding', 'hands the image on to others that wait for it');
  const offer = () => relay.offer(context.operationUuid, content, feeder, context.signal);
  await whileWaiting(context, offer);
}

/** What this node shares with others; `undefined` when it takes no part. */
async function contentOf(context: StepContext): Promise<string | undefined> {
  const { config } = context.services;
  const node = await context.node();
  const canVerify = sessionOf(await recallDeploy(context)) !== undefined;
  if (!wantsRelay(node, config) || !canVerify || verifyMode(node, config) === 'off')
    return undefined;
  const folder = operationDir(config, context.operationUuid);
  return sharedContent(await loadPlan(folder), folder);
}

async function findPlace(
  context: StepContext,
  relay: RelayDesk,
  content: string,
  signal: AbortSignal,
): Promise<Place | undefined> {
  const find = () => relay.find(context.operationUuid, content, signal);
  if (!relay.mustWait(content)) return find();
  await context.observe('write.queued', 'waits for a machine that hands the image on');
  return whileWaiting(context, find);
}

async function fetchFrom(
  context: StepContext,
  place: Place,
  rest: DiskPlan,
  signal: AbortSignal,
): Promise<DiskPlan> {
  const folder = operationDir(context.services.config, context.operationUuid);
  const ranges = fetchRanges(await loadPlan(folder), folder, rest.extents);
  const ramdisk = await ramdiskOf(context);
  const note = createReporter(context, place.feeder, lengthOf(ranges));
  let now = rest;
  for await (const { done, error } of fetchAll(ramdisk, place, ranges, signal)) {
    now = { ...now, extents: leftOf(now.extents, done) };
    await savePlan(folder, now, 'write');
    await note(lengthOf(done), error);
    if (error !== undefined) place.drop();
  }
  return now;
}

function createReporter(context: StepContext, feeder: Feeder, totalBytes: number) {
  let doneBytes = 0;
  return async (addedBytes: number, error: unknown): Promise<void> => {
    doneBytes += addedBytes;
    const { relayedBytes } = await recallDeploy(context);
    await rememberDeploy(context, { relayedBytes: relayedBytes + addedBytes });
    const why = error === undefined ? '' : `, and no more: ${explain(error)}`;
    const of = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
    await context.observe('write.relayed', `${of} from node ${feeder.nodeUuid}${why}`, {
      from_node: feeder.nodeUuid,
      done_bytes: doneBytes,
      total_bytes: totalBytes,
    });
  };
}

/** A ramdisk carries out one command at a time, so those that ask it wait for each other. */
async function feederOf(context: StepContext): Promise<Feeder> {
  const data = await recallDeploy(context);
  const ramdisk = ramdiskCommands(left(sessionOf(data), 'session'));
  const { address } = left(data.callback, 'call-back');
  let earlier: Promise<unknown> = Promise.resolve();
  const admit = async (word: string, signal: AbortSignal): Promise<void> => {
    const mine = earlier.then(() => ramdisk.feed(word, { signal }));
    earlier = mine.catch(() => {});
    await mine;
  };
  return { nodeUuid: context.nodeUuid, address, admit };
}
