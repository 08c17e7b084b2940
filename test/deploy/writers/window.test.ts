import test from 'ava';
import { fileExtent, zeroExtent } from '../../../conductor/deploy/plan/extents.ts';
import { piecesOf, totalBytes, type Piece } from '../../../conductor/deploy/writers/pieces.ts';
import { Window } from '../../../conductor/deploy/writers/window.ts';

const SIZES = { chunkBytes: 10, zeroChunkBytes: 100 };
const EXTENTS = [
  fileExtent({ start: 1000, end: 1025 }, 'a', 500),
  zeroExtent({ start: 2000, end: 2150 }),
  fileExtent({ start: 0, end: 10 }, 'b', 0),
];

function brief(piece: Piece): string {
  const { source } = piece;
  const from = source.kind === 'file' ? `${source.path}@${source.offsetBytes}` : 'zero';
  return `${piece.position}: ${piece.targetOffsetBytes}+${piece.lengthBytes} ${from}`;
}

test('extents are cut, with their place in the plan', (t) => {
  t.is(totalBytes(EXTENTS), 185);
  t.deepEqual(Array.from(piecesOf(EXTENTS, SIZES, 7, 0), brief), [
    '7: 1000+10 a@500',
    '17: 1010+10 a@510',
    '27: 1020+5 a@520',
    '32: 2000+100 zero',
    '132: 2100+50 zero',
    '182: 0+10 b@0',
  ]);
});

test('from any point on, the rest is what is cut', (t) => {
  for (let from = 0; from <= 185; from++) {
    const pieces = Array.from(piecesOf(EXTENTS, SIZES, 0, from));
    t.is(
      pieces.reduce((sum, piece) => sum + piece.lengthBytes, 0),
      185 - from,
    );
    t.is(pieces[0]?.position, from === 185 ? undefined : from);
  }
});

function dataPiece(position: number, lengthBytes = 10): Piece {
  const source = { kind: 'file', path: 'a', offsetBytes: 0 } as const;
  return { position, targetOffsetBytes: position, lengthBytes, source };
}

test('only what is finished without a gap can be flushed', (t) => {
  const window = new Window(40, 0);
  const [first, second, third] = [0, 10, 20].map((position) => window.start(dataPiece(position)));
  if (!first || !second || !third) throw new Error('three were started');
  window.finish(third);
  window.finish(second);
  t.deepEqual(window.flushable(), []);
  t.false(window.wantsFlush);
  window.finish(first);
  t.true(window.wantsFlush);
  const covered = window.flushable();
  t.is(covered.length, 3);
  // Another one starts and ends while the flush runs.
  window.finish(window.start(dataPiece(30)));
  window.flushed(covered);
  t.is(window.durableBytes, 30);
  t.is(window.doneBytes, 40);
  t.is(window.flushable().length, 1);
});

test('a full window has room again after the flush', (t) => {
  const window = new Window(20, 100);
  const started = [100, 110].map((position) => window.start(dataPiece(position)));
  t.true(window.isFull);
  started.forEach((piece) => window.finish(piece));
  t.true(window.isFull, 'finished is not flushed');
  window.flushed(window.flushable());
  t.false(window.isFull);
  t.is(window.durableBytes, 120);
});

test('zeros weigh a sixteenth', (t) => {
  const window = new Window(10, 0);
  const zeros: Piece = { ...dataPiece(0, 159), source: { kind: 'zero' } };
  window.start(zeros);
  t.false(window.isFull);
  window.start({ ...zeros, position: 159, lengthBytes: 16 });
  t.true(window.isFull);
  t.is(window.dataBytes, 0);
});

test('flushing nothing changes nothing', (t) => {
  const window = new Window(10, 5);
  window.flushed(window.flushable());
  t.is(window.durableBytes, 5);
});
