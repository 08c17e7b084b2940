import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Verb } from '../states/index.ts';
import { type Database, inTransaction } from './database.ts';
import type { OperationsTable } from './tables.ts';
import type { JournaledStep, JsonObject, Operation, OperationStatus, StepStatus } from './types.ts';

const UNFINISHED = ['running', 'failing'] as const;

function toOperation(row: Selectable<OperationsTable>): Operation {
  return {
    ...row,
    verb: row.verb as Verb,
    status: row.status as OperationStatus,
    data: JSON.parse(row.data),
  };
}

/** Writes down an operation and all its steps before the first one runs. */
export async function insertOperation(
  database: Database,
  operation: {
    readonly nodeUuid: string;
    readonly verb: Verb;
    /** Names of the steps, with how users name them where they do. */
    readonly steps: readonly (string | Pick<JournaledStep, 'name' | 'shown'>)[];
    readonly data?: JsonObject;
  },
): Promise<Operation> {
  const uuid = randomUUID();
  await inTransaction(database, async (trx) => {
    await trx
      .insertInto('operations')
      .values({
        uuid,
        nodeUuid: operation.nodeUuid,
        verb: operation.verb,
        status: 'running',
        data: JSON.stringify(operation.data ?? {}),
        startedAt: new Date().toISOString(),
      })
      .execute();
    for (const [position, planned] of operation.steps.entries()) {
      const { name, shown } =
        typeof planned === 'string' ? { name: planned, shown: null } : planned;
      const step = { name, shown: shown && JSON.stringify(shown), status: 'pending', attempts: 0 };
      await trx
        .insertInto('steps')
        .values({ operationUuid: uuid, position, ...step })
        .execute();
    }
  });
  return getOperation(database, uuid);
}

export async function getOperation(database: Database, uuid: string): Promise<Operation> {
  const row = await database
    .selectFrom('operations')
    .selectAll()
    .where('uuid', '=', uuid)
    .executeTakeFirstOrThrow();
  return toOperation(row);
}

/** The operation with this UUID, if there is one. */
export async function findOperation(
  database: Database,
  uuid: string,
): Promise<Operation | undefined> {
  const row = await database
    .selectFrom('operations')
    .selectAll()
    .where('uuid', '=', uuid)
    .executeTakeFirst();
  return row && toOperation(row);
}

/** The operations that were not ended, of all nodes or of one. */
export async function unfinishedOperations(
  database: Database,
  nodeUuid?: string,
): Promise<Operation[]> {
  let select = database.selectFrom('operations').selectAll().where('status', 'in', UNFINISHED);
  if (nodeUuid !== undefined) select = select.where('nodeUuid', '=', nodeUuid);
  return (await select.orderBy('startedAt').execute()).map(toOperation);
}

/** Merges `patch` into the data of an operation. */
export async function mergeOperationData(
  database: Database,
  uuid: string,
  patch: JsonObject,
): Promise<Operation> {
  return inTransaction(database, async (trx) => {
    const row = await trx
      .selectFrom('operations')
      .selectAll()
      .where('uuid', '=', uuid)
      .executeTakeFirstOrThrow();
    const data = { ...JSON.parse(row.data), ...patch };
    await trx
      .updateTable('operations')
      .set({ data: JSON.stringify(data) })
      .where('uuid', '=', uuid)
      .execute();
    return { ...toOperation(row), data };
  });
}

export async function setOperationStatus(
  database: Database,
  uuid: string,
  status: OperationStatus,
  error: string | null = null,
): Promise<void> {
  const ended = status === 'running' || status === 'failing' ? null : new Date().toISOString();
  await database
    .updateTable('operations')
    .set({ status, endedAt: ended, ...(error !== null && { error }) })
    .where('uuid', '=', uuid)
    .execute();
}

/** The steps of an operation in their order. */
export async function listSteps(
  database: Database,
  operationUuid: string,
): Promise<JournaledStep[]> {
  const rows = await database
    .selectFrom('steps')
    .selectAll()
    .where('operationUuid', '=', operationUuid)
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    ...row,
    shown: row.shown === null ? null : JSON.parse(row.shown),
    status: row.status as StepStatus,
  }));
}

/** Journals where a step stands; starting it counts an attempt. */
export async function setStepStatus(
  database: Database,
  step: JournaledStep,
  status: StepStatus,
): Promise<void> {
  const now = new Date().toISOString();
  const change =
    status === 'running'
      ? { status, attempts: step.attempts + 1, startedAt: now }
      : { status, endedAt: now };
  await database
    .updateTable('steps')
    .set(change)
    .where('operationUuid', '=', step.operationUuid)
    .where('position', '=', step.position)
    .execute();
}
