import type { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import {
  VOLUME_CONNECTORS,
  VOLUME_TARGETS,
  type VolumeConnector,
  type VolumeTarget,
} from '../../store/resources.ts';
import type { JsonObject } from '../../store/types.ts';
import { type CrudSpec, list } from '../crud.ts';
import { since } from '../gates.ts';
import { links, wireTime } from '../links.ts';
import { maskSecrets } from '../masking.ts';
import { nodeOfBody, ofNode, whileReserved } from '../nodes/body.ts';
import { nodeOfPath } from '../nodes/ident.ts';
import type { Answer, Call } from '../resource.ts';
import { volumeConnectorWrite, volumeTargetWrite } from '../schemas.ts';

/** Volumes are seen by the machine at its start only, so they change while it is known to be off. */
async function requirePowerOff(call: Call, nodeUuid: string): Promise<void> {
  const node = await nodeOfBody(call, nodeUuid);
  if (node.powerState === 'power off') return;
  throw new IronpxeError(
    'INVALID_STATE',
    `The requested action "volume change" can not be performed on node "${node.uuid}" while it is in state "${node.powerState ?? 'None'}": it must be powered off.`,
  );
}

const TIMES = { created_at: 'createdAt', updated_at: 'updatedAt' } as const;

/** `/v1/volume/connectors` */
export const CONNECTOR_SPEC: CrudSpec<VolumeConnector, z.output<typeof volumeConnectorWrite>> = {
  kind: VOLUME_CONNECTORS,
  schema: volumeConnectorWrite,
  detailSince: since('collections', 'volume'),
  shape: {
    collection: 'volume/connectors',
    group: 'volumeFields',
    uuid: (connector) => connector.uuid,
    brief: ['uuid', 'node_uuid', 'type', 'connector_id'],
    fields: {
      uuid: (connector) => connector.uuid,
      created_at: (connector) => wireTime(connector.createdAt),
      updated_at: (connector) => wireTime(connector.updatedAt),
      connector_id: (connector) => connector.connectorId,
      extra: (connector) => connector.extra,
      type: (connector) => connector.type,
      node_uuid: (connector) => connector.nodeUuid,
    },
  },
  patchable: { connector_id: undefined, extra: {}, node_uuid: undefined, type: undefined },
  sortColumns: { uuid: 'uuid', type: 'type', connector_id: 'connectorId', ...TIMES },
  filters: { node: ofNode },
  toFields: (wanted) => ({
    nodeUuid: wanted.node_uuid,
    type: wanted.type,
    connectorId: wanted.connector_id,
    extra: wanted.extra,
  }),
  toWritten: (connector) => ({
    connector_id: connector.connectorId,
    extra: connector.extra,
    node_uuid: connector.nodeUuid,
    type: connector.type,
  }),
  check: async (call, wanted, before) => {
    await nodeOfBody(call, wanted.node_uuid);
    if (before !== undefined) await requirePowerOff(call, before.nodeUuid);
  },
  checkRemove: (call, connector) => requirePowerOff(call, connector.nodeUuid),
  reserved: whileReserved,
  nodeOf: (connector) => connector.nodeUuid,
  nodeOfWritten: (wanted) => wanted.node_uuid,
};

/** `/v1/volume/targets` */
export const TARGET_SPEC: CrudSpec<VolumeTarget, z.output<typeof volumeTargetWrite>> = {
  kind: VOLUME_TARGETS,
  schema: volumeTargetWrite,
  detailSince: since('collections', 'volume'),
  shape: {
    collection: 'volume/targets',
    group: 'volumeFields',
    uuid: (target) => target.uuid,
    brief: ['uuid', 'node_uuid', 'volume_type', 'boot_index', 'volume_id'],
    fields: {
      uuid: (target) => target.uuid,
      created_at: (target) => wireTime(target.createdAt),
      updated_at: (target) => wireTime(target.updatedAt),
      boot_index: (target) => target.bootIndex,
      extra: (target) => target.extra,
      properties: (target, call) => shownProperties(target.properties, call),
      volume_id: (target) => target.volumeId,
      volume_type: (target) => target.volumeType,
      node_uuid: (target) => target.nodeUuid,
    },
  },
  patchable: {
    boot_index: undefined,
    extra: {},
    node_uuid: undefined,
    properties: {},
    volume_id: undefined,
    volume_type: undefined,
  },
  sortColumns: { uuid: 'uuid', volume_type: 'volumeType', boot_index: 'bootIndex', ...TIMES },
  filters: { node: ofNode },
  toFields: (wanted) => ({
    nodeUuid: wanted.node_uuid,
    volumeType: wanted.volume_type,
    volumeId: wanted.volume_id,
    bootIndex: wanted.boot_index,
    properties: wanted.properties,
    extra: wanted.extra,
  }),
  toWritten: (target) => ({
    boot_index: target.bootIndex,
    extra: target.extra,
    node_uuid: target.nodeUuid,
    properties: target.properties,
    volume_id: target.volumeId,
    volume_type: target.volumeType,
  }),
  check: async (call, wanted, before) => {
    await nodeOfBody(call, wanted.node_uuid);
    if (before !== undefined) await requirePowerOff(call, before.nodeUuid);
  },
  checkRemove: (call, target) => requirePowerOff(call, target.nodeUuid),
  reserved: whileReserved,
  nodeOf: (target) => target.nodeUuid,
  nodeOfWritten: (wanted) => wanted.node_uuid,
};

/** `GET /v1/volume` and `GET /v1/nodes/{ident}/volume` */
export async function showVolumes(call: Call): Promise<Answer> {
  const path = call.params.ident === undefined ? 'volume' : `nodes/${call.params.ident}/volume`;
  if (call.params.ident !== undefined) await nodeOfPath(call);
  const body = {
    links: links(call.baseUrl, `${path}/`),
    connectors: links(call.baseUrl, `${path}/connectors`),
    targets: links(call.baseUrl, `${path}/targets`),
  };
  return { status: 200, body };
}

/** `GET /v1/nodes/{ident}/volume/connectors` */
export async function listConnectorsOfNode(call: Call): Promise<Answer> {
  const { uuid } = await nodeOfPath(call);
  const path = `nodes/${call.params.ident}/volume/connectors`;
  return list(CONNECTOR_SPEC, call, { path, within: { nodeUuid: uuid } });
}

/** `GET /v1/nodes/{ident}/volume/targets` */
export async function listTargetsOfNode(call: Call): Promise<Answer> {
  const { uuid } = await nodeOfPath(call);
  const path = `nodes/${call.params.ident}/volume/targets`;
  return list(TARGET_SPEC, call, { path, within: { nodeUuid: uuid } });
}

/** Properties of a target may tell how to reach a storage that the caller has no part in. */
function shownProperties(properties: JsonObject, call: Call): JsonObject {
  if (call.access?.permits('baremetal:volume:view_target_properties', {}) !== false)
    return maskSecrets(properties);
  const rule = 'baremetal:volume:view_target_properties';
  return { redacted_contents: `** Value redacted: requires ${rule} permission. **` };
}
