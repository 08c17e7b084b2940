import test from 'ava';
import { JsonList } from '../../conductor/api/jsonList.ts';

test('a list grows past its first buffer, whatever its letters', (t) => {
  const names = Array.from({ length: 2000 }, (_, index) => `Gerät ${index} 架 ${'x'.repeat(100)}`);
  const list = new JsonList('nodes');
  for (const name of names) list.add(JSON.stringify({ name }));
  const { json } = list.end('http://127.0.0.1/v1/nodes?marker="');
  t.deepEqual(JSON.parse(json.toString()), {
    nodes: names.map((name) => ({ name })),
    next: 'http://127.0.0.1/v1/nodes?marker="',
  });
});

test('an empty list is one', (t) => {
  t.is(new JsonList('nodes').end(undefined).json.toString(), '{"nodes":[]}');
});

test('a buffer is used again when it was sent, and not before', (t) => {
  const first = new JsonList('a').end(undefined);
  const second = new JsonList('b').end(undefined);
  first.onSent();
  const third = new JsonList('c').end(undefined);
  t.is(third.json.buffer, first.json.buffer);
  t.not(second.json.buffer, first.json.buffer);
  t.is(second.json.toString(), '{"b":[]}');
});
