import test from 'ava';
import { decide, isIdle, nextLookMs } from '../../../conductor/deploy/powerSync/decide.ts';

const RULES = { maxFailures: 3, forced: true };
const ON = { powerState: 'power on', maintenance: false, fault: null } as const;
const FAULTY = { powerState: null, maintenance: true, fault: 'power failure' } as const;

const TABLE = [
  ['as it was', ON, 'power on', 0, {}, 'same'],
  ['seen first', { ...ON, powerState: null }, 'power off', 1, {}, 'note'],
  ['switched by others', ON, 'power off', 1, {}, 'force'],
  ['switched again and again', ON, 'power off', 4, {}, 'fault'],
  ['switched, not forced', ON, 'power off', 1, { forced: false }, 'adopt'],
  ['switched in maintenance', { ...ON, maintenance: true }, 'power off', 9, {}, 'adopt'],
  ['not read once', ON, undefined, 1, {}, 'wait'],
  ['not read for long', ON, undefined, 3, {}, 'fault'],
  ['not read in maintenance', { ...ON, maintenance: true }, undefined, 9, {}, 'wait'],
  ['still faulty', FAULTY, undefined, 9, {}, 'wait'],
  ['answers again', FAULTY, 'power on', 0, {}, 'recover'],
] as const;

for (const [title, node, found, failures, rules, kind] of TABLE)
  test(title, (t) => {
    t.is(decide(node, found, failures, { ...RULES, ...rules }).kind, kind);
  });

test('failures double the pause, up to eight times', (t) => {
  const rules = { ...RULES, intervalMs: 60, recoveryIntervalMs: 300 };
  const pauses = [0, 1, 2, 3, 9].map((failures) => nextLookMs({ fault: null }, failures, rules));
  t.deepEqual(pauses, [60, 120, 240, 480, 480]);
  t.is(nextLookMs({ fault: 'power failure' }, 9, rules), 300);
});

test('nodes that somebody works on are left alone', (t) => {
  const idle = { provisionState: 'active', reservation: null, targetPowerState: null } as const;
  t.true(isIdle(idle));
  t.false(isIdle({ ...idle, provisionState: 'enroll' }));
  t.false(isIdle({ ...idle, reservation: 'host' }));
  t.false(isIdle({ ...idle, targetPowerState: 'power on' }));
});
