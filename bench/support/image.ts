import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { MIB } from '../../conductor/values/units.ts';

/** A run of bytes in a file. */
export type Run = { readonly offsetBytes: number; readonly lengthBytes: number };

/** A raw image and the runs of it that hold data; the rest is holes. */
export type Image = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly data: readonly Run[];
};

const RUN_BYTES = 16 * MIB;

/** Makes an image with runs of random data of 16 MiB, spread evenly. */
export async function makeImage(
  path: string,
  dataBytes: number,
  sizeBytes: number,
): Promise<Image> {
  const runs = Math.ceil(dataBytes / RUN_BYTES);
  const strideBytes = Math.floor(sizeBytes / runs / MIB) * MIB;
  const data = Array.from({ length: runs }, (_, index) => ({
    offsetBytes: index * strideBytes,
    lengthBytes: Math.min(RUN_BYTES, dataBytes - index * RUN_BYTES),
  }));
  await using file = await open(path, 'w');
  await file.truncate(sizeBytes);
  for (const { offsetBytes, lengthBytes } of data)
    await file.write(randomBytes(lengthBytes), 0, lengthBytes, offsetBytes);
  return { path, sizeBytes, data };
}

/** Fills a file with bytes that are not zero, so that a hole left alone is seen. */
export async function fillWithGarbage(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'w');
  const garbage = Buffer.alloc(MIB, 0xa5);
  for (let at = 0; at < sizeBytes; at += garbage.length)
    await file.write(garbage, 0, Math.min(garbage.length, sizeBytes - at), at);
}
