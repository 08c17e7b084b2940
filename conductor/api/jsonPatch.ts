import { IronpxeError } from '../errors/error.ts';
import type { JsonObject } from '../store/types.ts';

/** An operation of RFC 6902, of the three that Ironic allows. */
export type PatchOperation = {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
};

type Container = JsonObject | unknown[];

/** The field at the root of a path: `/extra/a` → `extra`. */
export function rootOf(operation: PatchOperation): string {
  return operation.path.split('/')[1] ?? '';
}

/**
 * A changed copy of `document` (RFC 6902 §4 with Ironic's rule for the root: there `add` and
 * `replace` set a field, and `remove` sets it to `empty`'s value, or null).
 * @throws IronpxeError PATCH_FAILED when a path does not fit
 */
export function applyPatch(
  document: JsonObject,
  operations: readonly PatchOperation[],
  empty: JsonObject = {},
): JsonObject {
  const copy = structuredClone(document);
  for (const operation of operations) applyOne(copy, operation, empty);
  return copy;
}

function applyOne(document: JsonObject, operation: PatchOperation, empty: JsonObject): void {
  const keys = operation.path.split('/').slice(1);
  const [root = '', ...rest] = keys;
  if (!Object.hasOwn(document, root)) throw misfit(operation, `there is no field ${root}`);
  const last = rest.pop();
  if (last === undefined) {
    document[root] = operation.op === 'remove' ? (empty[root] ?? null) : operation.value;
    return;
  }
  const parent = descend(document, [root, ...rest], operation);
  if (Array.isArray(parent)) changeArray(parent, last, operation);
  else changeObject(parent, last, operation);
}

function descend(
  document: JsonObject,
  keys: readonly string[],
  operation: PatchOperation,
): Container {
  let place: Container = document;
  for (const key of keys) {
    const next: unknown = Object.hasOwn(place, key) ? (place as JsonObject)[key] : undefined;
    if (typeof next !== 'object' || next === null)
      throw misfit(operation, `${key} is not there, or holds no fields`);
    place = next as Container;
  }
  return place;
}

function changeObject(parent: JsonObject, key: string, operation: PatchOperation): void {
  if (key === '__proto__') throw misfit(operation, 'the key __proto__ is not allowed');
  if (operation.op !== 'add' && !Object.hasOwn(parent, key))
    throw misfit(operation, `${key} is not there`);
  if (operation.op === 'remove') delete parent[key];
  else parent[key] = operation.value;
}

function changeArray(parent: unknown[], key: string, operation: PatchOperation): void {
  const end = operation.op === 'add' ? parent.length : parent.length - 1;
  const index = key === '-' && operation.op === 'add' ? parent.length : Number(key);
  if (!(key === '-' || /^\d+$/.test(key)) || !(index <= end))
    throw misfit(operation, `${key} is no place in a list of ${parent.length}`);
  if (operation.op === 'add') parent.splice(index, 0, operation.value);
  else if (operation.op === 'remove') parent.splice(index, 1);
  else parent[index] = operation.value;
}

function misfit(operation: PatchOperation, reason: string): IronpxeError {
  return new IronpxeError(
    'PATCH_FAILED',
    `Couldn't apply patch '${operation.op} ${operation.path}'. Reason: ${reason}.`,
  );
}
