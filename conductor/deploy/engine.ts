import type { Logger } from 'pino';
import { explain, hasCode, IronpxeError } from '../errors/error.ts';
import type { Verb } from '../states/index.ts';
import { inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { transition } from '../store/nodes.ts';
import {
  listSteps,
  setOperationStatus,
  setStepStatus,
  unfinishedOperations,
} from '../store/operations.ts';
import type { JournaledStep, Operation } from '../store/types.ts';
import { createContext, type OperationContext } from './context.ts';
import type { Procedure, StepServices } from './steps/types.ts';
import type { WakeUps } from './wakeups.ts';

/** Carries out journaled operations, one per node at a time. */
export type Engine = {
  /** Begins to carry out an operation that stands in the journal. */
  start(operation: Operation): void;
  /** Goes on with every operation that a stopped or killed conductor left. */
  resumeAll(): Promise<void>;
  /** Ends the operation of a node without changing its state; settles when it has cleaned up. */
  cancel(nodeUuid: string): Promise<void>;
  /** Lets go of all operations; they stay in the journal and are resumed at the next start. */
  stop(): Promise<void>;
};

export type EngineOptions = {
  readonly services: StepServices;
  readonly procedureOf: (verb: Verb) => Procedure;
  readonly owner: string;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
};

type Running = { readonly abort: AbortController; readonly ended: Promise<void> };

/** The reason with which a stopping conductor aborts; the operation stays as it is. */
const STOPPING = Symbol('the conductor stops');

/** Makes the engine; it does nothing until `start` or `resumeAll`. */
export function createEngine(options: EngineOptions): Engine {
  const running = new Map<string, Running>();

  function start(operation: Operation): void {
    const abort = new AbortController();
    const ended = carryOut(options, operation, abort.signal)
      .catch((error: unknown) => options.logger.error({ err: error }, 'an operation was left'))
      .finally(() => running.delete(operation.nodeUuid));
    running.set(operation.nodeUuid, { abort, ended });
  }

  return {
    start,
    async resumeAll() {
      for (const operation of await unfinishedOperations(options.services.database)) {
        await appendEvent(options.services.database, {
          kind: 'operation.resumed',
          nodeUuid: operation.nodeUuid,
          operationUuid: operation.uuid,
          message: `${operation.verb} goes on after a restart`,
        });
        start(operation);
      }
    },
    async cancel(nodeUuid) {
      const found = running.get(nodeUuid);
      const reason = 'Another verb ended the operation.';
      found?.abort.abort(new IronpxeError('OPERATION_CANCELLED', reason));
      await found?.ended;
    },
    async stop() {
      for (const { abort } of running.values()) abort.abort(STOPPING);
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

/** Runs an operation to its end, or until it is stopped. */
async function carryOut(
  options: EngineOptions,
  operation: Operation,
  signal: AbortSignal,
): Promise<void> {
  await using context = createContext(options, operation, signal);
  const procedure = options.procedureOf(operation.verb);
  try {
    await context.lock();
    if (operation.status === 'failing') throw new Error(operation.error ?? 'failed');
    await runSteps(context, procedure);
    await succeed(context, procedure);
  } catch (error) {
    if (signal.reason === STOPPING) return;
    if (hasCode(signal.reason, 'OPERATION_CANCELLED')) await cancelled(context, procedure);
    else await fail(options, context, procedure, error);
  }
}

async function runSteps(context: OperationContext, procedure: Procedure): Promise<void> {
  const journal = await listSteps(context.services.database, context.operationUuid);
  for (const entry of journal) {
    if (entry.status === 'done') continue;
    const step = procedure.steps.find(({ name }) => name === entry.name);
    if (step === undefined)
      throw new Error(
        `The journal names the step ${entry.name}, which this version does not have.`,
      );
    await runStep(context, entry, step.title, step.run);
  }
}

async function runStep(
  context: OperationContext,
  entry: JournaledStep,
  title: string,
  work: (context: OperationContext) => Promise<void>,
): Promise<void> {
  const { database } = context.services;
  const data = { step: entry.name, title };
  context.attempt = entry.attempts + 1;
  await setStepStatus(database, entry, 'running');
  await context.observe('step.started', title, { ...data, attempt: context.attempt });
  const beganAtMs = performance.now();
  try {
    await work(context);
  } catch (error) {
    if (!context.signal.aborted) {
      await setStepStatus(database, { ...entry, attempts: context.attempt }, 'failed');
      await context.observe('step.failed', explain(error), data);
    }
    throw error;
  }
  const durationMs = Math.round(performance.now() - beganAtMs);
  await setStepStatus(database, entry, 'done');
  await context.observe('step.done', title, { ...data, duration_ms: durationMs });
}

async function succeed(context: OperationContext, procedure: Procedure): Promise<void> {
  const { operationUuid, nodeUuid, services, verb } = context;
  context.signal.throwIfAborted();
  await inTransaction(services.database, async (trx) => {
    const patch = { lastError: null };
    for (const event of procedure.doneEvents)
      await transition(trx, nodeUuid, event, { operationUuid, patch });
    await setOperationStatus(trx, operationUuid, 'done');
    const message = `${verb} done`;
    const data = { verb, status: 'done' };
    await appendEvent(trx, { kind: 'operation.ended', nodeUuid, operationUuid, message, data });
  });
}

/** Journals the error, cleans up, and only then moves the node to its failed state. */
async function fail(
  options: EngineOptions,
  context: OperationContext,
  procedure: Procedure,
  error: unknown,
): Promise<void> {
  const { operationUuid, nodeUuid, verb } = context;
  const { database } = context.services;
  const reason = explain(error);
  options.logger.warn({ err: error, nodeUuid, operationUuid }, `${verb} failed`);
  await setOperationStatus(database, operationUuid, 'failing', reason);
  await context.lock();
  await cleanUp(options, context, procedure);
  await inTransaction(database, async (trx) => {
    const patch = { lastError: reason };
    await transition(trx, nodeUuid, 'fail', { operationUuid, patch });
    await setOperationStatus(trx, operationUuid, 'failed');
    const data = { verb, status: 'failed' };
    await appendEvent(trx, {
      kind: 'operation.ended',
      nodeUuid,
      operationUuid,
      message: reason,
      data,
    });
  });
}

async function cancelled(context: OperationContext, procedure: Procedure): Promise<void> {
  const { operationUuid, nodeUuid, verb } = context;
  await procedure.cleanUp?.(context.detached());
  await setOperationStatus(context.services.database, operationUuid, 'cancelled');
  const message = `${verb} was cancelled`;
  const data = { verb, status: 'cancelled' };
  const event = { kind: 'operation.ended', nodeUuid, operationUuid, message, data } as const;
  await appendEvent(context.services.database, event);
}

async function cleanUp(
  options: EngineOptions,
  context: OperationContext,
  procedure: Procedure,
): Promise<void> {
  try {
    await procedure.cleanUp?.(context);
  } catch (error) {
    if (context.signal.aborted) throw error;
    options.logger.warn({ err: error, nodeUuid: context.nodeUuid }, 'cleaning up failed');
  }
}
