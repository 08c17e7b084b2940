import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageToolError } from '../../../../image-tools/errors/error.ts';
import { registerFromJson } from '../../../../image-tools/glance/registerImages.ts';
import { writeTrio } from '../../../openstack/support/trio.ts';
import type { FakeCloud, Seen } from './fakeCloud.ts';

/** Makes trios in folders of their own below `folder`; returns the path of NAME.json. */
export function trioMaker(folder: string) {
  return async (options?: Parameters<typeof writeTrio>[2]): Promise<string> =>
    writeTrio(await mkdtemp(join(folder, 'trio-')), 'fedora', options);
}

/** Whether it sends content. */
export const isUpload = ({ method }: Seen): boolean => method === 'PUT';

/** Registers and returns the error that this ends with. */
export async function failing(
  fake: FakeCloud,
  json: string,
  removeWithinMs = 3_000,
): Promise<ImageToolError> {
  const error = await registerFromJson(json, { cloud: fake.cloud, removeWithinMs }).catch(
    (reason: unknown) => reason,
  );
  if (error instanceof ImageToolError) return error;
  throw new Error('expected an ImageToolError', { cause: error });
}
