import type { RuleName } from './rules.ts';

/** First part of a patched path → the rule that guards it; any other: `baremetal:node:update`. */
const FIELD_RULES: Readonly<Record<string, RuleName>> = {
  instance_info: 'baremetal:node:update_instance_info',
  extra: 'baremetal:node:update_extra',
  driver_info: 'baremetal:node:update:driver_info',
  properties: 'baremetal:node:update:properties',
  chassis_uuid: 'baremetal:node:update:chassis_uuid',
  instance_uuid: 'baremetal:node:update:instance_uuid',
  lessee: 'baremetal:node:update:lessee',
  owner: 'baremetal:node:update:owner',
  driver: 'baremetal:node:update:driver_interfaces',
  network_data: 'baremetal:node:update:network_data',
  conductor_group: 'baremetal:node:update:conductor_group',
  name: 'baremetal:node:update:name',
  retired: 'baremetal:node:update:retired',
  retired_reason: 'baremetal:node:update:retired',
  shard: 'baremetal:node:update:shard',
  parent_node: 'baremetal:node:update:parent_node',
};

const FALSE_WORDS = ['false', 'f', 'no', 'n', 'off', '0'];

/** Every rule that a JSON patch of a node must pass; the body is not checked yet. */
export function rulesOfPatch(body: unknown): RuleName[] {
  const operations = Array.isArray(body) ? body : [];
  const rules = operations.map((operation: unknown) => ruleOf(Object(operation)));
  return rules.length === 0 ? ['baremetal:node:update'] : [...new Set(rules)];
}

function ruleOf({ path, value }: { readonly path?: unknown; readonly value?: unknown }): RuleName {
  const root = String(path).split('/')[1] ?? '';
  if (root === 'automated_clean' && FALSE_WORDS.includes(String(value).trim().toLowerCase()))
    return 'baremetal:node:disable_cleaning';
  if (root.endsWith('_interface')) return 'baremetal:node:update:driver_interfaces';
  return (Object.hasOwn(FIELD_RULES, root) && FIELD_RULES[root]) || 'baremetal:node:update';
}

/** The node that a JSON patch moves a port or the like to, if it does. */
export function movedTo(body: unknown): string | undefined {
  const operations = Array.isArray(body) ? body : [];
  const moves = operations.map(Object).filter(({ path }) => path === '/node_uuid');
  const value: unknown = moves.at(-1)?.value;
  return typeof value === 'string' ? value : undefined;
}
