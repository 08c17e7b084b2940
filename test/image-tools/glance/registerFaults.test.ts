import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ImageErrorCode } from '../../../image-tools/errors/table.ts';
import { FakeCloud, type Fault, type Seen } from './support/fakeCloud.ts';
import { failing, isUpload, trioMaker } from './support/register.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-register-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));
const trio = trioMaker(FOLDER);

type Case = {
  readonly title: string;
  readonly fault: (seen: Seen, uploads: number) => Fault | undefined;
  readonly code: ImageErrorCode;
  readonly message: RegExp;
};

const third = (fault: Fault) => (seen: Seen, uploads: number) =>
  isUpload(seen) && uploads === 3 ? fault : undefined;

/** Each fault at the root image: the kernel and ramdisk are there by then, and must go again. */
const CASES: readonly Case[] = [
  {
    title: 'quota, told at the end',
    fault: third({
      status: 413,
      body: '<html><title>413 x</title><body>Denying attempt: quota</body></html>',
    }),
    code: 'GLANCE_QUOTA',
    message: /413: Denying attempt: quota/,
  },
  {
    title: 'quota, told before the content is read',
    fault: third({ earlyStatus: 413 }),
    code: 'GLANCE_QUOTA',
    message: /over quota/,
  },
  {
    title: 'the connection breaks mid-upload',
    fault: third({ breakAtBytes: 100_000 }),
    code: 'CLOUD_UNREACHABLE',
    message: /Glance does not answer/,
  },
  {
    title: 'Glance says nothing',
    fault: third('silent'),
    code: 'CLOUD_UNREACHABLE',
    message: /Glance does not answer/,
  },
  {
    title: 'Glance has trouble',
    fault: third({ status: 503, body: 'busy' }),
    code: 'GLANCE_FAILED',
    message: /503: busy/,
  },
  {
    title: 'a redirect is not followed',
    fault: third({ status: 302, headers: { location: 'http://192.0.2.1/' } }),
    code: 'GLANCE_FAILED',
    message: /302/,
  },
  {
    title: 'a property is forbidden',
    fault: ({ method, path }) =>
      method === 'POST' && path.endsWith('/images')
        ? { status: 403, body: '{"message":"forbidden by policy"}' }
        : undefined,
    code: 'CLOUD_REFUSED',
    message: /forbidden by policy/,
  },
  {
    title: 'an answer that is no image',
    fault: ({ method, path }, uploads) =>
      method === 'GET' && uploads === 3 && !path.includes('?')
        ? { status: 200, body: '[]' }
        : undefined,
    code: 'GLANCE_FAILED',
    message: /no image description/,
  },
];

for (const { title, fault, code, message } of CASES)
  test(`${title}: ${code}, and nothing is left`, async (t) => {
    await using fake = await FakeCloud.start();
    let uploads = 0;
    fake.fault = (seen) => fault(seen, isUpload(seen) ? ++uploads : uploads);
    const error = await failing(fake, await trio({ baseBytes: 9_000_000 }));
    t.is(error.code, code);
    t.regex(error.message, message);
    t.notRegex(error.message, /could not be removed/);
    t.is(fake.images.size, 0);
  });

test('what Glance stored differs: an error, and nothing is left', async (t) => {
  await using fake = await FakeCloud.start();
  fake.wrongHash = 'ab'.repeat(64);
  const error = await failing(fake, await trio());
  t.is(error.code, 'GLANCE_CONTENT_DIFFERS');
  t.is(fake.images.size, 0);
});

test('a file that changed since the conversion: an error, and nothing is left', async (t) => {
  await using fake = await FakeCloud.start();
  const json = await trio();
  await writeFile(join(json, '..', 'fedora-ramdisk'), Buffer.alloc(70_000, 7));
  const error = await failing(fake, json);
  t.is(error.code, 'GLANCE_CONTENT_DIFFERS');
  t.regex(error.message, /fedora-ramdisk has sha256/);
  t.is(fake.images.size, 0);
});
