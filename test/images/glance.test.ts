import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';
import { fetchImage, type FetchOptions } from '../../conductor/images/fetchImage.ts';
import { canonicalRef, glanceId } from '../../conductor/images/glance.ts';
import { createGlance } from '../../conductor/openstack/glance.ts';
import { MIB } from '../../conductor/values/units.ts';
import { Random } from '../deploy/support/random.ts';
import { FakeCloud } from '../image-tools/glance/support/fakeCloud.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-glance-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const CONTENT = Buffer.concat([
  new Random(1).bytes(3 * MIB),
  Buffer.alloc(MIB),
  Buffer.from('end'),
]);
const UUID = '0b1c2d3e-0000-4000-8000-00000000000F';

/** Fetching as a conductor with this configuration does. */
async function options(fake: FakeCloud, more: Partial<FetchOptions> = {}): Promise<FetchOptions> {
  const keystone = { auth_url: `${fake.url}/v3`, username: 'u', password: 'p' };
  const boot = { boot_http: { url: 'http://127.0.0.1:1' }, dhcp: { enabled: false } };
  const glance = createGlance(parseConfig(JSON.stringify({ ...boot, keystone }), 'c'));
  const cacheDir = await mkdtemp(join(FOLDER, 'cache-'));
  return { cacheDir, allowedFolders: [], glance, retryDelayMs: 1, stallTimeoutMs: 3_000, ...more };
}

const REFS: readonly (readonly [ref: string, id: string | undefined])[] = [
  [UUID, UUID.toLowerCase()],
  [`glance://${UUID}`, UUID.toLowerCase()],
  ['glance://x', undefined],
  [`http://h/${UUID}`, undefined],
  [`glance://${UUID}/..`, undefined],
];
for (const [ref, id] of REFS)
  test(`the image id of ${ref}`, (t) => {
    t.is(glanceId(ref), id);
    t.is(canonicalRef(ref), id === undefined ? ref : `glance://${id}`);
  });

test('an image comes by UUID, once, under its id and checksum', async (t) => {
  await using fake = await FakeCloud.start();
  const id = fake.add({}, CONTENT);
  const set = await options(fake);
  const files = await Promise.all([fetchImage(id, set), fetchImage(`glance://${id}`, set)]);
  for (const { path } of files) t.true((await readFile(path)).equals(CONTENT));
  t.is(fake.count('GET', /file$/), 1);
  t.is((await fetchImage(id.toUpperCase(), set)).origin, 'cache');
  t.is(fake.count('GET', /file$/), 1);
  t.is((await readdir(set.cacheDir)).length, 2);
  t.is(fake.logIns.length, 1);
  t.like(fake.logIns[0], { auth: { scope: { project: { name: 'service' } } } });
});

test('the same image with another content is fetched again', async (t) => {
  await using fake = await FakeCloud.start();
  const id = fake.add({}, CONTENT);
  const set = await options(fake);
  await fetchImage(id, set);
  const other = Buffer.from('another content');
  const digest = createHash('sha512').update(other).digest('hex');
  fake.content.set(id, other);
  Object.assign(fake.images.get(id) ?? {}, { os_hash_value: digest });
  t.is((await fetchImage(id, set)).origin, 'download');
});

type Digest = readonly [title: string, fields: Record<string, unknown>, code: string | undefined];
const WRONG = { sha512: 'ab'.repeat(64), md5: 'ab'.repeat(16) };
const DIGESTS: readonly Digest[] = [
  ['a right SHA-512', {}, undefined],
  ['a wrong SHA-512', { os_hash_value: WRONG.sha512 }, 'IMAGE_CHECKSUM_MISMATCH'],
  [
    'a wrong MD5 of an old Glance',
    { os_hash_algo: null, os_hash_value: null, checksum: WRONG.md5 },
    'IMAGE_CHECKSUM_MISMATCH',
  ],
  ['a right MD5 of an old Glance', { os_hash_algo: null, os_hash_value: null }, undefined],
  [
    'an algorithm that is not known falls back to MD5',
    { os_hash_algo: 'blake2b', os_hash_value: 'ab'.repeat(64) },
    undefined,
  ],
  ['no digest at all', { os_hash_algo: null, os_hash_value: null, checksum: null }, undefined],
];
for (const [title, fields, code] of DIGESTS)
  test(`checked: ${title}`, async (t) => {
    await using fake = await FakeCloud.start();
    const id = fake.add(fields, CONTENT);
    const fetching = fetchImage(id, await options(fake));
    if (code === undefined) t.is((await fetching).sizeBytes, CONTENT.length);
    else await t.throwsAsync(fetching, { code });
  });

test('a broken transfer goes on where it stopped, with a token that is good then', async (t) => {
  await using fake = await FakeCloud.start();
  fake.tokenLifeMs = 60_000;
  const id = fake.add({}, CONTENT);
  let breaks = 0;
  fake.fault = ({ path }) =>
    path.endsWith('/file') && breaks++ < 2 ? { breakAtBytes: MIB } : undefined;
  const { path } = await fetchImage(id, await options(fake));
  t.true((await readFile(path)).equals(CONTENT));
  const transfers = fake.seen.filter((one) => one.path.endsWith('/file'));
  t.is(transfers.length, 3);
  t.is(transfers[0]?.range, '');
  for (const { range } of transfers.slice(1)) t.regex(range, /^bytes=[1-9]\d*-$/);
  t.not(transfers[0]?.token, transfers[2]?.token);
});

test('a token does not follow a redirect', async (t) => {
  await using fake = await FakeCloud.start();
  await using other = await FakeCloud.start();
  const id = fake.add({}, CONTENT);
  const headers = { location: `${other.url}/image/v2/images/${id}/file` };
  fake.fault = ({ path }) => (path.endsWith('/file') ? { status: 302, headers } : undefined);
  await t.throwsAsync(fetchImage(id, await options(fake)), { code: 'IMAGE_DOWNLOAD_FAILED' });
  t.is(other.seen.length, 0);
});

test('an error of a transfer that broke for good does not show the token', async (t) => {
  await using fake = await FakeCloud.start();
  const id = fake.add({}, CONTENT);
  fake.fault = ({ path }) => (path.endsWith('/file') ? { breakAtBytes: 0 } : undefined);
  const error = await t.throwsAsync(fetchImage(id, await options(fake)), {
    code: 'IMAGE_DOWNLOAD_FAILED',
  });
  t.notRegex(inspect(error, { depth: 9 }), /token-/);
});

test('without a Keystone in the configuration there are no images of Glance', async (t) => {
  const set = { cacheDir: FOLDER, allowedFolders: [] };
  await t.throwsAsync(fetchImage(UUID, set), { code: 'OPENSTACK_NOT_CONFIGURED' });
});

type Fault = readonly [
  title: string,
  fields: Record<string, unknown>,
  fault: FakeCloud['fault'],
  code: string,
];
const FAULTS: readonly Fault[] = [
  [
    'Keystone refuses',
    {},
    ({ method }) => (method === 'POST' ? { status: 401 } : undefined),
    'OPENSTACK_REFUSED',
  ],
  ['Keystone says nothing that makes sense', {}, () => ({ status: 200 }), 'OPENSTACK_FAILED'],
  [
    'Glance has trouble',
    {},
    ({ method }) => (method === 'GET' ? { status: 503 } : undefined),
    'OPENSTACK_FAILED',
  ],
  [
    'the content is refused',
    {},
    ({ path }) => (path.endsWith('/file') ? { status: 403 } : undefined),
    'IMAGE_DOWNLOAD_REFUSED',
  ],
  ['no content yet', { status: 'queued' }, () => undefined, 'GLANCE_IMAGE_UNUSABLE'],
  ['a format that no disk has', { disk_format: 'vmdk' }, () => undefined, 'GLANCE_IMAGE_UNUSABLE'],
  ['it says qcow2 and is raw', { disk_format: 'raw' }, () => undefined, 'IMAGE_FORMAT_MISMATCH'],
];
for (const [title, fields, fault, code] of FAULTS)
  test(`${title}: ${code}`, async (t) => {
    await using fake = await FakeCloud.start();
    const id = fake.add(fields, CONTENT);
    fake.fault = fault;
    const expectedFormat = code === 'IMAGE_FORMAT_MISMATCH' ? ('qcow2' as const) : undefined;
    await t.throwsAsync(fetchImage(id, await options(fake, { expectedFormat })), { code });
  });

test('an image that is not there, and a Keystone that is not there', async (t) => {
  const fake = await FakeCloud.start();
  const set = await options(fake);
  await t.throwsAsync(fetchImage(UUID, set), { code: 'IMAGE_NOT_FOUND' });
  await fake[Symbol.asyncDispose]();
  await t.throwsAsync(fetchImage(UUID, set), { code: 'OPENSTACK_UNREACHABLE' });
});
