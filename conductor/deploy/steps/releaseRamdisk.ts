import { once } from 'node:events';
import { connect } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { explain, hasCode, IronpxeError } from '../../errors/error.ts';
import { rebootSeen } from './confirmBoot.ts';
import { left, recallDeploy } from './deployData.ts';
import { switchPower } from '../power.ts';
import { parseDeployRequest } from '../request.ts';
import { ramdiskCommands } from '../ramdisk/commands.ts';
import { sessionOf } from '../ramdisk/link.ts';
import type { Step, StepContext } from './types.ts';

const RELEASE_LISTEN_PORT = 10_000;
const TRY_FOR_MS = 30_000;
const RETRY_MS = 500;
/** Long enough for a disk to flush what it has in its cache. */
const ANSWER_TIMEOUT_MS = 120_000;

/**
 * Tells the ramdisk on TCP 10000 that the disk is written: it closes the target and reboots. A
 * ramdisk that does not listen (it starts to only after its POST returned, hence the retries) is
 * power cycled instead, unless it was seen to boot already, as after a restart of the conductor.
 */
export const RELEASE_RAMDISK: Step = {
  name: 'release_ramdisk',
  title: 'Releasing the deploy ramdisk',
  async run(context) {
    const data = await recallDeploy(context);
    const { address } = left(data.callback, 'call-back');
    const session = sessionOf(data);
    const release = session
      ? () => ramdiskCommands({ ...session, connectForMs: RETRY_MS }).leave('reboot', context)
      : () => sayDone(address, context.signal);
    const giveUpAtMs = Date.now() + TRY_FOR_MS;
    let refusal: unknown;
    while (Date.now() < giveUpAtMs) {
      if (await rebootSeen(context)) return;
      try {
        await release();
      } catch (error) {
        context.signal.throwIfAborted();
        if (hasCode(error, 'RAMDISK_ERROR', 'RAMDISK_COMMAND_FAILED')) throw error;
        refusal = error;
        await sleep(RETRY_MS, undefined, { signal: context.signal });
        continue;
      }
      const message = `${address}:10000 was told to reboot`;
      await context.observe('ramdisk.released', message, { address });
      return takeDisk(context);
    }
    await powerCycle(context, address, refusal);
  },
};

/**
 * A machine whose new boot device counts from its next power-on is switched off and on: else it would
 * start from the network once more. What was written is flushed by now.
 */
async function takeDisk(context: StepContext): Promise<void> {
  const { driver } = await context.machine();
  if (driver.bootDeviceAtPowerOn !== true) return;
  const { swapEventId } = await recallDeploy(context);
  const { setsBootDevice } = parseDeployRequest(await context.node());
  if (swapEventId !== undefined && setsBootDevice) await switchPower(context, 'rebooting');
}

/** Says "done" and listens until the ramdisk hangs up: a classic one says nothing, ours reports. */
export async function sayDone(address: string, signal: AbortSignal): Promise<void> {
  const socket = connect({ host: address, port: RELEASE_LISTEN_PORT });
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    await once(socket, 'connect', { signal: within });
    socket.end('done');
    const answer = await text(addAbortSignal(within, socket));
    const [, failure] = /^failed (.*)$/m.exec(answer) ?? [];
    if (failure !== undefined) throw new IronpxeError('RAMDISK_ERROR', `${failure}.`);
  } finally {
    socket.destroy();
  }
}

async function powerCycle(context: StepContext, address: string, refusal: unknown): Promise<void> {
  const message = `${address}:10000 did not take the signal (${explain(refusal)}); power cycling`;
  await context.observe('ramdisk.released', message, { address });
  try {
    await switchPower(context, 'rebooting');
  } catch (error) {
    context.signal.throwIfAborted();
    throw new IronpxeError('RELEASE_FAILED', `${message} failed: ${explain(error)}`, {
      cause: error,
    });
  }
}
