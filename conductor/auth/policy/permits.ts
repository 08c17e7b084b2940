import type { Caller } from '../caller.ts';
import type { Grant } from './grants.ts';
import { type Rule, type RuleName, RULES } from './rules.ts';

/** What a request is about: projects by id. */
export type Target = {
  readonly owner?: string | null | undefined;
  readonly lessee?: string | null | undefined;
  readonly allocationOwner?: string | null | undefined;
};

/** How the policy is set up. */
export type PolicySettings = {
  /** Name of the project in which the role `service` counts for the whole system. */
  readonly serviceProjectName: string;
  /** Whether only scoped rules count; otherwise those of before count as well. */
  readonly enforceScope: boolean;
};

/** Whether `caller` may do what `name` stands for to `target`. */
export function permits(
  name: RuleName,
  caller: Caller,
  target: Target,
  settings: PolicySettings,
): boolean {
  const rule: Rule = RULES[name];
  if (settings.enforceScope && rule.systemOnly && !caller.system) return false;
  if (rule.who.some((grant) => holds(grant, caller, target, settings))) return true;
  return !settings.enforceScope && legacyPermits(rule.legacy, caller, target, settings);
}

function holds(grant: Grant, caller: Caller, target: Target, settings: PolicySettings): boolean {
  const [role = '', place] = grant.split('@');
  if (!caller.roles.includes(role)) return false;
  // A caller without a project must never match a node without an owner.
  const projectId = caller.project?.id ?? Symbol('no project');
  const places: Readonly<Record<string, boolean>> = {
    any: true,
    system: caller.system,
    owner: projectId === target.owner,
    lessee: projectId === target.lessee,
    allocation: projectId === target.allocationOwner,
    services: caller.project?.name === settings.serviceProjectName,
  };
  return places[place ?? ''] ?? false;
}

function legacyPermits(
  legacy: string,
  caller: Caller,
  target: Target,
  settings: PolicySettings,
): boolean {
  if (legacy === 'none') return false;
  if (isLegacyAdmin(caller)) return true;
  if (legacy === 'admin') return false;
  if (legacy === 'observer')
    return isLegacyMember(caller) && hasRole(caller, 'observer', 'baremetal_observer');
  return permits(legacy as RuleName, caller, target, settings);
}

function isLegacyAdmin(caller: Caller): boolean {
  if (hasRole(caller, 'admin', 'administrator')) return true;
  return isLegacyMember(caller) && hasRole(caller, 'baremetal_admin');
}

/** The legacy roles count in two projects of the domain `default` only. */
function isLegacyMember({ project }: Caller): boolean {
  return project?.domainId === 'default' && ['demo', 'baremetal'].includes(project.name);
}

function hasRole(caller: Caller, ...roles: readonly string[]): boolean {
  return roles.some((role) => caller.roles.includes(role));
}
