import { z } from 'zod';
import { canonicalRef } from '../images/glance.ts';

/** How images are named: as atomic-to-pxe names them. */
export const IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const SCHEME = 'image://';
const FILE = /^((file|https?):\/\/\S+|glance:\/\/[0-9a-f-]{36})$/;
const IMAGE = new RegExp(`${FILE.source}|^${SCHEME}${IMAGE_NAME.source.slice(1)}`);

const text = z.string().transform(canonicalRef);

/** Where a file is: a URL, or a UUID of Glance, which becomes `glance://UUID`. */
export const fileRef = text.pipe(
  z
    .string()
    .regex(FILE, 'expected a file://, http:// or https:// URL, or the UUID of an image in Glance'),
);

/** Where an image is: as a file, or `image://NAME` for one that was given a name. */
export const imageRef = text.pipe(
  z
    .string()
    .regex(
      IMAGE,
      'expected a file://, http:// or https:// URL, the UUID of an image in Glance, or image://NAME',
    ),
);

/** NAME of a reference `image://NAME`. */
export function imageName(ref: string): string | undefined {
  return ref.startsWith(SCHEME) ? ref.slice(SCHEME.length) : undefined;
}
