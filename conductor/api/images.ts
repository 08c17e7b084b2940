import { z } from 'zod';
import { type ImageFields, namedImage } from '../deploy/namedImage.ts';
import { IMAGE_NAME } from '../deploy/imageRef.ts';
import { deleteImage, getImage, listImages, type NamedImage, putImage } from '../store/images.ts';
import type { JsonObject } from '../store/types.ts';
import { wireTime } from './links.ts';
import { refuseUnknown } from './paging.ts';
import type { Answer, Call, Resource } from './resource.ts';
import { parse } from './schemas.ts';

const imageName = z.string().regex(IMAGE_NAME, 'expected letters, digits, ".", "_" and "-"');

/** Images by name, for deploys without OpenStack. Ironic has no such resource. */
export const IMAGE_RESOURCES: readonly Resource[] = [
  { path: '/v1/images', GET: { what: 'Lists named images.', handle: list } },
  {
    path: '/v1/images/:name',
    GET: { what: 'Shows what a name stands for.', handle: show },
    PUT: { what: 'Gives an image a name, or a name another image.', handle: put },
    DELETE: { what: 'Takes a name away; the files stay.', handle: remove },
  },
];

async function list(call: Call): Promise<Answer> {
  refuseUnknown(call, []);
  const images = await listImages(call.database);
  return { status: 200, body: { images: images.map(rendered) } };
}

async function show(call: Call): Promise<Answer> {
  const image = await getImage(call.database, call.params.name ?? '');
  return { status: 200, body: rendered(image) };
}

async function put(call: Call): Promise<Answer> {
  const name = parse(imageName, call.params.name, 'image name');
  const image: ImageFields = parse(namedImage, call.body, 'image');
  await call.conductor.checkImage(image);
  await putImage(call.database, name, image);
  return { status: 200, body: rendered(await getImage(call.database, name)) };
}

async function remove(call: Call): Promise<Answer> {
  await deleteImage(call.database, call.params.name ?? '');
  return { status: 204 };
}

function rendered({ name, image, createdAt, updatedAt }: NamedImage): JsonObject {
  return { name, ...image, created_at: wireTime(createdAt), updated_at: wireTime(updatedAt) };
}
