import test from 'ava';
import { keptImage, lookUpImage, withImage } from '../../conductor/deploy/deployImage.ts';
import { parseDeployRequest } from '../../conductor/deploy/request.ts';
import type { Glance } from '../../conductor/openstack/glance.ts';
import type { ImageDescription } from '../../conductor/openstack/imageDescription.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { putImage } from '../../conductor/store/images.ts';
import type { Config } from '../../conductor/config/schema.ts';
import { reportKernelLine } from '../../conductor/deploy/bootLine.ts';
import type { JsonObject, Node } from '../../conductor/store/types.ts';
import { nodeWith } from './support/node.ts';

const database = await openDatabase(':memory:');
test.after.always(() => database.destroy());

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
    minRootGib: undefined,
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
  ['min_disk, without a root_gb', { ...BOTH, minRootGib: 6 }, {}, { rootGib: 6 }],
  ['root_gb wins over min_disk', { ...BOTH, minRootGib: 6 }, { root_gb: 9 }, { rootGib: 9 }],
];
for (const [title, image, instanceInfo, expected] of ROWS)
  test(title, async (t) => {
    const node = nodeWith({ instanceInfo: { image_source: ID, ...instanceInfo } });
    const known = withImage(node, await lookUpImage({ database, glance: glanceWith(image) }, node));
    const request = parseDeployRequest(known);
    t.is(request.imageSource, `glance://${ID}`);
    t.like(request, expected);
  });

test('a partition image without a ramdisk is refused', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: ID, root_gb: 1 } });
  const known = withImage(
    node,
    await lookUpImage({ database, glance: glanceWith({ kernelId: KERNEL }) }, node),
  );
  t.throws(() => parseDeployRequest(known), { message: /needs instance_info\/ramdisk/ });
});

test('what was kept of another image counts for nothing', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: ID } });
  const known = withImage(node, await lookUpImage({ database, glance: glanceWith(BOTH) }, node));
  t.is(keptImage(known)?.kernel, `glance://${KERNEL}`);
  t.is(keptImage({ ...known, instanceInfo: { image_source: KERNEL } }), undefined);
  t.deepEqual(withImage(known, undefined).driverInternalInfo, {});
});

test('images from elsewhere are not asked of Glance', async (t) => {
  for (const image_source of ['http://h/i', 'file:///i', undefined, 7])
    t.is(await lookUpImage({ database }, nodeWith({ instanceInfo: { image_source } })), undefined);
});

test('a Glance image needs a Keystone in the configuration', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: ID } });
  await t.throwsAsync(lookUpImage({ database }, node), { code: 'OPENSTACK_NOT_CONFIGURED' });
});

const NAMED = {
  image_source: 'file:///srv/a-base',
  kernel: 'file:///srv/a-kernel',
  ramdisk: KERNEL,
  image_checksum: 'ab'.repeat(32),
  min_root_gb: 6,
  kernel_append_params: 'rw ostree=/x %default%',
  root_device: '/dev/mapper/atomicos-root',
};
const NAMED_ROWS: readonly (readonly [
  title: string,
  image: JsonObject,
  instanceInfo: JsonObject,
  expected: object,
])[] = [
  [
    'a name brings all that a deploy needs',
    NAMED,
    {},
    {
      imageSource: 'file:///srv/a-base',
      imageChecksum: 'ab'.repeat(32),
      kernel: 'file:///srv/a-kernel',
      ramdisk: `glance://${KERNEL}`,
      wholeDisk: false,
      rootGib: 6,
    },
  ],
  [
    'what the instance says wins over it',
    NAMED,
    { root_gb: 7, kernel: 'file:///k', image_checksum: 'c' },
    { rootGib: 7, kernel: 'file:///k', imageChecksum: 'c' },
  ],
  [
    'a whole disk',
    { image_source: 'http://h/d.qcow2', image_disk_format: 'qcow2' },
    {},
    { wholeDisk: true, imageFormat: 'qcow2', imageSource: 'http://h/d.qcow2' },
  ],
];
for (const [title, image, instanceInfo, expected] of NAMED_ROWS)
  test(`a named image: ${title}`, async (t) => {
    const name = title.replaceAll(/\W/g, '-');
    await putImage(database, name, image);
    const node = nodeWith({ instanceInfo: { image_source: `image://${name}`, ...instanceInfo } });
    const known = withImage(node, await lookUpImage({ database }, node));
    t.like(parseDeployRequest(known), expected);
  });

test('the boot options of a named image lie between the node and the configuration', async (t) => {
  await putImage(database, 'atomic', NAMED);
  const config = { pxe: { append_params: 'console=ttyS0' } } as Config;
  const reported = async (fields: Partial<Node>) => {
    const node = nodeWith({ instanceInfo: { image_source: 'image://atomic' }, ...fields });
    return (await reportKernelLine({ config, database }, node)).line;
  };
  const root = 'root=/dev/mapper/atomicos-root ro text';
  t.is(await reported({}), `${root} rw ostree=/x console=ttyS0`);
  const driverInfo = { kernel_append_params: 'quiet %default%' };
  t.is(await reported({ driverInfo }), `${root} quiet rw ostree=/x console=ttyS0`);
});

test('a name that stands for nothing', async (t) => {
  const node = nodeWith({ instanceInfo: { image_source: 'image://nothing' } });
  await t.throwsAsync(lookUpImage({ database }, node), { code: 'IMAGE_UNKNOWN' });
});
