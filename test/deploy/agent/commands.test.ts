import test from 'ava';
import { isNamed, resultOf } from '../../../conductor/deploy/agent/commands.ts';
import { automaticSteps, findAgentStep } from '../../../conductor/deploy/agent/steps.ts';

const session = {
  nodeUuid: 'n',
  url: 'https://10.0.0.9:9999',
  token: 'secret',
  trust: { kind: 'system' },
} as const;
const ended = {
  id: '1',
  command_name: 'prepare_image',
  command_status: 'FAILED',
  command_error: null,
  command_result: null,
};

const ERRORS: readonly (readonly [error: unknown, reason: RegExp])[] = [
  [
    { type: 'ImageChecksumError', message: 'Error', details: 'it differs' },
    /ImageChecksumError: Error: it differs\.$/,
  ],
  ['just text', /FAILED: just text\.$/],
  [{ error: 'inner' }, /FAILED: inner\.$/],
  [null, /without a reason\.$/],
];

for (const [error, reason] of ERRORS)
  test(`the agent's error ${JSON.stringify(error)} is readable`, (t) => {
    const found = { ...ended, command_error: error };
    const thrown = t.throws(() => resultOf(session, 'standby.prepare_image', found), {
      code: 'AGENT_COMMAND_FAILED',
    });
    t.regex(thrown.message, reason);
    t.notRegex(thrown.message, /secret/);
  });

test('agents name their commands with and without the extension', (t) => {
  t.true(isNamed(ended, 'standby.prepare_image'));
  t.true(isNamed({ ...ended, command_name: 'standby.sync' }, 'standby.sync'));
  t.false(isNamed(ended, 'standby.sync'));
});

const step = (name: string, priority: number) => ({
  interface: 'deploy',
  step: name,
  priority,
  reboot_requested: false,
});

test('steps with a priority are done by it; the configuration wins; 0 is left out', (t) => {
  const offered = [step('a', 10), step('b', 99), step('c', 0), step('d', 5)];
  const chosen = automaticSteps(offered, { 'deploy.a': 0, 'deploy.d': 100 });
  t.deepEqual(
    chosen.map((one) => one.step),
    ['d', 'b'],
  );
});

test('an unknown step is refused with those that there are', (t) => {
  const asked = { interface: 'deploy', step: 'x' };
  t.throws(() => findAgentStep([step('a', 1)], asked), {
    code: 'STEP_UNKNOWN',
    message: /deploy\.x; there are: deploy\.a/,
  });
});
