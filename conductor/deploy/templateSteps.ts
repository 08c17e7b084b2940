import type { Database } from '../store/database.ts';
import type { Node } from '../store/types.ts';
import type { AskedStep } from './conductor.ts';

/**
 * The steps of the deploy templates that an instance asks for: those named like one of
 * `instance_info/traits`, which Nova takes from the flavor.
 */
export async function templateSteps(database: Database, node: Node): Promise<readonly AskedStep[]> {
  const traits = node.instanceInfo['traits'];
  const names = Array.isArray(traits) ? traits.map(String) : [];
  if (names.length === 0) return [];
  const templates = await database
    .selectFrom('deployTemplates')
    .select(['name', 'steps'])
    .where('name', 'in', names)
    .orderBy('name')
    .execute();
  return templates.flatMap(({ steps }) => JSON.parse(steps) as AskedStep[]);
}
