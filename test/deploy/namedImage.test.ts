import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkImage, namedImage } from '../../conductor/deploy/namedImage.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-named-'));
await writeFile(join(FOLDER, 'there'), 'x');
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const PARTITION = { image_source: 'http://h/i', kernel: 'http://h/k', ramdisk: 'http://h/r' };

type Row = readonly [title: string, image: object, error: string | undefined];
const ROWS: readonly Row[] = [
  ['a partition image', PARTITION, undefined],
  ['a whole disk', { image_source: `file://${FOLDER}/there` }, undefined],
  ['a file that is not there', { image_source: `file://${FOLDER}/nothing` }, 'not found in'],
  ['a file elsewhere', { ...PARTITION, kernel: 'file:///etc/passwd' }, 'not found in'],
  ['no ramdisk', { image_source: 'http://h/i', kernel: 'http://h/k' }, 'ramdisk is missing'],
  ['no kernel', { image_source: 'http://h/i', image_type: 'partition' }, 'kernel is missing'],
  ['two lines', { ...PARTITION, kernel_append_params: 'a\nb' }, 'on one line'],
  ['an open quote', { ...PARTITION, kernel_cmdline: 'a="b' }, 'quotes in pairs'],
  ['a root with spaces', { ...PARTITION, root_device: 'a b' }, 'root_device'],
];
for (const [title, image, error] of ROWS)
  test(`a named image: ${title}`, async (t) => {
    const checked = checkImage(namedImage.parse(image), [FOLDER]);
    if (error === undefined) await t.notThrowsAsync(checked);
    else t.true((await t.throwsAsync(checked)).message.includes(error));
  });

for (const image of [
  {},
  { image_source: 'glance://00000000-0000-4000-8000-000000000001' },
  { image_source: 'image://other' },
  { image_source: 'http://h/i', more: 1 },
  { image_source: 'http://h/i', min_root_gb: 0 },
])
  test(`no image: ${JSON.stringify(image)}`, (t) => {
    t.false(namedImage.safeParse(image).success);
  });
