import type { Logger } from 'pino';
import { explain, hasCode, IronpxeError } from '../errors/error.ts';
import type { Verb } from '../states/index.ts';
import { inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { getNode, transition } from '../store/nodes.ts';
import {
  listSteps,
  setOperationStatus,
  setStepStatus,
  unfinishedOperations,
} from '../store/operations.ts';
import type { JournaledStep, JsonObject, Node, Operation } from '../store/types.ts';
import { createContext, type OperationContext } from './context.ts';
import {
  doneEvent,
  failurePatch,
  isStepShown,
  noStep,
  stepPatch,
  successPatch,
} from './outcome.ts';
import type { Procedure, Step, StepServices } from './steps/types.ts';
import type { WakeUps } from './wakeups.ts';

/** Carries out journaled operations, one per node at a time. */
export type Engine = {
  /** Begins to carry out an operation that stands in the journal. */
  start(operation: Operation): void;
  /** Goes on with every operation that a stopped or killed conductor left. */
  resumeAll(): Promise<void>;
  /**
   * Ends the operation of a node without changing its state; settles when it has cleaned up, with
   * the error if that did not go well.
   */
  cancel(nodeUuid: string): Promise<unknown>;
  /** Lets go of all operations; they stay in the journal and are resumed at the next start. */
  stop(): Promise<void>;
};

export type EngineOptions = {
  readonly services: StepServices;
  /** How a verb is carried out on a node. @throws when there is no way */
  readonly procedureOf: (verb: Verb, node: Node) => Procedure;
  readonly owner: string;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
};

type Running = { readonly abort: AbortController; readonly ended: Promise<unknown> };

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
      return found?.ended;
    },
    async stop() {
      for (const { abort } of running.values()) abort.abort(STOPPING);
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

/**
 * Runs an operation to its end, or until it is stopped. Resolves with what went wrong when a
 * cancelled one cleaned up.
 */
async function carryOut(
  options: EngineOptions,
  operation: Operation,
  signal: AbortSignal,
): Promise<unknown> {
  await using context = createContext(options, operation, signal);
  let procedure: Procedure = { steps: [] };
  try {
    procedure = options.procedureOf(operation.verb, await context.node());
    await context.lock();
    if (operation.status === 'failing') throw new Error(operation.error ?? 'failed');
    await runSteps(context, procedure);
    await succeed(context);
  } catch (error) {
    if (signal.reason === STOPPING) return undefined;
    if (hasCode(signal.reason, 'OPERATION_CANCELLED'))
      return cancelled(options, context, procedure);
    await fail(options, context, procedure, error);
  }
  return undefined;
}

async function runSteps(context: OperationContext, procedure: Procedure): Promise<void> {
  const journal = await listSteps(context.services.database, context.operationUuid);
  const shown = journal.filter((entry) => entry.shown !== null);
  for (const entry of journal) {
    if (entry.status === 'done') continue;
    const step = procedure.steps.find(({ name }) => name === entry.name);
    if (step === undefined) throw stepGone(entry);
    await showStep(context, entry, shown.indexOf(entry));
    await runStep(context, entry, step);
  }
}

function stepGone({ name }: JournaledStep): Error {
  return new Error(`The journal names the step ${name}, which this version does not have.`);
}

/** Lets users see a step that has a name for them, while it runs. */
async function showStep(
  context: OperationContext,
  { shown }: JournaledStep,
  index: number,
): Promise<void> {
  const node = await context.node();
  if (shown !== null) await context.updateNode(stepPatch(node, shown, index));
  else if (isStepShown(node)) await context.updateNode(noStep(node));
}

async function runStep(
  context: OperationContext,
  entry: JournaledStep,
  { title, run: work }: Step,
): Promise<void> {
  const { database } = context.services;
  const data = { step: entry.name, title };
  context.attempt = entry.attempts + 1;
  context.args = argsOf(entry);
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

function argsOf({ shown }: JournaledStep): JsonObject {
  return { ...Object(shown?.['args']) };
}

async function succeed(context: OperationContext): Promise<void> {
  const { operationUuid, nodeUuid, services, verb } = context;
  context.signal.throwIfAborted();
  await inTransaction(services.database, async (trx) => {
    const node = await getNode(trx, nodeUuid);
    const patch = successPatch(node);
    await transition(trx, nodeUuid, doneEvent(node), { operationUuid, patch });
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
    const patch = failurePatch(await getNode(trx, nodeUuid), reason);
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

/** Ends what was cancelled, also where cleaning up fails: then with that error. */
async function cancelled(
  options: EngineOptions,
  context: OperationContext,
  procedure: Procedure,
): Promise<unknown> {
  const { operationUuid, nodeUuid, verb } = context;
  const problem = await cleanUp(options, context.detached(), procedure);
  await setOperationStatus(context.services.database, operationUuid, 'cancelled');
  const message = `${verb} was cancelled`;
  const data = { verb, status: 'cancelled' };
  const event = { kind: 'operation.ended', nodeUuid, operationUuid, message, data } as const;
  await appendEvent(context.services.database, event);
  return problem;
}

/** Cleans up; what fails in it is logged and returned. */
async function cleanUp(
  options: EngineOptions,
  context: OperationContext,
  procedure: Procedure,
): Promise<unknown> {
  try {
    await procedure.cleanUp?.(context);
    return undefined;
  } catch (error) {
    if (context.signal.aborted) throw error;
    options.logger.warn({ err: error, nodeUuid: context.nodeUuid }, 'cleaning up failed');
    return error;
  }
}
