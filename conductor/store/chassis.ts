import { IronpxeError } from '../errors/error.ts';
import type { Database } from './database.ts';
import type { Chassis } from './types.ts';

/** Inserts a chassis. @throws IronpxeError CHASSIS_EXISTS */
export async function insertChassis(
  database: Database,
  chassis: Pick<Chassis, 'uuid' | 'description' | 'extra'>,
): Promise<Chassis> {
  const row = {
    uuid: chassis.uuid,
    description: chassis.description,
    extra: JSON.stringify(chassis.extra),
    createdAt: new Date().toISOString(),
  };
  await database
    .insertInto('chassis')
    .values(row)
    .execute()
    .catch((error: unknown) => {
      if (!String(error).includes('UNIQUE constraint failed')) throw error;
      const text = `A chassis with UUID ${chassis.uuid} already exists.`;
      throw new IronpxeError('CHASSIS_EXISTS', text, { cause: error });
    });
  return getChassis(database, chassis.uuid);
}

/** @throws IronpxeError CHASSIS_NOT_FOUND */
export async function getChassis(database: Database, uuid: string): Promise<Chassis> {
  const row = await database
    .selectFrom('chassis')
    .selectAll()
    .where('uuid', '=', uuid.toLowerCase())
    .executeTakeFirst();
  if (row === undefined)
    throw new IronpxeError('CHASSIS_NOT_FOUND', `Chassis ${uuid} could not be found.`);
  return { ...row, extra: JSON.parse(row.extra) };
}

/** Changes fields of a chassis. @throws IronpxeError CHASSIS_NOT_FOUND */
export async function updateChassis(
  database: Database,
  uuid: string,
  patch: Pick<Chassis, 'description' | 'extra'>,
): Promise<Chassis> {
  await database
    .updateTable('chassis')
    .set({
      description: patch.description,
      extra: JSON.stringify(patch.extra),
      updatedAt: new Date().toISOString(),
    })
    .where('uuid', '=', uuid)
    .execute();
  return getChassis(database, uuid);
}

/** Removes a chassis. @throws IronpxeError CHASSIS_NOT_FOUND, CHASSIS_NOT_EMPTY */
export async function deleteChassis(database: Database, uuid: string): Promise<void> {
  const chassis = await getChassis(database, uuid);
  await database
    .deleteFrom('chassis')
    .where('uuid', '=', chassis.uuid)
    .execute()
    .catch((error: unknown) => {
      if (!String(error).includes('FOREIGN KEY constraint failed')) throw error;
      const text = `Cannot complete the requested action because chassis ${uuid} contains nodes.`;
      throw new IronpxeError('CHASSIS_NOT_EMPTY', text, { cause: error });
    });
}
