import { randomUUID } from 'node:crypto';
import { IronpxeError } from '../../errors/error.ts';
import { deleteChassis, getChassis, insertChassis, updateChassis } from '../../store/chassis.ts';
import { pageOfChassis } from '../../store/pages.ts';
import type { Chassis } from '../../store/types.ts';
import { changesNothing } from '../crud.ts';
import { readDetail, render, type Shape, wantedFields } from '../fields.ts';
import { applyPatch, type PatchOperation, rootOf } from '../jsonPatch.ts';
import { links, wireTime } from '../links.ts';
import { listNodes } from '../nodes/list.ts';
import { collection, readPage, refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { chassisWrite, jsonPatch, parse, uuid as uuidText } from '../schemas.ts';

const SHAPE: Shape<Chassis> = {
  collection: 'chassis',
  group: 'chassisFields',
  uuid: (chassis) => chassis.uuid,
  brief: ['uuid', 'description'],
  fields: {
    uuid: (chassis) => chassis.uuid,
    created_at: (chassis) => wireTime(chassis.createdAt),
    updated_at: (chassis) => wireTime(chassis.updatedAt),
    description: (chassis) => chassis.description,
    extra: (chassis) => chassis.extra,
    // Ironic nests this one list of links once more, and clients were written against that.
    nodes: (chassis, call) => [links(call.baseUrl, `chassis/${chassis.uuid}/nodes`)],
  },
};

const SORT_COLUMNS = {
  uuid: 'uuid',
  description: 'description',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
} as const;

/** `GET /v1/chassis` and, with `detail`, `GET /v1/chassis/detail`. */
export async function listChassis(call: Call, detail?: true): Promise<Answer> {
  refuseUnknown(call, []);
  const names = wantedFields(SHAPE, call, detail ?? readDetail(call));
  const page = readPage(call, SORT_COLUMNS);
  const found = await pageOfChassis(call.database, { ...page, equal: {}, present: {} });
  const items = found.map((chassis) => render(SHAPE, chassis, call, names));
  const list = { name: 'chassis', path: detail === true ? 'chassis/detail' : 'chassis', items };
  const body = collection(call, list, { limit: page.limit, lastUuid: found.at(-1)?.uuid });
  return { status: 200, body };
}

/** `POST /v1/chassis` */
export async function createChassis(call: Call): Promise<Answer> {
  const wanted = parse(chassisWrite, call.body === undefined ? {} : call.body, 'chassis');
  const chassis = await insertChassis(call.database, {
    uuid: wanted.uuid ?? randomUUID(),
    description: wanted.description ?? null,
    extra: wanted.extra,
  });
  return {
    status: 201,
    body: render(SHAPE, chassis, call),
    location: `${call.baseUrl}/v1/chassis/${chassis.uuid}`,
  };
}

/** `GET /v1/chassis/{uuid}` */
export async function showChassis(call: Call): Promise<Answer> {
  const names = wantedFields(SHAPE, call, call.query.fields === undefined);
  return { status: 200, body: render(SHAPE, await chassisOfPath(call), call, names) };
}

function chassisOfPath(call: Call): Promise<Chassis> {
  return getChassis(call.database, uuidOfPath(call));
}

function uuidOfPath(call: Call): string {
  return parse(uuidText, call.params.uuid, 'chassis_uuid');
}

/** `GET /v1/chassis/{uuid}/nodes[/detail]` */
export async function listNodesOfChassis(call: Call, detail?: true): Promise<Answer> {
  const { uuid } = await chassisOfPath(call);
  const path = `chassis/${uuid}/nodes${detail === true ? '/detail' : ''}`;
  const within = { equal: { chassisUuid: uuid }, present: {} };
  return listNodes(call, { ...(detail && { detail }), path, within });
}

const PATCHABLE = { description: null, extra: {} };

/** `PATCH /v1/chassis/{uuid}` */
export async function patchChassis(call: Call): Promise<Answer> {
  const operations = parse(jsonPatch, call.body, 'JSON patch') as PatchOperation[];
  const stranger = operations.map(rootOf).find((root) => !Object.hasOwn(PATCHABLE, root));
  if (stranger !== undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Cannot patch /${stranger}: the fields that change are description, extra.`,
    );
  const before = await chassisOfPath(call);
  const { description, extra } = before;
  const patched = applyPatch({ description, extra }, operations, PATCHABLE);
  const wanted = parse(chassisWrite, patched, 'chassis');
  const columns = { description: wanted.description ?? null, extra: wanted.extra };
  const changed = changesNothing(before, columns)
    ? before
    : await updateChassis(call.database, before.uuid, columns);
  return { status: 200, body: render(SHAPE, changed, call) };
}

/** `DELETE /v1/chassis/{uuid}` */
export async function removeChassis(call: Call): Promise<Answer> {
  await deleteChassis(call.database, uuidOfPath(call));
  return { status: 204 };
}
