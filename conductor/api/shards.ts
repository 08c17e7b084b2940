import { sql } from 'kysely';
import type { Answer, Call } from './resource.ts';
import { refuseUnknown } from './paging.ts';

/** `GET /v1/shards`: the largest first; nodes of none are counted as "None", as Ironic does. */
export async function listShards(call: Call): Promise<Answer> {
  refuseUnknown(call, []);
  const { rows } = await sql<{ name: string; count: number }>`
    select coalesce(shard, 'None') as name, count(*) as count from nodes
    group by shard order by count desc, name`.execute(call.database);
  return { status: 200, body: { shards: rows } };
}
