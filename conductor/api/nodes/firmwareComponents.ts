import { type FirmwareComponent, listFirmwareComponents } from '../../store/firmwareComponents.ts';
import type { JsonObject } from '../../store/types.ts';
import { type FieldSet, readDetail, wantedFields } from '../fields.ts';
import { wireTime } from '../links.ts';
import { refuseAllBut } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { nodeOfPath } from './ident.ts';

/** Field on the wire → what stands in it. */
const FIELDS: Readonly<Record<string, (component: FirmwareComponent) => string | null>> = {
  component: ({ component }) => component,
  initial_version: ({ initialVersion }) => initialVersion,
  current_version: ({ currentVersion }) => currentVersion,
  last_version_flashed: ({ lastVersionFlashed }) => lastVersionFlashed,
  created_at: ({ createdAt }) => wireTime(createdAt),
  updated_at: ({ updatedAt }) => wireTime(updatedAt),
};

/** Told whatever fields are asked for, as Ironic tells them. */
const TIMES = ['created_at', 'updated_at'];

const SHAPE: FieldSet = {
  collection: 'firmware',
  group: 'firmwareFields',
  fields: FIELDS,
  brief: Object.keys(FIELDS),
};

/** `GET /v1/nodes/{ident}/firmware`: what was read last; empty where the driver tells nothing. */
export async function listFirmware(call: Call): Promise<Answer> {
  refuseAllBut(call, ['detail', 'fields']);
  const names = new Set([...wantedFields(SHAPE, call, readDetail(call)), ...TIMES]);
  const node = await nodeOfPath(call);
  const components = await listFirmwareComponents(call.database, node.uuid);
  return { status: 200, body: { firmware: components.map((one) => rendered(one, names)) } };
}

function rendered(component: FirmwareComponent, names: ReadonlySet<string>): JsonObject {
  const chosen = Object.entries(FIELDS).filter(([name]) => names.has(name));
  return Object.fromEntries(chosen.map(([name, read]) => [name, read(component)]));
}
