import { setTimeout as sleep } from 'node:timers/promises';
import { IronpxeError } from '../errors/error.ts';
import type { Database } from './database.ts';
import { getNode } from './nodes.ts';

/** How long a reservation lives when it is not renewed: a dead conductor frees its nodes. */
export const LOCK_LEASE_MS = 60_000;
const RETRY_EVERY_MS = 50;

/** Who wants the lock and how long it waits for it. */
export type LockOptions = {
  /** The name of the conductor. */
  readonly owner: string;
  /** Waits at most so long for another holder; 0 tries once. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
};

/**
 * Reserves a node until the returned object is disposed. The lock is a row with a lease that is
 * renewed while it is held. @throws IronpxeError NODE_LOCKED, NODE_NOT_FOUND
 */
export async function lockNode(
  database: Database,
  uuid: string,
  options: LockOptions,
): Promise<AsyncDisposable> {
  const giveUpAtMs = Date.now() + options.waitMs;
  while (!(await tryReserve(database, uuid, options.owner))) {
    const node = await getNode(database, uuid);
    if (Date.now() >= giveUpAtMs)
      throw new IronpxeError(
        'NODE_LOCKED',
        `Node ${uuid} is locked by host ${node.reservation ?? options.owner}, please retry after the current operation is completed.`,
      );
    await sleep(RETRY_EVERY_MS, undefined, { signal: options.signal });
  }
  const renewal = setInterval(() => void renew(database, uuid), LOCK_LEASE_MS / 3);
  renewal.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await setReservation(database, uuid, null, null);
    },
  };
}

async function tryReserve(database: Database, uuid: string, owner: string): Promise<boolean> {
  const now = Date.now();
  const { numUpdatedRows } = await database
    .updateTable('nodes')
    .set({ reservation: owner, reservationExpiresAtMs: now + LOCK_LEASE_MS })
    .where('uuid', '=', uuid)
    .where((eb) => eb.or([eb('reservation', 'is', null), eb('reservationExpiresAtMs', '<', now)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function renew(database: Database, uuid: string): Promise<void> {
  await database
    .updateTable('nodes')
    .set({ reservationExpiresAtMs: Date.now() + LOCK_LEASE_MS })
    .where('uuid', '=', uuid)
    .execute();
}

async function setReservation(
  database: Database,
  uuid: string,
  reservation: string | null,
  reservationExpiresAtMs: number | null,
): Promise<void> {
  await database
    .updateTable('nodes')
    .set({ reservation, reservationExpiresAtMs })
    .where('uuid', '=', uuid)
    .execute();
}

/** Frees what a conductor of this name held when it was killed. */
export async function releaseLocksOf(database: Database, owner: string): Promise<void> {
  await database
    .updateTable('nodes')
    .set({ reservation: null, reservationExpiresAtMs: null, targetPowerState: null })
    .where('reservation', '=', owner)
    .execute();
}
