import type { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { ProvisionState } from '../../states/index.ts';
import { pageOfPorts } from '../../store/pages.ts';
import { PORTGROUPS, type Portgroup } from '../../store/resources.ts';
import { type CrudSpec, list, recordOfPath } from '../crud.ts';
import { links, wireTime } from '../links.ts';
import { nodeOfBody, ofNode, whileReserved } from '../nodes/body.ts';
import { nodeOfPath } from '../nodes/ident.ts';
import { checkName } from '../nodes/names.ts';
import { listPorts } from '../ports/list.ts';
import type { Answer, Call } from '../resource.ts';
import { mac, parse, portgroupWrite } from '../schemas.ts';

type Written = z.output<typeof portgroupWrite>;

/** `/v1/portgroups` */
export const PORTGROUP_SPEC: CrudSpec<Portgroup, Written> = {
  kind: PORTGROUPS,
  schema: portgroupWrite,
  shape: {
    collection: 'portgroups',
    group: 'portgroupFields',
    uuid: (portgroup) => portgroup.uuid,
    brief: ['uuid', 'address', 'name'],
    fields: {
      uuid: (portgroup) => portgroup.uuid,
      created_at: (portgroup) => wireTime(portgroup.createdAt),
      updated_at: (portgroup) => wireTime(portgroup.updatedAt),
      address: (portgroup) => portgroup.address,
      extra: (portgroup) => portgroup.extra,
      internal_info: (portgroup) => portgroup.internalInfo,
      mode: (portgroup) => portgroup.mode,
      name: (portgroup) => portgroup.name,
      properties: (portgroup) => portgroup.properties,
      standalone_ports_supported: (portgroup) => portgroup.standalonePortsSupported,
      node_uuid: (portgroup) => portgroup.nodeUuid,
      ports: (portgroup, call) => links(call.baseUrl, `portgroups/${portgroup.uuid}/ports`),
    },
  },
  patchable: {
    address: null,
    extra: {},
    mode: undefined,
    name: null,
    node_uuid: undefined,
    properties: {},
    standalone_ports_supported: true,
  },
  sortColumns: {
    uuid: 'uuid',
    name: 'name',
    address: 'address',
    mode: 'mode',
    created_at: 'createdAt',
    updated_at: 'updatedAt',
  },
  filters: {
    node: ofNode,
    address: async (_call, value) => ({ address: parse(mac, value, 'address') }),
  },
  toFields: (wanted, before) => ({
    nodeUuid: wanted.node_uuid,
    name: wanted.name ?? null,
    address: wanted.address ?? null,
    mode: wanted.mode,
    properties: wanted.properties,
    extra: wanted.extra,
    internalInfo: before?.internalInfo ?? {},
    standalonePortsSupported: wanted.standalone_ports_supported,
  }),
  toWritten: (portgroup) => ({
    address: portgroup.address,
    extra: portgroup.extra,
    mode: portgroup.mode,
    name: portgroup.name,
    node_uuid: portgroup.nodeUuid,
    properties: portgroup.properties,
    standalone_ports_supported: portgroup.standalonePortsSupported,
  }),
  check: checkPortgroup,
  checkRemove: checkEmpty,
  reserved: whileReserved,
  nodeOf: (portgroup) => portgroup.nodeUuid,
  nodeOfWritten: (wanted) => wanted.node_uuid,
};

const CONNECTABLE: readonly ProvisionState[] = [
  'enroll',
  'inspecting',
  'inspect wait',
  'manageable',
];

async function checkPortgroup(call: Call, wanted: Written, before?: Portgroup): Promise<void> {
  if (wanted.name && wanted.name !== before?.name) checkName(wanted.name, call.minor);
  const node = await nodeOfBody(call, wanted.node_uuid);
  if (before === undefined || before.nodeUuid === wanted.node_uuid) return;
  if (!node.maintenance && !CONNECTABLE.includes(node.provisionState))
    throw new IronpxeError(
      'FIELD_LOCKED',
      `Portgroup ${before.uuid} can not be associated with node ${node.uuid} in state "${node.provisionState}": expected ${CONNECTABLE.join(', ')}, or maintenance.`,
    );
  await checkEmpty(call, before);
}

async function checkEmpty(call: Call, portgroup: Portgroup): Promise<void> {
  const equal = { portgroupUuid: portgroup.uuid };
  const query = { limit: 1, descending: false, equal, present: {} };
  if ((await pageOfPorts(call.database, query)).length > 0)
    throw new IronpxeError(
      'PORTGROUP_NOT_EMPTY',
      `Cannot complete the requested action because portgroup ${portgroup.uuid} contains ports.`,
    );
}

/** `GET /v1/portgroups/{ident}/ports[/detail]` */
export async function listPortsOfPortgroup(call: Call, detail?: true): Promise<Answer> {
  const { uuid } = await recordOfPath(PORTGROUP_SPEC, call);
  const path = `portgroups/${call.params.ident}/ports${detail === true ? '/detail' : ''}`;
  return listPorts(call, { ...(detail && { detail }), path, within: { portgroupUuid: uuid } });
}

/** `GET /v1/nodes/{ident}/portgroups[/detail]` */
export async function listPortgroupsOfNode(call: Call, detail?: true): Promise<Answer> {
  const { uuid } = await nodeOfPath(call);
  const path = `nodes/${call.params.ident}/portgroups${detail === true ? '/detail' : ''}`;
  return list(PORTGROUP_SPEC, call, {
    ...(detail && { detail }),
    path,
    within: { nodeUuid: uuid },
  });
}
