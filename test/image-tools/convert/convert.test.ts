import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { convert } from '../../../image-tools/convert/convert.ts';
import { CpioLister } from '../../../image-tools/ramdisk/cpioLister.ts';
import { recognise, SIGNATURE_BYTES } from '../../../image-tools/filesystems/signature.ts';
import {
  atomicPartitions,
  CHECKSUM,
  cloudRoot,
  DEBIAN_GRUB,
  KERNEL,
  RAMDISK,
} from '../support/systems.ts';
import { scratch, tinyImage } from '../support/tinyImage.ts';

const CASES = [
  { label: 'dos', root: 'lvm-xfs', content: 'xfs' },
  { label: 'gpt', root: 'lvm-ext4', content: 'ext' },
] as const;

for (const { label, root, content } of CASES)
  test(`${label} with ${root} becomes kernel, ramdisk, root and manifest`, async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { label, partitions: atomicPartitions({ root }) });
    const outputDir = join(folder.path, 'out');
    const { manifest, outputs, unchanged } = await convert({
      image,
      outputDir,
      name: 'a',
      appliance: false,
      checksums: 'sha256',
    });
    t.false(unchanged);
    t.deepEqual((await readdir(outputDir)).sort(), ['a-base', 'a-kernel', 'a-ramdisk', 'a.json']);
    t.deepEqual(
      JSON.parse(await readFile(outputs.manifest, 'utf8')),
      JSON.parse(JSON.stringify(manifest)),
    );
    t.deepEqual(await readFile(outputs.kernel), KERNEL);
    t.is(manifest.boot.root, '/dev/mapper/atomicos-root');
    t.is(
      manifest.boot.line,
      `root=/dev/mapper/atomicos-root rd.lvm.lv=atomicos/root rw console=ttyS0,115200n8 ostree=/ostree/boot.1/atomic/${CHECKSUM}/0`,
    );
    t.deepEqual(manifest.ostree, { osName: 'atomic', checksum: CHECKSUM, serial: 0 });
    t.is(manifest.os?.prettyName, 'Atomic 2');
    t.is(manifest.base.content, 'lvm-physical-volume');
    const base = await readFile(outputs.base);
    t.is(recognise(base.subarray(0, SIGNATURE_BYTES)), 'lvm');
    t.is(base.length, manifest.base.virtualSizeBytes);
    t.is(recognise(base.subarray(1024 * 1024, 1024 * 1024 + SIGNATURE_BYTES)), content);
    t.false(base.includes('/boot/efi'));
    t.true(base.includes('tmpfs /srv/boot tmpfs'));
    for (const part of ['kernel', 'ramdisk', 'base'] as const)
      await sameSums(t.is.bind(t), outputs[part], manifest[part]);
  });

async function sameSums(
  is: (a: unknown, b: unknown) => unknown,
  path: string,
  file: { readonly sha256?: string | undefined },
): Promise<void> {
  const { execa } = await import('execa');
  is((await execa('sha256sum', [path])).stdout.split(' ')[0], file.sha256);
}

test('the ramdisk carries the loader after its own archive', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const { outputs } = await convert({ image, outputDir: folder.path, name: 'a', appliance: false });
  const ramdisk = await readFile(outputs.ramdisk);
  t.deepEqual(ramdisk.subarray(0, RAMDISK.length), RAMDISK);
  const names: string[] = [];
  const lister = new CpioLister((name) => names.push(name));
  lister.push(ramdisk.subarray(Math.ceil(RAMDISK.length / 4) * 4));
  t.true(lister.ended);
  t.true(names.includes('usr/lib/atomic-to-pxe/boot/loader.1/entries/ostree-2-atomic.conf'));
  t.true(names.includes('usr/lib/atomic-to-pxe/boot/loader'));
});

test('extents of the manifest hold every byte that is not zero', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const { outputs, manifest } = await convert({
    image,
    outputDir: folder.path,
    name: 'a',
    appliance: false,
  });
  const base = await readFile(outputs.base);
  const rest = Buffer.from(base);
  for (const [offset, length] of manifest.base.extents) rest.fill(0, offset, offset + length);
  t.true(rest.every((byte) => byte === 0));
  t.true(manifest.base.allocatedBytes < base.length / 2);
});

test('a Debian cloud image: grub.cfg, /boot in the root, root= by UUID', async (t) => {
  await using folder = await scratch();
  const partitions = [{ content: 'ext4', files: cloudRoot(DEBIAN_GRUB) }] as const;
  const image = await tinyImage(folder.path, { label: 'gpt', partitions, compress: true });
  const { manifest, outputs } = await convert({
    image,
    outputDir: folder.path,
    name: 'd',
    appliance: false,
  });
  t.regex(manifest.boot.root ?? '', /^UUID=[0-9a-f-]{36}$/);
  t.is(manifest.boot.append, 'ro console=tty0 console=ttyS0,115200');
  t.deepEqual(manifest.boot.dropped, [{ option: '${extra}', reason: 'a variable of GRUB' }]);
  t.is(manifest.kernelVersion, '6.1.0-9-cloud-amd64');
  t.is(manifest.base.content, 'file-system');
  t.is(manifest.ostree, undefined);
  t.deepEqual(await readFile(outputs.ramdisk), RAMDISK);
  t.false((await readFile(outputs.base)).includes('/boot/efi'));
});

test('--deployment takes another entry of the menu', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const { manifest, outputs } = await convert({
    image,
    outputDir: folder.path,
    name: 'a',
    appliance: false,
    deployment: 1,
  });
  t.is(manifest.os?.prettyName, 'Atomic 1');
  t.is(await readFile(outputs.kernel, 'utf8'), 'old kernel');
});

test('--format qcow2 packs the same root', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { partitions: atomicPartitions() });
  const options = { image, outputDir: folder.path, appliance: false } as const;
  const raw = await convert({ ...options, name: 'raw' });
  const packed = await convert({ ...options, name: 'packed', format: 'qcow2', compress: true });
  t.is(packed.manifest.base.virtualSizeBytes, raw.manifest.base.virtualSizeBytes);
  t.true(packed.manifest.base.sizeBytes < raw.manifest.base.sizeBytes / 10);
  const { execa } = await import('execa');
  const { exitCode } = await execa(
    'qemu-img',
    ['compare', '-f', 'raw', '-F', 'qcow2', raw.outputs.base, packed.outputs.base],
    { reject: false },
  );
  t.is(exitCode, 0);
});
