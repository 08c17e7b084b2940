import test from 'ava';
import { hasCode } from '../../../conductor/errors/error.ts';
import type { SessionParameters } from '../../../conductor/iscsi/login/keys.ts';
import { FullFeature } from '../../../conductor/iscsi/session/fullFeature.ts';
import type { Effect, ScsiTask } from '../../../conductor/iscsi/session/task.ts';
import { type Pdu, PduDecoder } from '../../../conductor/iscsi/wire/decoder.ts';
import { encodeLun } from '../../../conductor/iscsi/wire/requests.ts';
import type { TargetPdu } from '../../../conductor/iscsi/wire/responses.ts';

const KIB = 1024;
const PARAMETERS: SessionParameters = {
  digests: { header: false, data: false },
  initialR2t: true,
  immediateData: true,
  maxSendDataSegmentBytes: 8 * KIB,
  maxReceiveDataSegmentBytes: 256 * KIB,
  maxBurstBytes: 32 * KIB,
  firstBurstBytes: 16 * KIB,
  maxOutstandingR2t: 1,
};
const NUMBERS = { statSn: 10, expCmdSn: 1, maxCmdSn: 100 };
const NONE = { overflow: false, bytes: 0 };
const DATA = Buffer.from(Array.from({ length: 64 * KIB }, (_, index) => (index >> 8) & 255));
const WRITE: ScsiTask = { cdb: Buffer.from([0x8a]), dataOut: DATA };

function makeState(parameters: Partial<SessionParameters> = {}, maxCmdSn = 100): FullFeature {
  return new FullFeature({
    parameters: { ...PARAMETERS, ...parameters },
    numbers: { cmdSn: 1, expStatSn: 10 },
    maxCmdSn,
    lun: encodeLun(1),
  });
}

/** What the effects put on the wire. */
function sent(effects: readonly Effect[]): Pdu[] {
  const decoder = new PduDecoder();
  decoder.use({ digests: PARAMETERS.digests, maxDataBytes: 2 ** 24 });
  const bytes = effects.flatMap((effect) => (effect.kind === 'send' ? effect.chunks : []));
  return [...decoder.push(Buffer.concat(bytes))];
}

type Seen = { opcode: number; offset: number; length: number; final: boolean; dataSn: number };

function dataOuts(effects: readonly Effect[]): Seen[] {
  return sent(effects).map(({ opcode, header, data }) => ({
    opcode,
    offset: header.readUInt32BE(40),
    length: data.length,
    final: (header.readUInt8(1) & 0x80) !== 0,
    dataSn: header.readUInt32BE(36),
  }));
}

function r2t(offsetBytes: number, lengthBytes: number, tag = 1): TargetPdu {
  return { kind: 'r2t', ...NUMBERS, tag, targetTag: 5, offsetBytes, lengthBytes };
}

function response(
  tag: number,
  fields: Partial<Extract<TargetPdu, { kind: 'scsi_response' }>> = {},
): TargetPdu {
  const base = { response: 0, status: 0, residual: NONE, sense: Buffer.alloc(0) };
  return { kind: 'scsi_response', ...NUMBERS, tag, ...base, ...fields };
}

/** All Data-Out PDUs together give the data back. */
function reassemble(pdus: readonly Pdu[]): Buffer {
  const whole = Buffer.alloc(DATA.length);
  for (const { opcode, header, data } of pdus)
    data.copy(whole, opcode === 5 ? header.readUInt32BE(40) : 0);
  return whole;
}

test('InitialR2T=Yes: immediate data, then what each R2T asks for, in segments', (t) => {
  const state = makeState();
  const start = state.submit(WRITE, 0);
  const [command] = sent(start);
  t.is(command?.data.length, 8 * KIB);
  t.is(command?.header.readUInt8(1), 0x80 | 0x20 | 1);
  const first = state.receive(r2t(8 * KIB, 20 * KIB), 1);
  t.deepEqual(dataOuts(first), [
    { opcode: 5, offset: 8 * KIB, length: 8 * KIB, final: false, dataSn: 0 },
    { opcode: 5, offset: 16 * KIB, length: 8 * KIB, final: false, dataSn: 1 },
    { opcode: 5, offset: 24 * KIB, length: 4 * KIB, final: true, dataSn: 2 },
  ]);
  const second = state.receive(r2t(28 * KIB, 32 * KIB), 1);
  const third = state.receive(r2t(60 * KIB, 4 * KIB), 1);
  t.deepEqual(reassemble(sent([...start, ...first, ...second, ...third])), DATA);
  const [end] = state.receive(response(1), 2);
  t.like(end, { kind: 'settled', task: WRITE, result: { status: 0 } });
  t.is(state.sentDataBytes, DATA.length);
});

test('InitialR2T=No: data up to FirstBurstLength goes along unasked', (t) => {
  const seen = dataOuts(makeState({ initialR2t: false }).submit(WRITE, 0));
  t.deepEqual(
    seen.map(({ opcode, length, final }) => ({ opcode, length, final })),
    [
      { opcode: 1, length: 8 * KIB, final: false },
      { opcode: 5, length: 8 * KIB, final: true },
    ],
  );
});

test('ImmediateData=No, InitialR2T=Yes: nothing goes along', (t) => {
  const [command, more] = sent(makeState({ immediateData: false }).submit(WRITE, 0));
  t.is(command?.data.length, 0);
  t.is(more, undefined);
});

test('large segments are not copied', (t) => {
  const state = makeState({ maxSendDataSegmentBytes: 256 * KIB, maxBurstBytes: 256 * KIB });
  state.submit(WRITE, 0);
  const [effect] = state.receive(r2t(0, DATA.length), 0);
  t.true(effect?.kind === 'send' && effect.chunks.some((chunk) => chunk.buffer === DATA.buffer));
});

test('digests go with each segment', (t) => {
  const digests = { header: true, data: true };
  for (const segmentBytes of [8 * KIB, 64 * KIB]) {
    const state = makeState({
      digests,
      maxSendDataSegmentBytes: segmentBytes,
      maxBurstBytes: 64 * KIB,
    });
    const effects = [...state.submit(WRITE, 0), ...state.receive(r2t(0, DATA.length), 0)];
    const decoder = new PduDecoder();
    decoder.use({ digests, maxDataBytes: 2 ** 24 });
    const bytes = effects.flatMap((effect) => (effect.kind === 'send' ? effect.chunks : []));
    t.deepEqual(reassemble([...decoder.push(Buffer.concat(bytes))]), DATA);
  }
});

for (const { name, pdu } of [
  { name: 'past the end', pdu: r2t(60 * KIB, 8 * KIB) },
  { name: 'longer than MaxBurstLength', pdu: r2t(0, 33 * KIB) },
  { name: 'for nothing', pdu: r2t(0, 0) },
  { name: 'for an unknown task', pdu: r2t(0, 512, 99) },
  { name: 'without a tag', pdu: { ...r2t(0, 512), targetTag: 0xff_ff_ff_ff } as TargetPdu },
])
  test(`an R2T ${name} is an error`, (t) => {
    const state = makeState();
    state.submit(WRITE, 0);
    t.true(
      hasCode(
        t.throws(() => state.receive(pdu, 0)),
        'ISCSI_PROTOCOL_ERROR',
      ),
    );
  });

test('good status before all data was sent is an error', (t) => {
  const state = makeState();
  state.submit(WRITE, 0);
  t.true(
    hasCode(
      t.throws(() => state.receive(response(1), 0)),
      'ISCSI_PROTOCOL_ERROR',
    ),
  );
});

test('commands wait until the window opens', (t) => {
  const state = makeState({}, 2);
  const task = (): ScsiTask => ({ cdb: Buffer.alloc(6) });
  t.is(sent(state.submit(task(), 0)).length, 1);
  t.is(sent(state.submit(task(), 0)).length, 1);
  t.is(sent(state.submit(task(), 0)).length, 0);
  const opened = sent(state.receive(response(1, { maxCmdSn: 3 }), 0));
  t.is(opened.length, 1);
  t.is(opened[0]?.header.readUInt32BE(24), 3);
});

test('a window that ends before it starts is ignored, also around zero', (t) => {
  const state = new FullFeature({
    parameters: PARAMETERS,
    numbers: { cmdSn: 0xff_ff_ff_ff, expStatSn: 0 },
    maxCmdSn: 0xff_ff_ff_ff,
    lun: encodeLun(0),
  });
  const tur: ScsiTask = { cdb: Buffer.alloc(6) };
  t.is(sent(state.submit(tur, 0)).length, 1);
  t.is(sent(state.submit({ ...tur }, 0)).length, 0);
  t.is(sent(state.receive(response(1, { expCmdSn: 9, maxCmdSn: 2 }), 0)).length, 0);
  t.is(sent(state.submit({ ...tur }, 0)).length, 0);
  const nop: TargetPdu = {
    kind: 'nop_in',
    statSn: 0,
    expCmdSn: 0,
    maxCmdSn: 1,
    tag: 0xff_ff_ff_ff,
    targetTag: 0xff_ff_ff_ff,
    lun: Buffer.alloc(8),
  };
  const [first, second] = sent(state.receive(nop, 0));
  t.deepEqual([first?.header.readUInt32BE(24), second?.header.readUInt32BE(24)], [0, 1]);
});

test('ExpStatSN follows the status of the target', (t) => {
  const state = makeState();
  state.submit({ cdb: Buffer.alloc(6) }, 0);
  state.receive(response(1, { statSn: 41 }), 0);
  const [next] = sent(state.submit({ cdb: Buffer.alloc(6) }, 0));
  t.is(next?.header.readUInt32BE(28), 42);
});

function dataIn(offsetBytes: number, data: Buffer, status?: number): TargetPdu {
  return { kind: 'data_in', ...NUMBERS, tag: 1, offsetBytes, data, status, residual: NONE };
}

test('data comes in pieces, status with the last', (t) => {
  const state = makeState();
  const task: ScsiTask = { cdb: Buffer.from([0x88]), dataIn: Buffer.alloc(8) };
  state.submit(task, 0);
  t.deepEqual(state.receive(dataIn(0, Buffer.from('hell')), 0), []);
  const [end] = state.receive(dataIn(4, Buffer.from('o!'), 0), 0);
  t.is(end?.kind === 'settled' ? String(end.result.data) : '', 'hello!');
});

for (const { name, pdu } of [
  { name: 'that leaves a gap', pdu: dataIn(4, Buffer.from('o!')) },
  { name: 'past the end', pdu: dataIn(0, Buffer.alloc(9)) },
  { name: 'for an unknown task', pdu: { ...dataIn(0, Buffer.alloc(1)), tag: 8 } as TargetPdu },
])
  test(`data ${name} is an error`, (t) => {
    const state = makeState();
    state.submit({ cdb: Buffer.from([0x88]), dataIn: Buffer.alloc(8) }, 0);
    t.true(
      hasCode(
        t.throws(() => state.receive(pdu, 0)),
        'ISCSI_PROTOCOL_ERROR',
      ),
    );
  });

test('a NOP-In that wants an answer gets one', (t) => {
  const lun = Buffer.from('0001000000000000', 'hex');
  const nop: TargetPdu = { kind: 'nop_in', ...NUMBERS, tag: 0xff_ff_ff_ff, targetTag: 0x99, lun };
  const [answer] = sent(makeState().receive(nop, 0));
  t.is(answer?.opcode, 0);
  t.is(answer?.header.toString('hex', 16, 24), 'ffffffff00000099');
});

function reject(reason: number, rejected: Buffer): TargetPdu {
  return { kind: 'reject', ...NUMBERS, reason, rejected };
}

test('a Reject ends its command, or the session where it names none', (t) => {
  const state = makeState();
  const [command] = sent(state.submit(WRITE, 0));
  const header = command?.header ?? Buffer.alloc(0);
  t.like(state.receive(reject(9, header), 0), { 0: { kind: 'refused', task: WRITE } });
  t.like(state.receive(reject(9, Buffer.alloc(48, 0xff)), 0), { 0: { kind: 'closed' } });
});

test('a Reject for damaged data ends the session, so that it is sent again', (t) => {
  const state = makeState();
  const [command] = sent(state.submit(WRITE, 0));
  const effects = state.receive(reject(2, command?.header ?? Buffer.alloc(0)), 0);
  t.like(effects, { 0: { kind: 'closed' } });
});

for (const [event, kinds] of [
  [0, []],
  [1, ['closed']],
  [2, ['closed']],
  [3, ['closed']],
  [255, []],
] as const)
  test(`async message ${event}`, (t) => {
    const effects = makeState().receive({ kind: 'async_message', ...NUMBERS, event }, 0);
    t.deepEqual(
      effects.map(({ kind }) => kind),
      [...kinds],
    );
  });

test('a failure of the target before the command ended', (t) => {
  const state = makeState();
  state.submit(WRITE, 0);
  t.like(state.receive(response(1, { response: 1 }), 0), { 0: { kind: 'refused' } });
});

test('a command is overdue after its last sign of life, not after its start', (t) => {
  const state = makeState();
  state.submit(WRITE, 0);
  t.is(state.overdue(99, 100), undefined);
  state.receive(r2t(8 * KIB, 8 * KIB), 90);
  t.is(state.overdue(189, 100), undefined);
  t.is(state.overdue(190, 100), WRITE);
});

test('a command behind a window that never opens is overdue too', (t) => {
  const state = makeState({}, 0);
  state.submit(WRITE, 5);
  t.is(state.overdue(104, 100), undefined);
  t.is(state.overdue(105, 100), WRITE);
});
