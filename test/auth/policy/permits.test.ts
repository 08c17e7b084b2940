import { readFileSync } from 'node:fs';
import test from 'ava';
import type { Caller, Project } from '../../../conductor/auth/caller.ts';
import { permits, type Target } from '../../../conductor/auth/policy/permits.ts';
import { type RuleName, RULES } from '../../../conductor/auth/policy/rules.ts';

/**
 * What Ironic 21.4.4 itself decides (oslo.policy 4.0 with its rules): for each rule, one digit per
 * caller and target, callers outermost.
 */
const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/ironic/policy.json', import.meta.url), 'utf8'),
) as {
  readonly callers: readonly {
    readonly role: string;
    readonly roles: readonly string[];
    readonly scope: string;
    readonly project: Project | null;
  }[];
  readonly targets: readonly Target[];
  readonly rules: Readonly<Record<string, { readonly scoped: string; readonly unscoped: string }>>;
};

const cases = VECTORS.callers.flatMap(({ role, roles, scope, project }) => {
  const caller: Caller = {
    userId: 'u',
    userName: 'u',
    roles,
    system: scope === 'system',
    ...(project && { project }),
  };
  return VECTORS.targets.map((target) => ({
    name: `${role} in ${scope} on ${JSON.stringify(target)}`,
    caller,
    target,
  }));
});

for (const [mode, enforceScope] of [
  ['scoped', true],
  ['unscoped', false],
] as const)
  test(`every rule of Ironic decides as Ironic does, ${mode}`, (t) => {
    const settings = { serviceProjectName: 'service', enforceScope };
    const wrong = Object.entries(VECTORS.rules).flatMap(([rule, bits]) =>
      cases.flatMap(({ name, caller, target }, index) => {
        const ours = permits(rule as RuleName, caller, target, settings);
        if (ours === (bits[mode][index] === '1')) return [];
        // There, a caller without a project owns every node without an owner.
        if (!ours && caller.system && !target.owner) return [];
        return [`${rule}: ${name}: ours ${ours}`];
      }),
    );
    t.deepEqual(wrong, []);
  });

/** Rules that came after what was recorded, each with one whose check is the same in Ironic. */
const NEWER: Readonly<Partial<Record<RuleName, RuleName>>> = {
  'baremetal:node:firmware:get': 'baremetal:node:traits:list',
  'baremetal:node:update:parent_node': 'baremetal:node:update:owner',
  'baremetal:node:vmedia:attach': 'baremetal:node:set_power_state',
  'baremetal:node:vmedia:detach': 'baremetal:node:set_power_state',
};

test('newer rules decide as their like, and nobody has them by the roles of old', (t) => {
  const settings = { serviceProjectName: 'service', enforceScope: false };
  for (const [rule, like] of Object.entries(NEWER) as [RuleName, RuleName][])
    for (const { name, caller, target } of cases) {
      const decided = permits(rule, caller, target, settings);
      t.is(decided, permits(like, caller, target, { ...settings, enforceScope: true }), name);
    }
});

test('the table has exactly the rules of Ironic, and our own', (t) => {
  const ours = Object.keys(RULES).filter(
    (name) => !name.startsWith('ironpxe:') && !Object.hasOwn(NEWER, name),
  );
  t.deepEqual(ours.toSorted(), Object.keys(VECTORS.rules).toSorted());
});
