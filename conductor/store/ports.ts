import { type Selectable, sql } from 'kysely';
import { IronpxeError } from '../errors/error.ts';
import type { Mac } from '../values/mac.ts';
import type { Database } from './database.ts';
import type { PortsTable } from './tables.ts';
import type { Port } from './types.ts';

/** What a new port needs. */
export type NewPort = Pick<Port, 'uuid' | 'nodeUuid' | 'address'> & PortPatch;

/** What may be changed of a port. */
export type PortPatch = Partial<
  Pick<
    Port,
    | 'address'
    | 'nodeUuid'
    | 'pxeEnabled'
    | 'extra'
    | 'internalInfo'
    | 'localLinkConnection'
    | 'portgroupUuid'
    | 'physicalNetwork'
    | 'isSmartnic'
    | 'name'
  >
>;

/** Parses a row of the ports table. */
export function toPort(row: Selectable<PortsTable>): Port {
  return {
    ...row,
    address: row.address as Mac,
    pxeEnabled: row.pxeEnabled === 1,
    isSmartnic: row.isSmartnic === 1,
    extra: JSON.parse(row.extra),
    internalInfo: JSON.parse(row.internalInfo),
    localLinkConnection: JSON.parse(row.localLinkConnection),
  };
}

function columns(patch: PortPatch): Partial<PortsTable> {
  return {
    ...(patch.address !== undefined && { address: patch.address }),
    ...(patch.nodeUuid !== undefined && { nodeUuid: patch.nodeUuid }),
    ...(patch.pxeEnabled !== undefined && { pxeEnabled: Number(patch.pxeEnabled) }),
    ...(patch.portgroupUuid !== undefined && { portgroupUuid: patch.portgroupUuid }),
    ...(patch.physicalNetwork !== undefined && { physicalNetwork: patch.physicalNetwork }),
    ...(patch.isSmartnic !== undefined && { isSmartnic: Number(patch.isSmartnic) }),
    ...(patch.name !== undefined && { name: patch.name }),
    ...(patch.extra && { extra: JSON.stringify(patch.extra) }),
    ...(patch.internalInfo && { internalInfo: JSON.stringify(patch.internalInfo) }),
    ...(patch.localLinkConnection && {
      localLinkConnection: JSON.stringify(patch.localLinkConnection),
    }),
  };
}

function uniqueViolation(error: unknown, patch: PortPatch & { uuid?: string }): unknown {
  const text = error instanceof Error ? error.message : '';
  if (!text.includes('UNIQUE constraint failed')) return error;
  if (text.includes('address'))
    return new IronpxeError(
      'MAC_EXISTS',
      `A port with MAC address ${patch.address} already exists.`,
    );
  if (text.includes('ports.name'))
    return new IronpxeError('PORT_EXISTS', `A port with name ${patch.name} already exists.`);
  return new IronpxeError('PORT_EXISTS', `A port with UUID ${patch.uuid} already exists.`);
}

/** Inserts a port. @throws IronpxeError MAC_EXISTS, PORT_EXISTS */
export async function insertPort(database: Database, port: NewPort): Promise<Port> {
  const row = {
    pxeEnabled: 1,
    isSmartnic: 0,
    extra: '{}',
    internalInfo: '{}',
    localLinkConnection: '{}',
    ...columns(port),
    uuid: port.uuid,
    nodeUuid: port.nodeUuid,
    address: port.address,
    createdAt: new Date().toISOString(),
  };
  await database
    .insertInto('ports')
    .values(row)
    .execute()
    .catch((error: unknown) => {
      throw uniqueViolation(error, port);
    });
  return getPort(database, port.uuid);
}

/** A port by UUID or name (in any case). @throws IronpxeError PORT_NOT_FOUND */
export async function getPort(database: Database, ident: string): Promise<Port> {
  const row = await database
    .selectFrom('ports')
    .selectAll()
    .where((eb) => eb.or([eb('uuid', '=', ident.toLowerCase()), eb('name', '=', ident)]))
    .executeTakeFirst();
  if (row === undefined)
    throw new IronpxeError('PORT_NOT_FOUND', `Port ${ident} could not be found.`);
  return toPort(row);
}

/** Ports in the order of their creation, all or those of one node or with one MAC. */
export async function listPorts(
  database: Database,
  filter: { readonly nodeUuid?: string; readonly address?: Mac } = {},
): Promise<Port[]> {
  let select = database.selectFrom('ports').selectAll();
  if (filter.nodeUuid !== undefined) select = select.where('nodeUuid', '=', filter.nodeUuid);
  if (filter.address !== undefined) select = select.where('address', '=', filter.address);
  const rows = await select.orderBy(sql`rowid`).execute();
  return rows.map(toPort);
}

/**
 * The UUID of the node that may boot through a MAC. Asked for every DHCP message of every machine on
 * the network, known or not, so it is plain SQL: building the query would cost more than running it.
 */
export async function bootableNodeOf(database: Database, mac: Mac): Promise<string | undefined> {
  const { rows } = await sql<Pick<PortsTable, 'nodeUuid'>>`
    select node_uuid from ports where address = ${mac} and pxe_enabled = 1`.execute(database);
  return rows[0]?.nodeUuid;
}

/** The UUID of the one node to which these MACs belong; `undefined` for none, and for several. */
export async function nodeOfMacs(
  database: Database,
  macs: readonly Mac[],
): Promise<string | undefined> {
  const ports = await Promise.all(macs.map((address) => listPorts(database, { address })));
  const owners = [...new Set(ports.flat().map(({ nodeUuid }) => nodeUuid))];
  return owners.length === 1 ? owners[0] : undefined;
}

/** Whether a MAC is a port of any node, also of one that may not boot. */
export async function isPort(database: Database, mac: Mac): Promise<boolean> {
  const { rows } = await sql`select 1 from ports where address = ${mac}`.execute(database);
  return rows.length > 0;
}

/** Changes fields of a port. @throws IronpxeError MAC_EXISTS, PORT_NOT_FOUND */
export async function updatePort(
  database: Database,
  uuid: string,
  patch: PortPatch,
): Promise<Port> {
  await database
    .updateTable('ports')
    .set({ ...columns(patch), updatedAt: new Date().toISOString() })
    .where('uuid', '=', uuid)
    .execute()
    .catch((error: unknown) => {
      throw uniqueViolation(error, patch);
    });
  return getPort(database, uuid);
}

/** Removes a port. @throws IronpxeError PORT_NOT_FOUND */
export async function deletePort(database: Database, uuid: string): Promise<void> {
  const port = await getPort(database, uuid);
  await database.deleteFrom('ports').where('uuid', '=', port.uuid).execute();
}
