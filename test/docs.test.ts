import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseConfig } from '../conductor/config/load.ts';
import { GENERATED_PAGES } from '../scripts/docs/pages.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

for (const [path, text] of Object.entries(GENERATED_PAGES))
  test(`${path} is what "npm run docs" writes`, (t) => {
    t.is(read(path), text());
  });

test('the example configuration is a good one', (t) => {
  const path = 'docs/ironpxe.example.yaml';
  t.is(parseConfig(read(path), path).boot_http.url, 'http://192.0.2.1:8088');
});
