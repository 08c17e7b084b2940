import type { Caller } from './caller.ts';
import { type PolicySettings, permits, type Target } from './policy/permits.ts';
import type { RuleName } from './policy/rules.ts';
import { IronpxeError } from '../errors/error.ts';

/** What a caller whose token was checked may do and see; requests without one may do all. */
export type Access = {
  readonly caller: Caller;
  /** Lists hold only what belongs to the project of this id; absent: everything. */
  readonly narrowedTo?: string;
  readonly permits: (rule: RuleName, target: Target) => boolean;
};

/** The access of a caller under a policy. */
export function accessOf(caller: Caller, settings: PolicySettings): Access {
  return { caller, permits: (rule, target) => permits(rule, caller, target, settings) };
}

/**
 * The owner of something that is made: the caller's project, or whom the request names where
 * `mayName` allows that. @throws IronpxeError INVALID_REQUEST for the project of someone else
 */
export function ownerOfNew(
  access: Access | undefined,
  wanted: string | null,
  mayName?: RuleName,
): string | null {
  const own = access?.caller.project?.id;
  if (access === undefined || own === undefined) return wanted;
  if (wanted === null || wanted === own) return own;
  if (mayName !== undefined && access.permits(mayName, {})) return wanted;
  throw new IronpxeError(
    'INVALID_REQUEST',
    `The owner ${wanted} is not the project of the request, ${own}.`,
  );
}

/** Fields of a node that some who see the node do not see. */
export const GUARDED_FIELDS = {
  last_error: 'baremetal:node:get:last_error',
  reservation: 'baremetal:node:get:reservation',
  driver_internal_info: 'baremetal:node:get:driver_internal_info',
  driver_info: 'baremetal:node:get:driver_info',
} as const satisfies Readonly<Record<string, RuleName>>;

/** What stands in the place of a guarded field's value; `undefined`: the caller may see it. */
export function redaction(
  access: Access | undefined,
  field: keyof typeof GUARDED_FIELDS,
  target: Target,
): unknown {
  const rule = GUARDED_FIELDS[field];
  if (access === undefined || access.permits('baremetal:node:get:filter_threshold', target))
    return undefined;
  if (access.permits(rule, target)) return undefined;
  const text = `** Redacted - requires ${rule} permission. **`;
  return field.endsWith('_info') ? { content: text } : text;
}
