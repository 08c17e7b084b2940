import test from 'ava';
import {
  applyEdits,
  child,
  childrenOf,
  escapeXml,
  parseXml,
  removal,
  textOf,
} from '../../../conductor/drivers/ssh/xml.ts';
import { OS_LIST, PER_DEVICE } from './domains.ts';

test('elements know their attributes, children and places', (t) => {
  const text = `<a x='1' y="two &lt;&#65;"><b/><c>hi &amp; <!-- no <d> --> </c><b z='3'/></a>`;
  const root = parseXml(text);
  t.deepEqual(root?.attributes, { x: '1', y: 'two <A' });
  t.deepEqual(
    root?.children.map(({ name }) => name),
    ['b', 'c', 'b'],
  );
  t.deepEqual(
    childrenOf(root, 'b').map((one) => text.slice(one.start, one.end)),
    ['<b/>', `<b z='3'/>`],
  );
  const c = child(root, 'c');
  t.is(text.slice(c?.start, c?.end), '<c>hi &amp; <!-- no <d> --> </c>');
  t.is(textOf('<n> a &lt; b </n>', parseXml('<n> a &lt; b </n>')), 'a < b');
});

test('text is escaped so that it reads back', (t) => {
  const nasty = `<a href="x">'&amp;'</a>`;
  t.is(parseXml(`<x v='${escapeXml(nasty)}'/>`)?.attributes['v'], nasty);
});

for (const bad of [
  '',
  'text',
  '<a>',
  '</a>',
  '<a></b>',
  '<a/><b/>',
  '<a><b></a></b>',
  '<a x=1/>',
  '<a x="1/>',
  '<a <b/>/>',
  '<a><!-- </a>',
  '<a>1 < 2</a>',
])
  test(`not well formed: ${JSON.stringify(bad)}`, (t) => {
    t.is(parseXml(bad), undefined);
  });

for (const [name, text] of Object.entries({ PER_DEVICE, OS_LIST }))
  test(`${name} cut off anywhere is not well formed`, (t) => {
    t.truthy(parseXml(text));
    for (let length = 0; length < text.length; length++)
      if (parseXml(text.slice(0, length)) !== undefined) t.fail(`cut at ${length} was taken`);
  });

test('seeded damage never throws, and what is taken has places inside the text', (t) => {
  let seed = 20_261_123;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const letters = `<>/'"=&;! -ax`;
  let taken = 0;
  for (let round = 0; round < 3000; round++) {
    const at = random(PER_DEVICE.length);
    const put = letters[random(letters.length)] ?? '';
    const text = PER_DEVICE.slice(0, at) + put + PER_DEVICE.slice(at + random(3));
    const root = parseXml(text);
    if (root === undefined) continue;
    taken++;
    t.true(root.end <= text.length && root.contentStart <= root.contentEnd);
  }
  t.true(taken > 100 && taken < 2900, `${taken} of 3000 were taken`);
});

test('a long hostile text is refused quickly', (t) => {
  const startedMs = performance.now();
  t.is(parseXml(`<a ${'x '.repeat(50_000)}>`), undefined);
  t.is(parseXml('<a '.repeat(50_000)), undefined);
  t.is(parseXml('<a>'.repeat(50_000)), undefined);
  t.true(performance.now() - startedMs < 5000);
});

test('edits apply in the order of their places', (t) => {
  const text = '<a><b/> <c/></a>';
  const root = parseXml(text);
  const c = child(root, 'c');
  t.truthy(c);
  if (c === undefined) return;
  const edits = [
    removal(text, c),
    { start: 3, end: 3, text: '1' },
    { start: 3, end: 3, text: '2' },
  ];
  t.is(applyEdits(text, edits), '<a>12<b/></a>');
});
