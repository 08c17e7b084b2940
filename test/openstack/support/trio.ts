import { createHash } from 'node:crypto';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../deploy/support/random.ts';

/** The files of a small conversion: some random bytes each, the root followed by a hole. */
export async function writeTrio(
  folder: string,
  name: string,
  options: { readonly seed?: number; readonly baseBytes?: number; readonly append?: string } = {},
): Promise<string> {
  const {
    seed = 1,
    baseBytes = 300_000,
    append = 'ro ostree=/ostree/boot.1/x/0 rd.lvm.lv=atomicos/root',
  } = options;
  await mkdir(folder, { recursive: true });
  const random = new Random(seed);
  const files: Record<string, object> = {};
  for (const [role, sizeBytes] of [
    ['kernel', 5_000],
    ['ramdisk', 70_000],
    ['base', baseBytes],
  ] as const) {
    const file = `${name}-${role}`;
    const bytes = random.bytes(Math.min(sizeBytes, 200_000));
    await writeFile(join(folder, file), bytes);
    await truncate(join(folder, file), sizeBytes);
    const whole =
      sizeBytes > 10_000_000
        ? undefined
        : Buffer.concat([bytes, Buffer.alloc(sizeBytes - bytes.length)]);
    const digest = (algorithm: string) =>
      whole && createHash(algorithm).update(whole).digest('hex');
    files[role] = { file, sizeBytes, sha256: digest('sha256'), md5: digest('md5') };
  }
  const manifest = {
    format: 'atomic-to-pxe/1',
    name,
    boot: { root: '/dev/mapper/atomicos-root', append, dropped: [] },
    ...files,
    base: { ...files['base'], format: 'raw', virtualSizeBytes: baseBytes },
  };
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(manifest));
  return path;
}
