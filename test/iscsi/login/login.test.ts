import test from 'ava';
import { hasCode } from '../../../conductor/errors/error.ts';
import type { ErrorCode } from '../../../conductor/errors/table.ts';
import { Login, type LoginStep } from '../../../conductor/iscsi/login/login.ts';
import { decodeText, encodeText } from '../../../conductor/iscsi/login/text.ts';
import type { TargetPdu } from '../../../conductor/iscsi/wire/responses.ts';

type Answer = Partial<Extract<TargetPdu, { kind: 'login_response' }>> & {
  readonly keys?: Readonly<Record<string, string>>;
};

const SECURITY_DONE: Answer = {
  transit: true,
  stage: 0,
  nextStage: 1,
  keys: { AuthMethod: 'None' },
};
const ALL_DONE: Answer = { transit: true, stage: 1, nextStage: 3, statSn: 7, maxCmdSn: 33 };

function answer({ keys = {}, ...fields }: Answer): TargetPdu {
  return {
    kind: 'login_response',
    statSn: 0,
    expCmdSn: 1,
    maxCmdSn: 1,
    transit: false,
    continues: false,
    stage: 0,
    nextStage: 0,
    statusClass: 0,
    statusDetail: 0,
    text: encodeText(Object.entries(keys)),
    ...fields,
  };
}

function makeLogin(chap?: { username: string; password: string }): Login {
  return new Login({
    initiatorIqn: 'iqn.2026-11.test:us',
    targetIqn: 'iqn.2026-11.test:disk',
    isid: Buffer.from('800102030405', 'hex'),
    chap,
    wanted: { headerDigest: false, dataDigest: false },
  });
}

/** The stages of a request, whether it wants to move on, and its keys. */
function look(step: LoginStep): { flags: string; keys: Record<string, string> } {
  if (step.kind !== 'send') throw new Error('the login is done');
  const flags = step.header.toString('hex', 1, 2);
  return { flags, keys: Object.fromEntries(decodeText(step.data)) };
}

test('without authentication: two exchanges', (t) => {
  const login = makeLogin();
  t.deepEqual(look(login.start()), {
    flags: '81',
    keys: {
      InitiatorName: 'iqn.2026-11.test:us',
      SessionType: 'Normal',
      TargetName: 'iqn.2026-11.test:disk',
      AuthMethod: 'None',
    },
  });
  const operational = look(login.receive(answer(SECURITY_DONE)));
  t.is(operational.flags, '87');
  t.is(operational.keys['ErrorRecoveryLevel'], '0');
  const done = login.receive(answer(ALL_DONE));
  t.like(done, { kind: 'done', numbers: { cmdSn: 1, expStatSn: 8 }, maxCmdSn: 33 });
});

test('with CHAP: nothing else is offered, and the answer follows the challenge', (t) => {
  const login = makeLogin({ username: 'deploy', password: 'secret' });
  const start = look(login.start());
  t.is(start.flags, '00');
  t.is(start.keys['AuthMethod'], 'CHAP');
  const method = look(login.receive(answer({ keys: { AuthMethod: 'CHAP' } })));
  t.deepEqual(method, { flags: '00', keys: { CHAP_A: '5,7' } });
  const challenge = { CHAP_A: '5', CHAP_I: '3', CHAP_C: '0x0011' };
  const response = look(login.receive(answer({ keys: challenge })));
  t.is(response.flags, '81');
  t.is(response.keys['CHAP_N'], 'deploy');
  const operational = look(login.receive(answer({ ...SECURITY_DONE, keys: {} })));
  t.is(operational.flags, '87');
});

test('a text in several pieces', (t) => {
  const login = makeLogin();
  login.start();
  const cut = encodeText([['AuthMethod', 'None']]);
  const more = login.receive(answer({ continues: true, text: cut.subarray(0, 5) }));
  t.deepEqual(look(more), { flags: '00', keys: {} });
  const next = login.receive(answer({ ...SECURITY_DONE, text: cut.subarray(5) }));
  t.is(look(next).flags, '87');
});

test('a target that takes its time in the operational stage', (t) => {
  const login = makeLogin();
  login.start();
  login.receive(answer(SECURITY_DONE));
  const again = look(login.receive(answer({ stage: 1, keys: { MaxBurstLength: '4096' } })));
  t.deepEqual(again, { flags: '87', keys: {} });
  t.is(login.receive(answer(ALL_DONE)).kind, 'done');
});

for (const [statusClass, statusDetail, code] of [
  [1, 1, 'ISCSI_LOGIN_REDIRECTED'],
  [2, 0, 'ISCSI_LOGIN_REFUSED'],
  [2, 1, 'ISCSI_LOGIN_AUTH_FAILED'],
  [2, 2, 'ISCSI_LOGIN_AUTH_FAILED'],
  [2, 3, 'ISCSI_TARGET_NOT_FOUND'],
  [3, 1, 'ISCSI_LOGIN_REFUSED'],
  [7, 7, 'ISCSI_LOGIN_REFUSED'],
] as const)
  test(`status ${statusClass}/${statusDetail} is ${code}`, (t) => {
    const login = makeLogin();
    login.start();
    const keys = { TargetAddress: '192.0.2.9:3260,1' };
    const error = t.throws(() => login.receive(answer({ statusClass, statusDetail, keys })));
    t.true(hasCode(error, code));
    t.regex(error.message, statusClass === 1 ? /192\.0\.2\.9/ : /iqn\.2026-11\.test:disk/);
  });

const CHAP = { username: 'deploy', password: 'do-not-tell' };

for (const { name, chap, answers, code } of [
  {
    name: 'a target that wants no authentication where CHAP is demanded',
    chap: CHAP,
    answers: [SECURITY_DONE],
    code: 'ISCSI_NEGOTIATION_FAILED',
  },
  {
    name: 'a target that skips the challenge',
    chap: CHAP,
    answers: [{ keys: { AuthMethod: 'CHAP' }, transit: true, nextStage: 1 }],
    code: 'ISCSI_PROTOCOL_ERROR',
  },
  {
    name: 'a target that wants CHAP where none is set up',
    chap: undefined,
    answers: [{ keys: { AuthMethod: 'CHAP' } }],
    code: 'ISCSI_NEGOTIATION_FAILED',
  },
  {
    name: 'an answer for another stage',
    chap: undefined,
    answers: [{ ...SECURITY_DONE, stage: 1 }],
    code: 'ISCSI_PROTOCOL_ERROR',
  },
  {
    name: 'a jump over the operational stage',
    chap: undefined,
    answers: [{ ...SECURITY_DONE, nextStage: 3 }],
    code: 'ISCSI_PROTOCOL_ERROR',
  },
  {
    name: 'a target that never ends',
    chap: undefined,
    answers: [SECURITY_DONE, ...Array.from({ length: 30 }, () => ({ stage: 1 }))],
    code: 'ISCSI_PROTOCOL_ERROR',
  },
  {
    name: 'endless text',
    chap: undefined,
    answers: Array.from({ length: 10 }, () => ({
      continues: true,
      text: Buffer.alloc(8192, 65),
    })),
    code: 'ISCSI_PROTOCOL_ERROR',
  },
] satisfies { name: string; chap: unknown; answers: Answer[]; code: ErrorCode }[])
  test(`${name}: ${code}`, (t) => {
    const login = makeLogin(chap);
    login.start();
    const error = t.throws(() => {
      for (const one of answers) login.receive(answer(one));
    });
    t.true(hasCode(error, code), error.message);
    t.notRegex(error.message, /do-not-tell/);
  });
