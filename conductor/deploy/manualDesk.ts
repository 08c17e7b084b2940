import { setTimeout as delay } from 'node:timers/promises';
import type { ManualDesk, PowerRequest } from '../drivers/manual/driver.ts';
import { hasCode, IronpxeError } from '../errors/error.ts';
import type { Database } from '../store/database.ts';
import { appendEvent, listEvents } from '../store/events.ts';
import { newestEvent } from '../store/latest.ts';
import type { TimelineEvent } from '../store/types.ts';
import { readSigns } from './pxeSigns.ts';

/** How often it is seen whether somebody answered. */
const LOOK_EVERY_MS = 1000;

/**
 * The desk of the manual driver: requests and answers are events of the node, so they show in its
 * timeline. A request that a stopped conductor left is asked anew.
 */
export function createManualDesk(database: Database, lookEveryMs = LOOK_EVERY_MS): ManualDesk {
  return {
    async ask(request, notify, signal) {
      const { nodeUuid, target, text } = request;
      const data = { target };
      const kind = 'power.requested';
      const id = await appendEvent(database, { kind, nodeUuid, message: text, data });
      const end = (ended: 'power.confirmed' | 'power.declined', message: string) =>
        appendEvent(database, { kind: ended, nodeUuid, message, data });
      try {
        if (await notify()) {
          await end('power.confirmed', BY_HOOK);
          return;
        }
        for (;;) {
          const events = await listEvents(database, { nodeUuid, afterId: id });
          if (isAnswered(events)) return;
          if (isSeen(request, events)) {
            await end('power.confirmed', BY_BOOT);
            return;
          }
          await delay(lookEveryMs, undefined, { signal });
        }
      } catch (error) {
        if (!hasCode(error, 'POWER_DECLINED'))
          await end('power.declined', 'the request was withdrawn');
        throw error;
      }
    },
  };
}

const BY_HOOK = 'the web hook switched the machine';
const BY_BOOT = 'the machine was seen booting';
const DESK_KINDS = ['power.requested', 'power.confirmed', 'power.declined'] as const;

/** @throws IronpxeError POWER_DECLINED */
function isAnswered(events: readonly TimelineEvent[]): boolean {
  const declined = events.find(({ kind }) => kind === 'power.declined');
  if (declined !== undefined)
    throw new IronpxeError('POWER_DECLINED', `The machine was not switched: ${declined.message}.`);
  return events.some(({ kind }) => kind === 'power.confirmed');
}

function isSeen({ target }: PowerRequest, events: readonly TimelineEvent[]): boolean {
  return target !== 'power off' && readSigns(events).pxeAt !== undefined;
}

/** What a person says of the machine that was to be switched. */
export type PowerAnswer =
  | { readonly done: true }
  | { readonly done: false; readonly reason: string };

/**
 * Takes in a person's answer to the last request.
 * @throws IronpxeError POWER_NOT_REQUESTED when none is open
 */
export async function answerPowerRequest(
  database: Database,
  nodeUuid: string,
  answer: PowerAnswer,
): Promise<void> {
  const request = await newestEvent(database, nodeUuid, DESK_KINDS);
  if (request?.kind !== 'power.requested')
    throw new IronpxeError('POWER_NOT_REQUESTED', `Node ${nodeUuid}: nobody asked to switch it.`);
  const kind = answer.done ? 'power.confirmed' : 'power.declined';
  const message = answer.done ? 'the machine was switched' : answer.reason;
  await appendEvent(database, { kind, nodeUuid, message, data: request.data });
}
