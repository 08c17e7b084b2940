import { writeFileSync } from 'node:fs';
import { GENERATED_PAGES } from './docs/pages.ts';

for (const [path, text] of Object.entries(GENERATED_PAGES)) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text());
  console.log(`wrote ${path}`);
}
