import type { Database } from './database.ts';

/** What is known of how machines of one model, switched by one driver, come to boot by PXE. */
export type BootHabit = {
  readonly driver: string;
  readonly model: string;
  /** The method that worked last, when another one had not. */
  readonly method: string;
  /** The longest time from power on to the first PXE request, milliseconds. */
  readonly slowestMs: number;
  /** How many boots were seen. */
  readonly seen: number;
};

/** The habit of a model; `undefined` before its first boot. */
export async function findBootHabit(
  database: Database,
  driver: string,
  model: string,
): Promise<BootHabit | undefined> {
  return database
    .selectFrom('bootHabits')
    .select(['driver', 'model', 'method', 'slowestMs', 'seen'])
    .where('driver', '=', driver)
    .where('model', '=', model)
    .executeTakeFirst();
}

/** Adds a boot that was seen. */
export async function learnBoot(
  database: Database,
  boot: Pick<BootHabit, 'driver' | 'model' | 'method'> & { readonly tookMs: number },
): Promise<void> {
  const { driver, model, method, tookMs } = boot;
  const updatedAt = new Date().toISOString();
  await database
    .insertInto('bootHabits')
    .values({ driver, model, method, slowestMs: tookMs, seen: 1, updatedAt })
    .onConflict((conflict) =>
      conflict.columns(['driver', 'model']).doUpdateSet((eb) => ({
        method,
        slowestMs: eb.fn<number>('max', [eb.ref('bootHabits.slowestMs'), eb.val(tookMs)]),
        seen: eb('bootHabits.seen', '+', 1),
        updatedAt,
      })),
    )
    .execute();
}
