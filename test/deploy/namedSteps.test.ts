import test from 'ava';
import { findStep, planNamed } from '../../conductor/deploy/namedSteps.ts';
import { RESERVED_STEPS, WAIT_FOR_RAMDISK } from '../../conductor/deploy/steps/reserved.ts';
import type { OfferedStep, Step } from '../../conductor/deploy/steps/types.ts';

const step = (name: string): Step => ({ name, title: name, run: async () => {} });
const ERASE: OfferedStep = {
  ...step('deploy.erase'),
  interface: 'deploy',
  step: 'erase',
  args: {},
  inBand: true,
};
const FLOW = [...RESERVED_STEPS, WAIT_FOR_RAMDISK];
const FRAME = { offered: [ERASE, ...FLOW], before: [step('boot')], after: [step('off')] };
const asked = (name: string, args?: object) => ({
  interface: 'power',
  step: name,
  ...(args && { args: { ...args } }),
});

test('a reserved step goes by its name, with whatever interface, and is shown with that', (t) => {
  for (const kind of ['power', 'deploy', 'vendor']) {
    const found = findStep(FRAME.offered, { interface: kind, step: 'hold' });
    t.is(found.step.name, 'power.hold');
    t.like(found.shown, { interface: kind, step: 'hold', abortable: true });
  }
  t.throws(() => findStep(FRAME.offered, asked('erase')), { code: 'STEP_UNKNOWN' });
});

test('a wait with a time needs no ramdisk, one without waits for it', (t) => {
  t.is(findStep(FLOW, asked('wait', { seconds: 5 })).step.name, 'power.wait');
  t.is(findStep(FLOW, asked('wait', {})).step.name, 'power.wait_for_ramdisk');
  t.is(findStep(FLOW, asked('wait')).step.name, 'power.wait_for_ramdisk');
  t.throws(() => findStep(FLOW, asked('wait', { minutes: 5 })), { code: 'STEP_INVALID' });
});

test('the ramdisk is booted where a step needs it, and not otherwise', (t) => {
  const names = (...steps: Parameters<typeof planNamed>[1]) =>
    planNamed(FRAME, steps).map((one) => one.step.name);
  t.deepEqual(names(asked('power_off'), asked('wait', { seconds: 1 }), asked('hold')), [
    'power.power_off',
    'power.wait',
    'power.hold',
  ]);
  t.deepEqual(names(asked('hold'), { interface: 'deploy', step: 'erase' }), [
    'boot',
    'power.hold',
    'deploy.erase',
    'off',
  ]);
});
