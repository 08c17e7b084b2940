import test from 'ava';
import { Answers } from '../../../image-tools/guestfish/answers.ts';
import { quoteArgument } from '../../../image-tools/guestfish/quoting.ts';
import { seededRandom } from '../support/random.ts';

test('output in pieces of any size is cut at the marks', async (t) => {
  const random = seededRandom(4);
  for (let round = 0; round < 50; round += 1) {
    const answers = new Answers();
    const text = 'first\nanswer\nmark-1\nmark-2: unknown command\nlast\nmark-3\n';
    const got = (async () => [
      await answers.until('mark-1'),
      await answers.until('mark-2'),
      await answers.until('mark-3'),
    ])();
    for (let at = 0; at < text.length;) {
      const end = at + 1 + random(9);
      answers.push(text.slice(at, end));
      at = end;
      await Promise.resolve();
    }
    t.deepEqual(await got, ['first\nanswer\n', '', 'last\n']);
  }
});

test('an end without a mark is undefined, now and later', async (t) => {
  const answers = new Answers();
  const waiting = answers.until('never');
  answers.push('half an answer');
  answers.end();
  t.is(await waiting, undefined);
  t.is(await answers.until('never'), undefined);
  t.is(answers.rest, 'half an answer');
});

test('without whole lines a mark counts at once', async (t) => {
  const answers = new Answers({ whole: false });
  answers.push('Debian\nlogin: ');
  t.is(await answers.until('login: '), 'Debian\n');
});

const QUOTED: readonly [string, string][] = [
  ['/etc/fstab', '"/etc/fstab"'],
  ['a b', '"a b"'],
  ['a"b\\c', '"a\\x22b\\x5cc"'],
  ['two\nlines', '"two\\x0alines"'],
  ['ü', '"\\xc3\\xbc"'],
  ["it's $HOME `x`", '"it\'s $HOME `x`"'],
];

for (const [text, quoted] of QUOTED)
  test(`quoting ${JSON.stringify(text)}`, (t) => {
    t.is(quoteArgument(text), quoted);
  });

test('a zero byte cannot be passed', (t) => {
  t.throws(() => quoteArgument('a\0b'));
});
