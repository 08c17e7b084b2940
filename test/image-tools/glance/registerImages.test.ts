import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import test from 'ava';
import { describeEvent, describeRegistration } from '../../../image-tools/glance/describe.ts';
import {
  type RegisterEvent,
  registerFromJson,
  registerImages,
} from '../../../image-tools/glance/registerImages.ts';
import { FakeCloud } from './support/fakeCloud.ts';
import { failing, isUpload, trioMaker } from './support/register.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-register-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));
const trio = trioMaker(FOLDER);

test('a trio arrives byte for byte, with progress, linked by properties', async (t) => {
  await using fake = await FakeCloud.start();
  const json = await trio();
  const events: RegisterEvent[] = [];
  const onEvent = (event: RegisterEvent) => void events.push(event);
  const { kernel, ramdisk, base } = await registerImages(
    { outputs: { manifest: json } },
    { cloud: fake.cloud, onEvent },
  );
  for (const { id, name } of [kernel, ramdisk]) {
    const sent = fake.content.get(id);
    t.true(sent?.equals(await readFile(join(json, '..', name))));
  }
  t.like(fake.images.get(base.id), {
    name: 'fedora',
    disk_format: 'ami',
    kernel_id: kernel.id,
    ramdisk_id: ramdisk.id,
    root_device: '/dev/mapper/atomicos-root',
  });
  const progress = events.filter((event) => event.kind === 'uploading' && event.role === 'base');
  const doneBytes = progress.map((event) => (event.kind === 'uploading' ? event.doneBytes : -1));
  t.deepEqual(
    doneBytes,
    doneBytes.toSorted((a, b) => a - b),
  );
  t.is(doneBytes.at(-1), 300_000);
  const lines = events.flatMap((event) =>
    event.kind === 'uploading' ? [] : [describeEvent(event)],
  );
  t.deepEqual(
    lines.map((line) => line.replace(/ \(.*/, '')),
    ['kernel', 'ramdisk', 'base'].map((role) => `${role}: stored and verified`),
  );
});

test('raw/bare by choice, and what is set by hand wins', async (t) => {
  await using fake = await FakeCloud.start();
  const options = {
    style: 'raw',
    visibility: 'shared',
    appendParams: 'quiet',
    rootDevice: 'LABEL=x',
  } as const;
  const { base, kernel } = await registerFromJson(await trio(), { cloud: fake.cloud, ...options });
  const fields = { disk_format: 'raw', container_format: 'bare', visibility: 'shared' };
  t.like(fake.images.get(kernel.id), fields);
  t.like(fake.images.get(base.id), {
    ...fields,
    kernel_append_params: 'quiet',
    root_device: 'LABEL=x',
  });
});

test('a rerun sends nothing; changed options change properties; changed content is sent', async (t) => {
  await using fake = await FakeCloud.start();
  const json = await trio();
  const first = await registerFromJson(json, { cloud: fake.cloud });
  const second = await registerFromJson(json, { cloud: fake.cloud, appendParams: 'quiet' });
  t.is(fake.count('PUT', /file$/), 3);
  t.is(fake.count('PATCH', /./), 1);
  t.is(second.base.id, first.base.id);
  t.is(fake.images.get(first.base.id)?.['kernel_append_params'], 'quiet');
  t.regex(describeRegistration(second).join('\n'), /was there already/);
  const third = await registerFromJson(await trio({ seed: 2 }), { cloud: fake.cloud });
  t.not(third.base.id, first.base.id);
  t.is(fake.images.size, 6);
});

test('a manifest without checksums is hashed here', async (t) => {
  await using fake = await FakeCloud.start();
  const json = await trio({ baseBytes: 10_000_001 });
  const first = await registerFromJson(json, { cloud: fake.cloud });
  t.regex(String(fake.images.get(first.base.id)?.['content_sha256']), /^[0-9a-f]{64}$/);
  t.true((await registerFromJson(json, { cloud: fake.cloud })).base.reused);
});

test('a token that Glance does not know any more is replaced', async (t) => {
  await using fake = await FakeCloud.start();
  let refused = 0;
  fake.fault = ({ method }) =>
    method === 'POST' ? undefined : refused++ === 0 ? { status: 401 } : undefined;
  await registerFromJson(await trio(), { cloud: fake.cloud });
  t.is(fake.logIns.length, 2);
});

test('a token that is about to end is replaced before it is used', async (t) => {
  await using fake = await FakeCloud.start();
  fake.tokenLifeMs = 60_000;
  await registerFromJson(await trio(), { cloud: fake.cloud });
  t.true(fake.logIns.length > 3);
});

test('images of the failed run that cannot be removed are named', async (t) => {
  await using fake = await FakeCloud.start();
  let down = false;
  fake.fault = (seen) => {
    down ||= isUpload(seen) && fake.content.size === 2;
    return down ? { status: 503 } : undefined;
  };
  const error = await failing(fake, await trio(), 300);
  t.is(error.code, 'GLANCE_FAILED');
  t.is(fake.images.size, 3);
  for (const id of fake.images.keys()) t.true(error.message.includes(id));
});

test('a Glance that comes back in time is asked again to remove', async (t) => {
  await using fake = await FakeCloud.start();
  let refusals = 0;
  fake.fault = ({ method }) => {
    if (method === 'PUT' && fake.content.size === 2) refusals = 3;
    return refusals-- > 0 ? { status: 503 } : undefined;
  };
  t.is((await failing(fake, await trio(), 10_000)).code, 'GLANCE_FAILED');
  t.is(fake.images.size, 0);
});

test('an interrupt in the middle leaves nothing', async (t) => {
  await using fake = await FakeCloud.start();
  const controller = new AbortController();
  const onEvent = (event: RegisterEvent) => {
    if (event.kind === 'uploading' && event.role === 'base') controller.abort(new Error('stop'));
  };
  const json = await trio({ baseBytes: 9_000_000 });
  const run = registerFromJson(json, { cloud: fake.cloud, onEvent, signal: controller.signal });
  await t.throwsAsync(run, { message: 'stop' });
  t.is(fake.images.size, 0);
});

test('Keystone refuses: no image is made, and the password is not told', async (t) => {
  await using fake = await FakeCloud.start();
  fake.fault = () => ({
    status: 401,
    body: '{"error":{"message":"The request you have made requires authentication."}}',
  });
  const error = await failing(fake, await trio());
  t.is(error.code, 'CLOUD_REFUSED');
  t.regex(error.message, /Keystone answered POST .* 401: The request you have made/);
  t.notRegex(inspect(error, { depth: 9 }), /"pw"|'pw'/);
});

test('no image endpoint, no Keystone, nobody there', async (t) => {
  const json = await trio();
  const fake = await FakeCloud.start();
  fake.hasImageEndpoint = false;
  t.is((await failing(fake, json)).code, 'CLOUD_NOT_CONFIGURED');
  fake.fault = () => ({ status: 200, body: '<html>' });
  t.regex((await failing(fake, json)).message, /does not speak Identity API v3/);
  const { cloud } = fake;
  await fake[Symbol.asyncDispose]();
  const error = await t.throwsAsync(registerFromJson(json, { cloud }), {
    code: 'CLOUD_UNREACHABLE',
  });
  t.notRegex(inspect(error, { depth: 9 }), /password/);
});

test('a manifest that is none, or whose files are not there', async (t) => {
  await using fake = await FakeCloud.start();
  const json = await trio();
  const manifest = JSON.parse(await readFile(json, 'utf8'));
  const wrong: unknown[] = [
    {},
    { ...manifest, format: 'other' },
    { ...manifest, kernel: { ...manifest.kernel, file: '../../etc/passwd' } },
    { ...manifest, kernel: { ...manifest.kernel, sha256: 'x' } },
  ];
  for (const [index, one] of wrong.entries()) {
    const path = join(json, '..', `wrong-${index}.json`);
    await writeFile(path, JSON.stringify(one));
    t.is((await failing(fake, path)).code, 'MANIFEST_UNUSABLE');
  }
  t.is((await failing(fake, join(FOLDER, 'absent.json'))).code, 'MANIFEST_UNUSABLE');
  await truncate(join(json, '..', 'fedora-kernel'), 10);
  t.regex((await failing(fake, json)).message, /has 10 bytes, expected 5000/);
  t.is(fake.seen.length, 0);
});
