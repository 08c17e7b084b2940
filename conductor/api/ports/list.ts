import { IronpxeError } from '../../errors/error.ts';
import { type PageQuery, pageOfPorts } from '../../store/pages.ts';
import { getPort } from '../../store/ports.ts';
import { getRecord } from '../../store/records.ts';
import { PORTGROUPS } from '../../store/resources.ts';
import type { Port } from '../../store/types.ts';
import { isUuid } from '../../values/uuid.ts';
import { readDetail, refuseNewer, render, wantedFields } from '../fields.ts';
import { since } from '../gates.ts';
import { namedNode, nodeOfPath } from '../nodes/ident.ts';
import { collection, readPage, refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { mac, parse } from '../schemas.ts';
import { PORT_SHAPE } from './shape.ts';

const SORT_COLUMNS = {
  uuid: 'uuid',
  address: 'address',
  name: 'name',
  pxe_enabled: 'pxeEnabled',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
} as const;

/** `GET /v1/ports` and, with `detail`, `GET /v1/ports/detail`. */
export async function listPorts(
  call: Call,
  options: {
    readonly detail?: boolean;
    readonly path: string;
    readonly within?: PageQuery['equal'];
  },
): Promise<Answer> {
  refuseUnknown(call, ['node', 'node_uuid', 'address', 'portgroup', 'shard']);
  const names = wantedFields(PORT_SHAPE, call, options.detail ?? readDetail(call));
  const page = readPage(call, SORT_COLUMNS);
  const nodeUuid = await askedNode(call);
  const portgroupUuid = await askedPortgroup(call);
  const address = call.query.address;
  const ports = await pageOfPorts(call.database, {
    ...page,
    equal: {
      ...(nodeUuid !== undefined && { nodeUuid }),
      ...(portgroupUuid !== undefined && { portgroupUuid }),
      ...options.within,
      ...(address !== undefined && { address: parse(mac, address, 'address') }),
    },
    present: {},
    ...askedShards(call),
  });
  const items = ports.map((port) => render(PORT_SHAPE, port, call, names));
  const list = { name: 'ports', path: options.path, items };
  const body = collection(call, list, { limit: page.limit, lastUuid: ports.at(-1)?.uuid });
  return { status: 200, body };
}

async function askedNode(call: Call): Promise<string | undefined> {
  const ident = call.query.node ?? call.query.node_uuid;
  return ident === undefined ? undefined : (await namedNode(call, ident)).uuid;
}

function askedShards(call: Call): Pick<PageQuery, 'ofShards'> {
  const { shard } = call.query;
  if (shard === undefined) return {};
  refuseNewer('portFilters', 'shard', call.minor);
  return { ofShards: shard.split(',') };
}

async function askedPortgroup(call: Call): Promise<string | undefined> {
  const ident = call.query.portgroup;
  if (ident === undefined) return undefined;
  refuseNewer('portFilters', 'portgroup', call.minor);
  return (await getRecord(call.database, PORTGROUPS, ident)).uuid;
}

/** `GET /v1/nodes/{ident}/ports[/detail]` */
export async function listPortsOfNode(call: Call, detail?: true): Promise<Answer> {
  const node = await nodeOfPath(call);
  const path = `nodes/${call.params.ident}/ports${detail === true ? '/detail' : ''}`;
  return listPorts(call, { ...(detail && { detail }), path, within: { nodeUuid: node.uuid } });
}

/** `GET /v1/ports/{uuid}` */
export async function showPort(call: Call): Promise<Answer> {
  const names = wantedFields(PORT_SHAPE, call, call.query.fields === undefined);
  return { status: 200, body: render(PORT_SHAPE, await portOfPath(call), call, names) };
}

/**
 * The port that the path names by UUID, or by name where the version has names.
 * @throws IronpxeError INVALID_REQUEST for a MAC, PORT_NOT_FOUND
 */
export async function portOfPath(call: Call): Promise<Port> {
  const ident = call.params.ident ?? '';
  const byName = call.minor >= since('portFields', 'name') && !ident.includes(':');
  if (!byName && !isUuid(ident))
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Expected a uuid but received ${ident}; find a port by its MAC with ?address=.`,
    );
  return getPort(call.database, ident);
}
