import { IronpxeError } from '../../errors/error.ts';
import { nextPlace } from '../../states/index.ts';
import { findBootHabit, learnBoot } from '../../store/bootHabits.ts';
import { listEvents } from '../../store/events.ts';
import { recallAgent } from '../agent/data.ts';
import { agentSession } from '../agent/session.ts';
import { methodsFor } from '../bootMethods.ts';
import { readSigns, type PxeSigns } from '../pxeSigns.ts';
import { recallDeploy } from './deployData.ts';
import { recallPxe, type PxeData } from './pxeData.ts';
import { startByNext } from './startRamdisk.ts';
import type { Step, StepContext } from './types.ts';
import { callBackDeadline } from './waitCallBack.ts';

/** A boot may take so many times as long as the slowest that was seen, but is given a minute more. */
const PATIENCE = 3;
const AT_LEAST_MS = 60_000;

/**
 * Waits for the machine to ask for its boot from the network, and tries the next method when it does
 * not: BMCs say OK to boot devices that they forget or do not know. What worked is learned.
 */
export const SEE_PXE: Step = {
  name: 'see_pxe',
  title: 'Waiting for the machine to boot from the network',
  async run(context) {
    await enterWait(context);
    const deadlineMs = await callBackDeadline(context);
    for (let pxe = await recallPxe(context); pxe !== undefined; pxe = await recallPxe(context)) {
      const lookUntilMs = Math.min(deadlineMs, pxe.startedAtMs + (await patienceMs(context)));
      const seen = await look(context, pxe, lookUntilMs);
      if (seen !== undefined) return learn(context, pxe, seen);
      await report(context, pxe);
      if (await triesAnother(context, deadlineMs)) continue;
      const last = await look(context, pxe, deadlineMs);
      if (last === undefined) throw notSeen(context, pxe);
      return learn(context, pxe, last);
    }
  },
};

async function enterWait(context: StepContext): Promise<void> {
  const { provisionState: state, targetProvisionState: targetState } = await context.node();
  if (nextPlace({ state, targetState }, 'wait')) await context.changeState('wait');
}

/** The signs once there are any, with the node unlocked; `undefined` when none came in time. */
function look(context: StepContext, pxe: PxeData, untilMs: number): Promise<PxeSigns | undefined> {
  const { nodeUuid, services } = context;
  return context.unlocked(() =>
    context.until(async () => {
      const query = { nodeUuid, afterId: pxe.afterId };
      const signs = readSigns(await listEvents(services.database, query));
      const calledBack = await ramdiskSeen(context);
      return signs.pxeAt !== undefined || calledBack ? signs : undefined;
    }, untilMs),
  );
}

/** Whether something that was booted reported already. */
async function ramdiskSeen(context: StepContext): Promise<boolean> {
  if ((await recallDeploy(context)).callback !== undefined) return true;
  if ((await recallAgent(context)).agentInventory !== undefined) return true;
  return agentSession(await context.node()) !== undefined;
}

async function patienceMs(context: StepContext): Promise<number> {
  const { driver, node } = await context.machine();
  const { config, database } = context.services;
  const habit = await findBootHabit(database, driver.name, node.model ?? '');
  const usualMs = config.power.pxe_timeout_seconds * 1000;
  if (habit === undefined) return usualMs;
  return Math.min(usualMs, habit.slowestMs * PATIENCE + AT_LEAST_MS);
}

/** A ramdisk that called back without having been seen was served by others; nothing is learned. */
async function learn(context: StepContext, pxe: PxeData, { pxeAt }: PxeSigns): Promise<void> {
  const method = pxe.tried.at(-1);
  if (pxeAt === undefined || method === undefined) return;
  const { driver, node } = await context.machine();
  const { model = '' } = node;
  const tookMs = Math.max(0, Date.parse(pxeAt) - pxe.startedAtMs);
  await learnBoot(context.services.database, { driver: driver.name, model, method, tookMs });
  const message = `the machine asked for its boot after ${Math.round(tookMs / 1000)} s${quirk(pxe, model)}`;
  await context.observe('boot.pxe_seen', message, { method, tookMs, tried: pxe.tried, model });
}

/** What the machine's model does not do, where it took more than one method. */
function quirk({ tried }: PxeData, model: string): string {
  const idle = tried.slice(0, -1).map((name) => `"${name}"`);
  if (idle.length === 0) return '';
  const methods = `${idle.join(' and ')} ${idle.length === 1 ? 'does' : 'do'} nothing`;
  return `; ${methods} on ${model || 'machines of this driver'}, so "${tried.at(-1)}" comes first from now on`;
}

async function report(context: StepContext, { tried, afterId }: PxeData): Promise<void> {
  const { nodeUuid, services } = context;
  const { otherSystem } = readSigns(await listEvents(services.database, { nodeUuid, afterId }));
  const message = otherSystem
    ? 'the boot device was accepted, but the machine booted another system'
    : 'the boot device was accepted, but no PXE request came';
  await context.observe('boot.pxe_missing', message, { tried, otherSystem });
}

/** Starts the machine by the next method; not while an operator has it in maintenance. */
async function triesAnother(context: StepContext, deadlineMs: number): Promise<boolean> {
  const { tried = [] } = (await recallPxe(context)) ?? {};
  if (Date.now() >= deadlineMs || (await context.node()).maintenance) return false;
  const { driver } = await context.machine();
  return (await startByNext(context, methodsFor(driver, tried[0]), tried)) !== undefined;
}

function notSeen({ nodeUuid }: StepContext, { tried }: PxeData): IronpxeError {
  return new IronpxeError(
    'PXE_NOT_SEEN',
    `Node ${nodeUuid} did not ask for a boot from the network; tried were ${tried.join(', ')}.`,
  );
}
