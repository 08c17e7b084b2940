import test from 'ava';
import { hasCode } from '../../../conductor/errors/error.ts';
import { OperationalKeys, type SessionParameters } from '../../../conductor/iscsi/login/keys.ts';

const PLAIN = { headerDigest: false, dataDigest: false };

function settle(
  answers: Readonly<Record<string, string>>,
  wanted: typeof PLAIN = PLAIN,
): SessionParameters {
  const keys = new OperationalKeys(wanted);
  keys.offer();
  keys.receive(new Map(Object.entries(answers)));
  return keys.parameters();
}

test('without answers the defaults of the RFC hold', (t) => {
  t.deepEqual(settle({}), {
    digests: { header: false, data: false },
    initialR2t: true,
    immediateData: true,
    maxSendDataSegmentBytes: 8192,
    maxReceiveDataSegmentBytes: 262_144,
    maxBurstBytes: 262_144,
    firstBurstBytes: 65_536,
    maxOutstandingR2t: 1,
  });
});

for (const { answers, expected } of [
  { answers: { InitialR2T: 'No' }, expected: { initialR2t: false } },
  { answers: { InitialR2T: 'Yes' }, expected: { initialR2t: true } },
  { answers: { ImmediateData: 'No' }, expected: { immediateData: false } },
  { answers: { MaxBurstLength: '1048576' }, expected: { maxBurstBytes: 1_048_576 } },
  {
    answers: { MaxBurstLength: '0x1000' },
    expected: { maxBurstBytes: 4096, firstBurstBytes: 4096 },
  },
  {
    answers: { MaxRecvDataSegmentLength: '16777215' },
    expected: { maxSendDataSegmentBytes: 16_777_215 },
  },
  { answers: { MaxOutstandingR2T: '4' }, expected: { maxOutstandingR2t: 4 } },
  { answers: { MaxBurstLength: 'NotUnderstood' }, expected: { maxBurstBytes: 262_144 } },
  { answers: { TargetAlias: 'a disk' }, expected: { maxBurstBytes: 262_144 } },
])
  test(`${JSON.stringify(answers)} gives ${JSON.stringify(expected)}`, (t) => {
    t.like(settle(answers), expected);
  });

for (const answers of [
  { InitialR2T: 'Maybe' },
  { MaxBurstLength: '2097152' },
  { MaxBurstLength: '511' },
  { MaxBurstLength: '-1' },
  { MaxBurstLength: '1e5' },
  { MaxOutstandingR2T: '9' },
  { MaxRecvDataSegmentLength: '16777216' },
  { HeaderDigest: 'CRC32C' },
  { DataDigest: 'Reject' },
] as const)
  test(`refuses ${JSON.stringify(answers)}`, (t) => {
    const error = t.throws(() => settle(answers));
    t.true(hasCode(error, 'ISCSI_NEGOTIATION_FAILED'));
  });

for (const answers of [
  {},
  { HeaderDigest: 'None', DataDigest: 'None' },
  { HeaderDigest: 'CRC32C' },
])
  test(`digests that are wanted must be agreed: ${JSON.stringify(answers)}`, (t) => {
    const error = t.throws(() => settle(answers, { headerDigest: true, dataDigest: true }));
    t.true(hasCode(error, 'ISCSI_NEGOTIATION_FAILED'));
  });

test('answers what the target offers first', (t) => {
  const keys = new OperationalKeys(PLAIN);
  const answers = keys.receive(
    new Map([
      ['InitialR2T', 'Yes'],
      ['MaxBurstLength', '8192'],
      ['X-com.example.colour', 'red'],
      ['MaxRecvDataSegmentLength', '65536'],
    ]),
  );
  t.deepEqual(answers, [
    ['InitialR2T', 'Yes'],
    ['MaxBurstLength', '8192'],
    ['X-com.example.colour', 'NotUnderstood'],
  ]);
});
