import test from 'ava';
import { formatAmounts, formatBar, percent, readProgress } from '../../conductor/cli/view/bar.ts';
import { openStageView, type ShownEvent } from '../../conductor/cli/view/stages.ts';
import { cut, formatClock, formatTable, printable } from '../../conductor/cli/view/text.ts';
import { GIB, MIB } from '../../conductor/values/units.ts';

for (const [seconds, text] of [
  [0, '0:00'],
  [7.4, '0:07'],
  [59.6, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
  [-1, '0:00'],
] as const)
  test(`${seconds} s is ${text}`, (t) => {
    t.is(formatClock(seconds), text);
  });

test('a table is as wide as its widest cells', (t) => {
  t.is(formatTable([['A', 'LONG'], ['bcd', 'é', 'x'], []]), 'A    LONG\nbcd  é     x\n\n');
  t.is(formatTable([]), '');
});

test('text is cut, and cannot steer the terminal', (t) => {
  t.is(cut('abcdef', 4), 'abc…');
  t.is(cut('abc', 4), 'abc');
  t.is(printable('a\u001b[2Jb\r\nc\u009bd'), 'a [2Jb c d');
});

const DATA = { done_bytes: 3 * GIB, total_bytes: 4 * GIB, rate_bytes_per_second: 64 * MIB };

test('a bar tells percent, bytes, rate, elapsed, remaining and sent', (t) => {
  const progress = readProgress({ ...DATA, sent_bytes: GIB }, 48);
  t.truthy(progress);
  if (progress === undefined) return;
  t.is(percent(progress), 75);
  t.is(
    formatAmounts(progress),
    ' 75 %  3.0 GiB of 4.0 GiB  64.0 MiB/s  0:48 elapsed  0:16 left  1.0 GiB sent',
  );
  t.is(Array.from(formatBar(progress, 40)).length, 40);
  t.regex(formatBar(progress, 200), /^ {2}\[█{18}░{6}\] {2}75 %/);
});

const NO_PROGRESS = [
  {},
  { done_bytes: 1 },
  { done_bytes: 1, total_bytes: 0 },
  { done_bytes: -1, total_bytes: 5 },
  { done_bytes: 'x', total_bytes: 5 },
  { done_bytes: Number.NaN, total_bytes: 5 },
];
for (const data of NO_PROGRESS)
  test(`no bar from ${JSON.stringify(data)}`, (t) => {
    t.is(readProgress(data, 1), undefined);
  });

test('99.9 % is not yet 100, and nothing is more than 100', (t) => {
  const at = (doneBytes: number) =>
    percent({
      doneBytes,
      totalBytes: 1000,
      sentBytes: undefined,
      bytesPerSecond: 1,
      elapsedSeconds: 1,
    });
  t.is(at(999), 99);
  t.is(at(1000), 100);
  t.is(at(2000), 100);
});

function event(seconds: number, kind: string, message: string, data = {}): ShownEvent {
  return { at: new Date(1_000_000 + seconds * 1000).toISOString(), kind, message, data };
}

function play(isTty: boolean, events: readonly ShownEvent[]): string {
  let written = '';
  const view = openStageView({ write: (text) => (written += text), isTty, columns: 60 });
  events.forEach(view.show);
  view.end();
  return written;
}

const STORY = [
  event(0, 'step.started', 'write_disk'),
  event(0, 'dhcp.discover', 'not shown'),
  ...Array.from({ length: 101 }, (_, index) =>
    event(1 + index / 10, 'write.progress', `${index}`, { done_bytes: index, total_bytes: 100 }),
  ),
  event(11, 'write.done', 'wrote 100 B'),
  event(12, 'tftp.failed', 'no such file\u001b[31m'),
];

test('elsewhere than on a terminal: a line per stage, and one every ten percent', (t) => {
  const lines = play(false, STORY).trimEnd().split('\n');
  t.is(lines[0], '   0:00  ▸ write_disk');
  t.deepEqual(
    lines.filter((line) => line.includes('%')).map((line) => /(\d+) %/.exec(line)?.[1]),
    ['0', '10', '20', '30', '40', '50', '60', '70', '80', '90', '100'],
  );
  t.is(lines.at(-2), '   0:11  ✓ wrote 100 B');
  t.is(lines.at(-1), '   0:12  ✗ no such file [31m');
  t.is(lines.length, 14);
});

test('on a terminal: the bar is rewritten in place and gone at the end', (t) => {
  const text = play(true, STORY);
  t.is(text.split('\n').length, 4, 'three lines, and nothing after them');
  const shown = text.split('\n').map((line) => line.split('\r\u001b[2K').at(-1));
  t.deepEqual(shown, [
    '   0:00  ▸ write_disk',
    '   0:11  ✓ wrote 100 B',
    '   0:12  ✗ no such file [31m',
    '',
  ]);
  for (const bar of text.split('\r\u001b[2K')) t.true(Array.from(bar).length < 120);
});

test('a line written while the bar is up stands above it', (t) => {
  const text = play(true, [
    event(2, 'write.progress', '', DATA),
    event(2, 'power.changed', 'power on'),
  ]);
  t.true(text.includes('\r\u001b[2K   0:00  · power on\n  ['), text);
});
