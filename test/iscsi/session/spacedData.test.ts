import test from 'ava';
import type { SessionParameters } from '../../../conductor/iscsi/login/keys.ts';
import type { DataOut } from '../../../conductor/iscsi/session/dataOut.ts';
import { FullFeature } from '../../../conductor/iscsi/session/fullFeature.ts';
import { SpacedData, SpacedPool } from '../../../conductor/iscsi/session/spacedData.ts';
import type { Effect } from '../../../conductor/iscsi/session/task.ts';
import { encodeLun } from '../../../conductor/iscsi/wire/requests.ts';
import { Random } from '../../deploy/support/random.ts';

const SEGMENT = 512;
const LENGTH = 10 * SEGMENT + 64;
const NUMBERS = { statSn: 10, expCmdSn: 1, maxCmdSn: 100 };
const PARAMETERS: SessionParameters = {
  digests: { header: false, data: false },
  initialR2t: true,
  immediateData: true,
  maxSendDataSegmentBytes: SEGMENT,
  maxReceiveDataSegmentBytes: 4096,
  maxBurstBytes: LENGTH,
  firstBurstBytes: 2 * SEGMENT,
  maxOutstandingR2t: 1,
};

/** What one write puts on the wire, and how many chunks that took, answered by R2Ts at `cuts`. */
function wireOf(dataOut: DataOut, cuts: readonly number[], changed: Partial<SessionParameters>) {
  const parameters = { ...PARAMETERS, ...changed };
  const state = new FullFeature({
    parameters,
    numbers: { cmdSn: 1, expStatSn: 10 },
    maxCmdSn: 100,
    lun: encodeLun(1),
  });
  const effects = state.submit({ cdb: Buffer.from([0x8a]), dataOut }, 0);
  const sent = [Buffer.concat(effects.flatMap(chunksOf))];
  for (const [index, offsetBytes] of cuts.entries()) {
    const lengthBytes = (cuts[index + 1] ?? LENGTH) - offsetBytes;
    const r2t = {
      kind: 'r2t',
      ...NUMBERS,
      tag: 1,
      targetTag: 5,
      offsetBytes,
      lengthBytes,
    } as const;
    const more = state.receive(r2t, 0);
    sent.push(Buffer.concat(more.flatMap(chunksOf)));
    effects.push(...more);
  }
  return { bytes: Buffer.concat(sent), effects };
}

function chunksOf(effect: Effect): readonly Uint8Array[] {
  return effect.kind === 'send' ? effect.chunks : [];
}

function release(effects: readonly Effect[]): void {
  for (const effect of effects) if (effect.kind === 'send') effect.release?.();
}

function filled(data: SpacedData, plain: Buffer): SpacedData {
  let at = 0;
  for (const part of data.parts()) at += plain.copy(part, 0, at);
  return data;
}

test('what goes over the wire is the same as from one piece of memory', (t) => {
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    const plain = random.bytes(LENGTH);
    const changed = {
      initialR2t: random.below(2) === 0,
      immediateData: random.below(2) === 0,
      digests: { header: random.below(4) === 0, data: random.below(4) === 0 },
      maxSendDataSegmentBytes: random.below(4) === 0 ? 700 : SEGMENT,
    };
    const step = random.below(2) === 0 ? SEGMENT : 4;
    const cuts = Array.from({ length: random.below(4) }, () => step * random.below(LENGTH / step));
    const inOrder = [...new Set(cuts)].toSorted((a, b) => a - b);
    const spaced = filled(new SpacedData(LENGTH, SEGMENT), plain);
    t.true(wireOf(spaced, inOrder, changed).bytes.equals(wireOf(plain, inOrder, changed).bytes));
  }
});

test('a burst is one chunk of the same memory, headers included', (t) => {
  const spaced = filled(new SpacedData(LENGTH, SEGMENT), new Random(1).bytes(LENGTH));
  const { effects } = wireOf(spaced, [SEGMENT, 4 * SEGMENT], {});
  const chunks = effects.map(chunksOf);
  t.deepEqual(
    chunks.map(({ length }) => length),
    [1, 1, 1],
  );
  const [memory] = spaced.parts();
  t.true(chunks.flat().every(({ buffer }) => buffer === memory?.buffer));
});

test('memory that is still being sent for another command is not written to', (t) => {
  const plain = new Random(2).bytes(LENGTH);
  const spaced = filled(new SpacedData(LENGTH, SEGMENT), plain);
  const first = wireOf(spaced, [SEGMENT], {});
  const [command] = first.effects.flatMap(chunksOf);
  const before = Buffer.from(command ?? []);
  const second = wireOf(spaced, [], { immediateData: false });
  t.is(second.effects.flatMap(chunksOf)[0]?.buffer === command?.buffer, false);
  t.deepEqual(Buffer.from(command ?? []), before);
  release(first.effects);
  const third = wireOf(spaced, [SEGMENT], {});
  t.is(third.effects.flatMap(chunksOf)[0]?.buffer, command?.buffer);
  t.true(third.bytes.equals(wireOf(plain, [SEGMENT], {}).bytes));
});

test('lent again: shorter, whole, and for other segments', (t) => {
  const pool = new SpacedPool(LENGTH);
  const first = pool.take(3 * SEGMENT + 4, SEGMENT);
  t.deepEqual(
    first.parts().map(({ length }) => length),
    [SEGMENT, SEGMENT, SEGMENT, 4],
  );
  pool.give(first);
  const again = pool.take(LENGTH, SEGMENT);
  t.is(again, first);
  t.is(again.parts().length, 11);
  pool.give(again);
  const other = pool.take(LENGTH, 2 * SEGMENT);
  t.not(other, first);
  t.is(other.parts().length, 6);
  t.throws(() => other.resize(LENGTH + 1), { instanceOf: RangeError });
});
