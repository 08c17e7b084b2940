import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildConfigDrive } from '../conductor/deploy/configDrive/build.ts';
import { manifestFields } from '../conductor/cli/image/fields.ts';
import { ATOMIC_NAME, netbootAtomic } from './atomicImage.ts';
import type { LabOptions } from './options.ts';
import { USER_LOGIN, userImage } from './userImage.ts';

type Say = (text: string) => void;

/** What is deployed: `instance_info`, and the folders from which its files come. */
export type Wanted = {
  readonly instanceInfo: Readonly<Record<string, unknown>>;
  readonly folders: readonly string[];
  /** Name → what it stands for, for `image_source: image://NAME`. */
  readonly images: Readonly<Record<string, object>>;
  /** What to say of logging in; an own image knows that itself. */
  readonly loginHint: string;
};

const LOGIN_HINT = `, user ${USER_LOGIN.username}, password ${USER_LOGIN.password}`;

/**
 * The image that the options ask for, built where it is not cached.
 * @throws LabFault, ImageToolError
 */
export async function wantedImage(
  options: LabOptions,
  say: Say,
  signal: AbortSignal,
): Promise<Wanted> {
  const { image, kernel, ramdisk, rootGib } = options;
  const url = (path: string): string => pathToFileURL(path).href;
  if (image !== undefined) {
    const paths = [image, kernel, ramdisk].filter((path) => path !== undefined);
    const boot =
      kernel === undefined || ramdisk === undefined
        ? {}
        : { kernel: url(kernel), ramdisk: url(ramdisk), root_gb: rootGib };
    const folders = [...new Set(paths.map((path) => dirname(path)))];
    const instanceInfo = { image_source: url(image), ...boot };
    return { instanceInfo, folders, images: {}, loginHint: '' };
  }
  if (options.atomic) return wantedAtomic(options, say, signal);
  const variant = options.cloud ? 'cloud' : 'plain';
  const cacheDir = join(options.cacheDir, options.cloud ? 'user-image-cloud' : 'user-image');
  const built = await userImage({ cacheDir, variant, onStage: say, signal });
  const { rootPath, kernelPath, ramdiskPath } = built;
  const instanceInfo = {
    image_source: url(rootPath),
    kernel: url(kernelPath),
    ramdisk: url(ramdiskPath),
    root_gb: rootGib,
    swap_mb: 256,
    ...(options.cloud && { configdrive: await greetingDrive() }),
  };
  return { instanceInfo, folders: [dirname(rootPath)], images: {}, loginHint: LOGIN_HINT };
}

/** What a machine with cloud-init shows of its config drive at the login prompt: its own name. */
function greetingDrive(): Promise<string> {
  const nobody = { uuid: randomUUID(), name: null, networkData: {} };
  const meta_data = { hostname: 'cloud' };
  const user_data = '#!/bin/sh\necho "written by user data" >/root/hello\n';
  return buildConfigDrive(nobody, { meta_data, user_data });
}

/** The image gets a name in the conductor, which brings kernel, ramdisk and boot options along. */
async function wantedAtomic(
  { cacheDir }: LabOptions,
  say: Say,
  signal: AbortSignal,
): Promise<Wanted> {
  const manifest = await netbootAtomic(cacheDir, say, signal);
  return {
    instanceInfo: { image_source: `image://${ATOMIC_NAME}` },
    folders: [dirname(manifest)],
    images: { [ATOMIC_NAME]: await manifestFields(manifest) },
    loginHint: `${LOGIN_HINT}; try "ostree admin status"`,
  };
}
