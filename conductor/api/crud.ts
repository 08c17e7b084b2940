import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import type { PageQuery } from '../store/pages.ts';
import {
  deleteRecord,
  type Fields,
  getRecord,
  insertRecord,
  pageOfRecords,
  type RecordKind,
  type Stored,
  updateRecord,
} from '../store/records.ts';
import type { JsonObject } from '../store/types.ts';
import { readDetail, refuseNewer, render, type Shape, wantedFields } from './fields.ts';
import { applyPatch, type PatchOperation, rootOf } from './jsonPatch.ts';
import { collection, readPage, refuseUnknown } from './paging.ts';
import type { Answer, Call } from './resource.ts';
import { jsonPatch, parse } from './schemas.ts';

/** A resource that is listed and shown. */
export type ListSpec<T extends Stored> = {
  readonly kind: RecordKind<T>;
  readonly shape: Shape<T>;
  readonly sortColumns: Readonly<Record<string, string>>;
  /** The minor version of `detail=`, where it is not that of most lists. */
  readonly detailSince?: number;
  /** Query filters and the condition of each. */
  readonly filters: Readonly<
    Record<string, (call: Call, value: string) => Promise<PageQuery['equal']>>
  >;
};

/** A resource that is created, listed, shown, patched and removed, and what is its own in that. */
export type CrudSpec<
  T extends Stored,
  W extends { readonly uuid?: string | undefined },
> = ListSpec<T> & {
  readonly schema: z.ZodType<W>;
  /** Fields that PATCH may change; what they are when removed (`undefined`: they cannot be). */
  readonly patchable: JsonObject;
  /** The fields to store; of what clients cannot write, those of `before`. */
  readonly toFields: (wanted: W, before?: T) => Fields<T>;
  /** The fields as a client would write them. */
  readonly toWritten: (record: T) => JsonObject;
  /** Refuses what the form alone cannot tell, before a change is stored. */
  readonly check: (call: Call, wanted: W, before: T | undefined) => Promise<void>;
  readonly checkRemove: (call: Call, record: T) => Promise<void>;
  /** Runs a change of a record while its node is reserved. */
  readonly reserved: <R>(call: Call, nodeUuid: string, change: () => Promise<R>) => Promise<R>;
  readonly nodeOf: (record: T) => string;
  readonly nodeOfWritten: (wanted: W) => string;
};

/** `POST` of a collection. */
export async function create<T extends Stored, W extends { uuid?: string | undefined }>(
  spec: CrudSpec<T, W>,
  call: Call,
): Promise<Answer> {
  const { group, collection: path } = spec.shape;
  for (const name of Object.keys(Object(call.body))) refuseNewer(group, name, call.minor);
  const wanted = parse(spec.schema, call.body, spec.kind.noun.toLowerCase());
  await spec.check(call, wanted, undefined);
  const uuid = wanted.uuid ?? randomUUID();
  const record = await spec.reserved(call, spec.nodeOfWritten(wanted), () =>
    insertRecord(call.database, spec.kind, uuid, spec.toFields(wanted)),
  );
  return {
    status: 201,
    body: render(spec.shape, record, call),
    location: `${call.baseUrl}/v1/${path}/${uuid}`,
  };
}

/** `GET` of a collection; `within` narrows it, as below a node. */
export async function list<T extends Stored>(
  spec: ListSpec<T>,
  call: Call,
  options: {
    readonly detail?: boolean;
    readonly path?: string;
    readonly within?: PageQuery['equal'];
  } = {},
): Promise<Answer> {
  refuseUnknown(call, Object.keys(spec.filters));
  const names = wantedFields(
    spec.shape,
    call,
    options.detail ?? readDetail(call, spec.detailSince),
  );
  const page = readPage(call, spec.sortColumns);
  const asked = await readFilters(spec, call);
  const records = await pageOfRecords(call.database, spec.kind, {
    ...page,
    equal: { ...asked, ...options.within },
    present: {},
  });
  const items = records.map((record) => render(spec.shape, record, call, names));
  const path = options.path ?? spec.shape.collection;
  const name = spec.shape.collection.split('/').at(-1) ?? '';
  const last = { limit: page.limit, lastUuid: records.at(-1)?.uuid };
  return { status: 200, body: collection(call, { name, path, items }, last) };
}

async function readFilters<T extends Stored>(
  spec: ListSpec<T>,
  call: Call,
): Promise<PageQuery['equal']> {
  const found: Record<string, string | number> = {};
  for (const [name, read] of Object.entries(spec.filters)) {
    const value = call.query[name];
    if (value !== undefined) Object.assign(found, await read(call, value));
  }
  return found;
}

/** `GET` of one. */
export async function show<T extends Stored>(spec: ListSpec<T>, call: Call): Promise<Answer> {
  const names = wantedFields(spec.shape, call, call.query.fields === undefined);
  const record = await recordOfPath(spec, call);
  return { status: 200, body: render(spec.shape, record, call, names) };
}

/** The record that the path names. @throws IronpxeError the kind's `notFound` */
export function recordOfPath<T extends Stored>(spec: ListSpec<T>, call: Call): Promise<T> {
  return getRecord(call.database, spec.kind, call.params.ident ?? '');
}

/** `PATCH` of one. */
export async function patch<T extends Stored, W extends { uuid?: string | undefined }>(
  spec: CrudSpec<T, W>,
  call: Call,
): Promise<Answer> {
  const operations = parse(jsonPatch, call.body, 'JSON patch') as PatchOperation[];
  checkRoots(call, spec.shape.group, spec.patchable, operations);
  const { uuid } = await recordOfPath(spec, call);
  const before = await getRecord(call.database, spec.kind, uuid);
  const changed = await spec.reserved(call, spec.nodeOf(before), async () => {
    const fresh = await getRecord(call.database, spec.kind, uuid);
    const patched = applyPatch(spec.toWritten(fresh), operations, spec.patchable);
    const wanted = parse(spec.schema, patched, spec.kind.noun.toLowerCase());
    await spec.check(call, wanted, fresh);
    const fields = spec.toFields(wanted, fresh);
    if (changesNothing(fresh, fields)) return fresh;
    return updateRecord(call.database, spec.kind, uuid, fields);
  });
  return { status: 200, body: render(spec.shape, changed, call) };
}

/** Whether a patch leaves a thing as it is: then it was not updated. */
export function changesNothing(thing: object, fields: object): boolean {
  const before = new Map<string, unknown>(Object.entries(thing));
  return Object.entries(fields).every(([name, value]) =>
    isDeepStrictEqual(value, before.get(name)),
  );
}

/**
 * Refuses patches of fields that do not change, are newer than the request, or cannot be removed.
 * @throws IronpxeError INVALID_REQUEST, NOT_ACCEPTABLE
 */
export function checkRoots(
  call: Call,
  group: Shape<never>['group'],
  patchable: JsonObject,
  operations: readonly PatchOperation[],
): void {
  for (const operation of operations) {
    const root = rootOf(operation);
    refuseNewer(group, root, call.minor);
    if (!Object.hasOwn(patchable, root))
      throw new IronpxeError(
        'INVALID_REQUEST',
        `Cannot patch /${root}: the fields that change are ${Object.keys(patchable).join(', ')}.`,
      );
    const removed = operation.op === 'remove' && operation.path === `/${root}`;
    if (removed && patchable[root] === undefined)
      throw new IronpxeError('INVALID_REQUEST', `Cannot remove /${root}: it is needed.`);
  }
}

/** `DELETE` of one. */
export async function remove<T extends Stored, W extends { uuid?: string | undefined }>(
  spec: CrudSpec<T, W>,
  call: Call,
): Promise<Answer> {
  const record = await recordOfPath(spec, call);
  await spec.reserved(call, spec.nodeOf(record), async () => {
    await spec.checkRemove(call, record);
    await deleteRecord(call.database, spec.kind, record.uuid);
  });
  return { status: 204 };
}
