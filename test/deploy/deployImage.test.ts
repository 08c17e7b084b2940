import test from 'ava';
import { keptImage, lookUpImage, withImage } from '../../conductor/deploy/deployImage.ts';
import { parseDeployRequest } from '../../conductor/deploy/request.ts';
import type { Glance } from '../../conductor/openstack/glance.ts';
import type { ImageDescription } from '../../conductor/openstack/imageDescription.ts';
import { nodeWith } from './support/node.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const KERNEL = '00000000-0000-4000-8000-000000000002';
const RAMDISK = '00000000-0000-4000-8000-000000000003';

function glanceWith(image: Partial<ImageDescription>): Glance {
  const described: ImageDescription = {
    id: ID,
    format: 'raw',
    checksum: undefined,
    type: undefined,
    kernelId: undefined,
    ramdiskId: undefined,
    boot: {},
    ...image,
  };
  return {
    describe: async () => described,
    contentRequest: async () => Promise.reject(new Error('not asked for')),
  };
}

type Row = readonly [
  title: string,
  image: Partial<ImageDescription>,
  instanceInfo: Record<string, unknown>,
  expected: object,
];
const BOTH = { kernelId: KERNEL, ramdiskId: RAMDISK };
const ROWS: readonly Row[] = [
  [
    'kernel and ramdisk make it a partition image',
    BOTH,
    { root_gb: 1 },
    { wholeDisk: false, kernel: `glance://${KERNEL}`, ramdisk: `glance://${RAMDISK}` },
  ],
  ['without them it is a whole disk', {}, {}, { wholeDisk: true, kernel: undefined }],
  ['img_type decides', { ...BOTH, type: 'whole-disk' }, {}, { wholeDisk: true }],
  [
    'image_type of the instance wins over it',
    { ...BOTH, type: 'whole-disk' },
    { image_type: 'partition', root_gb: 1 },
    { wholeDisk: false },
  ],
  [
    'a kernel of the instance wins',
    BOTH,
    { root_gb: 1, kernel: 'file:///k' },
    { kernel: 'file:///k', ramdisk: `glance://${RAMDISK}` },
  ],
  [
    'a kernel of the instance by bare UUID',
    BOTH,
    { root_gb: 1, kernel: RAMDISK },
    { kernel: `glance://${RAMDISK}` },
  ],
  ['the format of Glance', { format: 'qcow2' }, {}, { imageFormat: 'qcow2' }],
];
for (const [title, image, instanceInfo, expected] of ROWS)
  test(title, async (t) => {
    const node = nodeWith({ instanceInfo: { image_source: ID, ...instanceInfo } });
    const known = withImage(node, await lookUpImage(glanceWith(image), node));
    const request = parseDeployRequest(known);
    t.is(request.imageSource, `glance://${ID}`);
    t.like(request, expected);
  });

test('a partition image without a ramdisk is refused', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: ID, root_gb: 1 } });
  const known = withImage(node, await lookUpImage(glanceWith({ kernelId: KERNEL }), node));
  t.throws(() => parseDeployRequest(known), { message: /needs instance_info\/ramdisk/ });
});

test('what was kept of another image counts for nothing', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: ID } });
  const known = withImage(node, await lookUpImage(glanceWith(BOTH), node));
  t.is(keptImage(known)?.kernel, `glance://${KERNEL}`);
  t.is(keptImage({ ...known, instanceInfo: { image_source: KERNEL } }), undefined);
  t.deepEqual(withImage(known, undefined).driverInternalInfo, {});
});

test('images from elsewhere are not asked of Glance', async (t) => {
  for (const image_source of ['http://h/i', 'file:///i', undefined, 7])
    t.is(await lookUpImage(undefined, nodeWith({ instanceInfo: { image_source } })), undefined);
});

test('a Glance image needs a Keystone in the configuration', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: ID } });
  await t.throwsAsync(lookUpImage(undefined, node), { code: 'OPENSTACK_NOT_CONFIGURED' });
});
