import { IronpxeError } from '../../errors/error.ts';
import type { Database } from '../../store/database.ts';
import { listEvents } from '../../store/events.ts';
import { latestOperation, newestEventId } from '../../store/latest.ts';
import { listSteps } from '../../store/operations.ts';
import { MAX_LIMIT } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { eventJson, eventStream } from './eventStream.ts';
import { nodeOfPath } from './ident.ts';

/**
 * `GET /v1/nodes/{ident}/timeline?after=ID&limit=N`: events after an id, the last operation, the
 * states. With `Accept: text/event-stream` events only, as they happen.
 */
export async function showTimeline(call: Call): Promise<Answer> {
  // The node first, then the operation: an end is never reported before the events that led to it.
  const node = await nodeOfPath(call);
  const { uuid } = node;
  if (call.header('accept')?.includes('text/event-stream') === true)
    return { status: 200, eventStream: eventStream(call.database, uuid, resumeAfter(call)) };
  const operation = await operationOf(call.database, uuid);
  const events = await listEvents(call.database, {
    nodeUuid: uuid,
    afterId: wholeNumber(call, 'after', 0),
    limit: Math.min(wholeNumber(call, 'limit', MAX_LIMIT), MAX_LIMIT),
  });
  const body = {
    events: events.map(eventJson),
    last_event_id: await newestEventId(call.database, uuid),
    operation,
    node: {
      uuid,
      name: node.name,
      provision_state: node.provisionState,
      target_provision_state: node.targetProvisionState,
      power_state: node.powerState,
      target_power_state: node.targetPowerState,
      last_error: node.lastError,
    },
  };
  return { status: 200, body };
}

/** A client that lost its connection says which event it saw last. */
function resumeAfter(call: Call): number {
  const seen = call.header('last-event-id') ?? '';
  return /^\d{1,15}$/.test(seen) ? Number(seen) : wholeNumber(call, 'after', 0);
}

async function operationOf(database: Database, nodeUuid: string) {
  const operation = await latestOperation(database, nodeUuid);
  if (operation === undefined) return null;
  const steps = await listSteps(database, operation.uuid);
  return {
    uuid: operation.uuid,
    verb: operation.verb,
    status: operation.status,
    error: operation.error,
    started_at: operation.startedAt,
    ended_at: operation.endedAt,
    steps: steps.map(({ name, status, attempts, startedAt, endedAt }) => ({
      name,
      status,
      attempts,
      started_at: startedAt,
      ended_at: endedAt,
    })),
  };
}

function wholeNumber(call: Call, name: string, otherwise: number): number {
  const text = call.query[name];
  if (text === undefined) return otherwise;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new IronpxeError('INVALID_REQUEST', `${name} must be a whole number: found ${text}.`);
}
