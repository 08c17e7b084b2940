import test from 'ava';
import {
  acknowledge,
  openWindow,
  timeOut,
  type Window,
  type WindowStep,
} from '../../../conductor/netboot/tftp/window.ts';
import { seeded } from '../support/random.ts';

test('lock-step: block by block, empty last block, repeated ACKs send nothing', (t) => {
  let step = openWindow(1024, { blksize: 512, windowsize: 1, optionAck: false });
  t.deepEqual(step.send, { from: 1, to: 1 });
  t.is(acknowledge(step.window, 0).send, undefined);
  step = acknowledge(step.window, 1);
  t.deepEqual(step.send, { from: 2, to: 2 });
  t.is(acknowledge(step.window, 1).send, undefined, 'RFC 1123 §4.2.3.1');
  step = acknowledge(step.window, 2);
  t.deepEqual(step.send, { from: 3, to: 3 });
  t.true(acknowledge(step.window, 3).done);
});

test('the OACK is block 0', (t) => {
  const step = openWindow(0, { blksize: 512, windowsize: 4, optionAck: true });
  t.deepEqual(step.send, { from: 0, to: 0 });
  t.is(acknowledge(step.window, 1).send, undefined);
  t.is(acknowledge(step.window, 65535).send, undefined);
  t.deepEqual(timeOut(step.window, 1).send, { from: 0, to: 0 });
  t.deepEqual(acknowledge(step.window, 0).send, { from: 1, to: 1 });
});

test('windows: a gap goes back to it, a repeated ACK goes back once', (t) => {
  const first = openWindow(512 * 20, { blksize: 512, windowsize: 4, optionAck: false });
  t.deepEqual(first.send, { from: 1, to: 4 });
  const gap = acknowledge(first.window, 2);
  t.deepEqual(gap.send, { from: 3, to: 6 });
  const again = acknowledge(gap.window, 2);
  t.deepEqual(again.send, { from: 3, to: 6 });
  t.is(acknowledge(again.window, 2).send, undefined);
  t.is(acknowledge(gap.window, 1).send, undefined, 'older than the window');
  t.is(acknowledge(gap.window, 7).send, undefined, 'never sent');
});

test('it gives up after the retries, and counts them anew after progress', (t) => {
  let { window } = openWindow(5000, { blksize: 512, windowsize: 1, optionAck: false });
  for (let count = 0; count < 3; count++) window = timeOut(window, 3).window;
  t.true(timeOut(window, 3).lost);
  t.falsy(timeOut(acknowledge(window, 1).window, 3).lost);
});

/** A receiver as RFC 7440 §4 wants it, behind a channel that loses, repeats and reorders. */
function deliver(sizeBytes: number, blksize: number, windowsize: number, seed: number): number[] {
  const random = seeded(seed);
  const got: number[] = [];
  let window: Window;
  let step: WindowStep = openWindow(sizeBytes, { blksize, windowsize, optionAck: true });
  const last = step.window.lastBlock;
  let acks: number[] = [];
  for (let round = 0; round < 50_000_000; round++) {
    window = step.window;
    if (step.done) return got;
    if (step.lost) throw new Error('gave up');
    const blocks = step.send === undefined ? [] : range(step.send.from, step.send.to);
    const arrived = blocks.filter(() => random(50) > 0);
    if (random(30) === 0) arrived.reverse();
    for (const block of arrived) if (block === got.length + 1) got.push(block);
    if (arrived.length > 0) acks.push(got.length & 0xffff);
    if (random(40) === 0) acks.push(acks[0] ?? 0);
    if (random(50) === 0) acks = [];
    const ack = acks.shift();
    step = ack === undefined ? timeOut(window, 1000) : acknowledge(window, ack);
  }
  throw new Error(`stuck at ${got.length} of ${last}`);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

for (const [windowsize, blocks] of [
  [1, 200_000],
  [16, 200_000],
  [64, 70_000],
] as const)
  test(`a lossy line, windowsize ${windowsize}: every block once and in order, past the 16-bit counter`, (t) => {
    const got = deliver((blocks - 1) * 8 + 3, 8, windowsize, windowsize);
    t.is(got.length, blocks);
    t.true(got.every((block, index) => block === index + 1));
  });
