import { sql } from 'kysely';
import type { ErrorCode } from '../errors/table.ts';
import type { Database } from '../store/database.ts';
import { findNode } from '../store/nodes.ts';
import type { Target } from './policy/permits.ts';
import type { SubjectKind } from './policy/routes.ts';
import type { RuleName } from './policy/rules.ts';

/** How a kind of subject is found, and what is answered when there is none to be seen. */
type SubjectRow = {
  readonly noun: string;
  readonly notFound: ErrorCode;
  /** Who may know that it exists. */
  readonly seen: RuleName;
  readonly find: (database: Database, ident: string) => Promise<Target | undefined>;
};

/** Every kind of subject. */
export const SUBJECTS: Readonly<Record<SubjectKind, SubjectRow>> = {
  node: row('Node', 'NODE_NOT_FOUND', findNodeTarget),
  port: row('Port', 'PORT_NOT_FOUND', ofNode('ports', 'name')),
  portgroup: row('Portgroup', 'RECORD_NOT_FOUND', ofNode('portgroups', 'name')),
  volumeConnector: row('Volume connector', 'RECORD_NOT_FOUND', ofNode('volume_connectors', '')),
  volumeTarget: row('Volume target', 'RECORD_NOT_FOUND', ofNode('volume_targets', '')),
  allocation: {
    ...row('Allocation', 'RECORD_NOT_FOUND', findAllocation),
    seen: 'baremetal:allocation:get',
  },
};

function row(noun: string, notFound: ErrorCode, find: SubjectRow['find']): SubjectRow {
  return { noun, notFound, find, seen: 'baremetal:node:get' };
}

async function findNodeTarget(database: Database, ident: string): Promise<Target | undefined> {
  const node = await findNode(database, ident);
  if (node === undefined) return undefined;
  const { rows } = await sql<Target>`select owner as "allocationOwner" from allocations
    where node_uuid = ${node.uuid}`.execute(database);
  return { owner: node.owner, lessee: node.lessee, allocationOwner: rows[0]?.allocationOwner };
}

/** Finds what belongs to a node by UUID or, where it has one, by its name. */
function ofNode(table: string, nameColumn: string): SubjectRow['find'] {
  return async (database, ident) => {
    const named =
      nameColumn === '' ? sql`` : sql`or ${sql.ref(`subject.${nameColumn}`)} = ${ident}`;
    const { rows } = await sql<Target>`select nodes.owner, nodes.lessee
      from ${sql.table(table)} as subject join nodes on nodes.uuid = subject.node_uuid
      where subject.uuid = ${ident.toLowerCase()} ${named}`.execute(database);
    return only(rows);
  };
}

async function findAllocation(database: Database, ident: string): Promise<Target | undefined> {
  const { rows } = await sql<Target>`select owner as "allocationOwner" from allocations
    where uuid = ${ident.toLowerCase()} or name = ${ident}`.execute(database);
  return only(rows);
}

/** An ident that is one thing's UUID and another's name must not be judged by either. */
function only(rows: readonly Target[]): Target | undefined {
  return rows.length === 1 ? rows[0] : undefined;
}
