import test from 'ava';
import { planDeploy } from '../../conductor/deploy/planDeploy.ts';
import { RESERVED_STEPS } from '../../conductor/deploy/steps/reserved.ts';
import type { OfferedStep, Step } from '../../conductor/deploy/steps/types.ts';
import type { AskedStep } from '../../conductor/deploy/conductor.ts';

const step = (name: string): Step => ({ name, title: name, run: async () => {} });
const offered = (kind: string, name: string, inBand: boolean): OfferedStep => ({
  ...step(`${kind}.${name}`),
  interface: kind,
  step: name,
  args: { way: { what: 'How.', required: false }, must: { what: 'What.', required: kind === 'x' } },
  inBand,
});
const CORE = [
  { step: step('boot'), of: { name: 'deploy', priority: 100 } },
  { step: step('write'), of: { name: 'write_image', priority: 80 } },
  { step: step('start'), of: { name: 'boot_instance', priority: 20 } },
];
const OFFERED = [
  offered('deploy', 'erase', true),
  offered('bios', 'apply', false),
  offered('x', 'needs', false),
];
const ERASE = { interface: 'deploy', step: 'erase' };
const BIOS = { interface: 'bios', step: 'apply' };

function names(byUser: readonly AskedStep[], byTemplates: readonly AskedStep[] = []): string[] {
  return planDeploy(CORE, OFFERED, { byUser, byTemplates }).map((one) => one.step.name);
}

test('without further steps a deploy is what every deploy is', (t) => {
  t.deepEqual(names([]), ['boot', 'write', 'start']);
});

test('steps find their place by priority', (t) => {
  const asked = [
    { ...ERASE, priority: 90 },
    { ...BIOS, priority: 150 },
  ];
  t.deepEqual(names(asked), ['bios.apply', 'boot', 'deploy.erase', 'write', 'start']);
});

test('what the user asks for wins over a template, and priority 0 leaves it out', (t) => {
  t.deepEqual(names([{ ...BIOS, priority: 10 }], [{ ...BIOS, priority: 150 }]), [
    'boot',
    'write',
    'start',
    'bios.apply',
  ]);
  t.deepEqual(names([{ ...BIOS, priority: 0 }], [{ ...BIOS, priority: 150 }]), [
    'boot',
    'write',
    'start',
  ]);
});

test('steps are shown as Ironic shows them', (t) => {
  const asked = [{ ...BIOS, priority: 150, args: { way: 'x' } }];
  const [first, second] = planDeploy(CORE, OFFERED, { byUser: asked, byTemplates: [] });
  t.deepEqual(first?.shown, { ...BIOS, priority: 150, abortable: true, args: { way: 'x' } });
  t.like(second?.shown, { interface: 'deploy', step: 'deploy', priority: 100 });
});

for (const [asked, code, message] of [
  [{ interface: 'raid', step: 'make', priority: 90 }, 'STEP_UNKNOWN', /raid\.make.*bios\.apply/],
  [{ ...ERASE, priority: 70 }, 'STEP_INVALID', /81 to 99/],
  [{ ...ERASE, priority: 100 }, 'STEP_INVALID', /81 to 99/],
  [{ ...BIOS, priority: 90, args: { colour: 'red' } }, 'STEP_INVALID', /no argument colour/],
  [{ interface: 'x', step: 'needs', priority: 90 }, 'STEP_INVALID', /needs the argument must/],
] as const)
  test(`${JSON.stringify(asked)} is refused`, (t) => {
    t.throws(() => names([asked]), { code, message });
  });

const withReserved = (step: string, priority: number) =>
  planDeploy(CORE, [...OFFERED, ...RESERVED_STEPS], {
    byUser: [{ interface: 'power', step, priority, args: {} }],
    byTemplates: [],
  }).map((one) => one.step.name);

test('the machine is not switched between writing its disk and booting it', (t) => {
  for (const step of ['power_on', 'power_off', 'reboot']) {
    for (const priority of [150, 100, 90, 81, 20, 1])
      t.is(withReserved(step, priority).filter((name) => name === `power.${step}`).length, 1);
    for (const priority of [80, 50, 21])
      t.throws(() => withReserved(step, priority), { code: 'STEP_INVALID' }, `${step} ${priority}`);
  }
  t.deepEqual(withReserved('power_off', 20), ['boot', 'write', 'start', 'power.power_off']);
});

test('a deploy may be held anywhere', (t) => {
  t.deepEqual(withReserved('hold', 50), ['boot', 'write', 'power.hold', 'start']);
});
