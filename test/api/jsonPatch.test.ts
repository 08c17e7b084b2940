import test from 'ava';
import { applyPatch, type PatchOperation } from '../../conductor/api/jsonPatch.ts';
import { hasCode } from '../../conductor/errors/error.ts';
import type { JsonObject } from '../../conductor/store/types.ts';

const DOCUMENT = { name: 'n', extra: { a: 1, list: [1, 2] }, properties: {} };
const EMPTY = { extra: {}, properties: {} };

const GOOD: readonly [string, PatchOperation[], JsonObject][] = [
  ['set a root field', [{ op: 'add', path: '/name', value: 'm' }], { name: 'm' }],
  ['replace a root field', [{ op: 'replace', path: '/extra', value: {} }], { extra: {} }],
  ['remove a root field with an empty value', [{ op: 'remove', path: '/extra' }], { extra: {} }],
  ['remove a root field without one', [{ op: 'remove', path: '/name' }], { name: null }],
  [
    'add a key',
    [{ op: 'add', path: '/extra/b', value: { c: 2 } }],
    { extra: { a: 1, list: [1, 2], b: { c: 2 } } },
  ],
  ['remove a key', [{ op: 'remove', path: '/extra/a' }], { extra: { list: [1, 2] } }],
  [
    'append to a list',
    [{ op: 'add', path: '/extra/list/-', value: 3 }],
    { extra: { a: 1, list: [1, 2, 3] } },
  ],
  [
    'insert into a list',
    [{ op: 'add', path: '/extra/list/0', value: 0 }],
    { extra: { a: 1, list: [0, 1, 2] } },
  ],
  ['remove from a list', [{ op: 'remove', path: '/extra/list/0' }], { extra: { a: 1, list: [2] } }],
  [
    'see what the operation before did',
    [
      { op: 'add', path: '/properties/x', value: {} },
      { op: 'add', path: '/properties/x/y', value: 1 },
    ],
    { properties: { x: { y: 1 } } },
  ],
];

for (const [title, operations, expected] of GOOD)
  test(title, (t) => {
    const before = structuredClone(DOCUMENT);
    t.deepEqual(applyPatch(DOCUMENT, operations, EMPTY), { ...DOCUMENT, ...expected });
    t.deepEqual(DOCUMENT, before, 'the document itself is left alone');
  });

const BAD: readonly [string, PatchOperation][] = [
  ['an unknown root', { op: 'add', path: '/nope', value: 1 }],
  ['removing a missing key', { op: 'remove', path: '/extra/zz' }],
  ['replacing a missing key', { op: 'replace', path: '/extra/zz', value: 1 }],
  ['a path through a number', { op: 'add', path: '/extra/a/b', value: 1 }],
  ['a path through nothing', { op: 'add', path: '/extra/x/y', value: 1 }],
  ['a place beyond a list', { op: 'add', path: '/extra/list/3', value: 1 }],
  ['replacing behind a list', { op: 'replace', path: '/extra/list/2', value: 1 }],
  ['removing the end of a list', { op: 'remove', path: '/extra/list/-' }],
  ['a word in a list', { op: 'add', path: '/extra/list/x', value: 1 }],
  ['the prototype', { op: 'add', path: '/extra/__proto__', value: { polluted: true } }],
  ['inside the prototype', { op: 'add', path: '/extra/__proto__/x', value: 1 }],
  ['inside the constructor', { op: 'add', path: '/extra/constructor/x', value: 1 }],
];

for (const [title, operation] of BAD)
  test(`refuse ${title}`, (t) => {
    const error = t.throws(() => applyPatch(DOCUMENT, [operation], EMPTY));
    t.true(hasCode(error, 'PATCH_FAILED'), String(error));
    t.is(({} as JsonObject).polluted, undefined);
  });
