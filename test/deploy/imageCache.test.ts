import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';
import { tidyImageCache } from '../../conductor/deploy/imageCache.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { insertNode } from '../../conductor/store/nodes.ts';
import { insertOperation, setOperationStatus } from '../../conductor/store/operations.ts';
import { nodeWith } from './support/node.ts';

test('what a running operation took from the cache stays until it has ended', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-image-cache-'));
  const database = await openDatabase(':memory:');
  t.teardown(async () => {
    await database.destroy();
    await rm(folder, { recursive: true });
  });
  const boot = { boot_http: { url: 'http://127.0.0.1:1' }, dhcp: { enabled: false } };
  const images = { cache_days: 1 };
  const config = parseConfig(JSON.stringify({ ...boot, state_dir: folder, images }), 'c');
  const cacheDir = join(folder, 'images');
  await mkdir(cacheDir);
  const node = await insertNode(database, nodeWith({}));
  const operation = await insertOperation(database, {
    nodeUuid: node.uuid,
    verb: 'deploy',
    steps: ['prepare_image'],
  });
  // A deploy that takes days: what it fetched at its beginning is old by now.
  const DAY_MS = 24 * 3600 * 1000;
  const beganMs = Date.now() - 3 * DAY_MS;
  await database
    .updateTable('operations')
    .set({ startedAt: new Date(beganMs).toISOString() })
    .execute();
  const entries = { a: beganMs - DAY_MS, b: beganMs + 1000 };
  for (const [letter, usedAtMs] of Object.entries(entries)) {
    const path = join(cacheDir, letter.repeat(32));
    await writeFile(path, 'x');
    await utimes(path, usedAtMs / 1000, usedAtMs / 1000);
  }
  await tidyImageCache({ database, config });
  t.deepEqual(await readdir(cacheDir), ['b'.repeat(32)]);
  await setOperationStatus(database, operation.uuid, 'done');
  await tidyImageCache({ database, config });
  t.deepEqual(await readdir(cacheDir), []);
});
