import { IronpxeError } from '../errors/error.ts';
import type { JsonObject } from '../store/types.ts';
import { type SINCE, since } from './gates.ts';
import { links } from './links.ts';
import type { Call } from './resource.ts';
import { bool, parse } from './schemas.ts';

/** The fields that a resource has on the wire, in order. */
export type FieldSet = {
  /** The collection's name in paths and bodies. */
  readonly collection: string;
  readonly group: keyof typeof SINCE;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Fields of a list without `detail` or `fields`. */
  readonly brief: readonly string[];
};

/** How a resource looks on the wire: each field computed from the stored thing. */
export type Shape<T> = FieldSet & {
  readonly fields: Readonly<Record<string, (thing: T, call: Call) => unknown>>;
  readonly uuid: (thing: T) => string;
};

/** The names of all fields that `minor` knows. */
export function visibleFields(shape: FieldSet, minor: number): string[] {
  return Object.keys(shape.fields).filter((name) => since(shape.group, name) <= minor);
}

/** The wire form of `thing` with `names` only, and its links. */
export function render<T>(
  shape: Shape<T>,
  thing: T,
  call: Call,
  names: readonly string[] = visibleFields(shape, call.minor),
): JsonObject {
  const wire: JsonObject = {};
  for (const name of names) {
    const value = shape.fields[name];
    if (value !== undefined) wire[name] = value(thing, call);
  }
  wire.links = links(call.baseUrl, `${shape.collection}/${shape.uuid(thing)}`);
  return wire;
}

/**
 * The fields that a request wants: `fields=`, everything (`detail`), or the brief list.
 * @throws IronpxeError INVALID_REQUEST unknown field, or both ways; NOT_ACCEPTABLE too new a field
 */
export function wantedFields(shape: FieldSet, call: Call, detail: boolean): string[] {
  const asked = call.query.fields;
  if (asked === undefined)
    return detail
      ? visibleFields(shape, call.minor)
      : shape.brief.filter((name) => since(shape.group, name) <= call.minor);
  if (detail)
    throw new IronpxeError(
      'INVALID_REQUEST',
      "Can't fetch a subset of fields with detail set: leave out either fields or detail.",
    );
  const names = asked
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return checkFields(
    shape,
    call,
    names.filter((name) => name !== ''),
  );
}

function checkFields(shape: FieldSet, call: Call, names: readonly string[]): string[] {
  refuseNewer('parameters', 'fields', call.minor);
  const known = [...Object.keys(shape.fields), 'links'];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Field(s) "${unknown.join(', ')}" are not valid; known are ${known.join(', ')}.`,
    );
  for (const name of names) refuseNewer(shape.group, name, call.minor);
  return Object.keys(shape.fields).filter((name) => names.includes(name));
}

/** Whether the query asks for `detail`, which most lists have from 1.43 on. @throws NOT_ACCEPTABLE */
export function readDetail(call: Call, needed: number = since('parameters', 'detail')): boolean {
  if (call.query.detail === undefined) return false;
  if (call.minor < needed) refuseNewer('parameters', 'detail', call.minor);
  return parse(bool, call.query.detail, 'detail');
}

/** Refuses `name` of a group when it is newer than the request. @throws IronpxeError NOT_ACCEPTABLE */
export function refuseNewer(group: keyof typeof SINCE, name: string, minor: number): void {
  const needed = since(group, name);
  if (needed <= minor) return;
  throw new IronpxeError(
    'NOT_ACCEPTABLE',
    `Request not acceptable: ${name} needs API version 1.${needed}, the request asks for 1.${minor}.`,
  );
}
