import { readFileSync } from 'node:fs';
import test from 'ava';
import { apiReference } from '../../conductor/api/reference.ts';

test('docs/reference/api.md is what the tables say', (t) => {
  const page = new URL('../../docs/reference/api.md', import.meta.url);
  t.is(readFileSync(page, 'utf8'), apiReference());
});
