import { IronpxeError } from '../../errors/error.ts';
import { isUuid } from '../../values/uuid.ts';
import { MINOR } from '../gates.ts';

/** Words that stand right below /v1/nodes, so no node can be called so. */
const RESERVED = [
  'detail',
  'maintenance',
  'management',
  'states',
  'validate',
  'vendor_passthru',
] as const;

const HOST_NAME =
  /^(?=.{1,255}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
/** RFC 3986 §2.3. */
const UNRESERVED = /^[\w.~-]{1,255}$/;

/** Refuses a name that could not be used in a path. @throws IronpxeError INVALID_REQUEST */
export function checkName(name: string, minor: number): void {
  const pattern = minor < MINOR.freeNames ? HOST_NAME : UNRESERVED;
  const reserved = (RESERVED as readonly string[]).includes(name);
  if (pattern.test(name) && !isUuid(name) && !reserved) return;
  throw new IronpxeError(
    'INVALID_REQUEST',
    `Cannot give a node the invalid name "${name}": expected letters, digits and "-._~", neither a UUID nor a reserved word.`,
  );
}
