import { IronpxeError } from '../errors/error.ts';
import type { Database } from './database.ts';
import type { JsonObject } from './types.ts';

/** An image that was given a name. Times are ISO 8601 text. */
export type NamedImage = {
  readonly name: string;
  /** Where it is and how it boots, as the API takes it. */
  readonly image: JsonObject;
  readonly createdAt: string;
  readonly updatedAt: string | null;
};

/** Every named image, by name. */
export async function listImages(database: Database): Promise<NamedImage[]> {
  const rows = await database.selectFrom('images').selectAll().orderBy('name').execute();
  return rows.map((row) => ({ ...row, image: JSON.parse(row.image) }));
}

/** Finds an image by its name, in whatever case. @throws IronpxeError IMAGE_UNKNOWN */
export async function getImage(database: Database, name: string): Promise<NamedImage> {
  const row = await database
    .selectFrom('images')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined)
    throw new IronpxeError('IMAGE_UNKNOWN', `There is no image with the name "${name}".`);
  return { ...row, image: JSON.parse(row.image) };
}

/** Gives an image a name, or the name another image. */
export async function putImage(database: Database, name: string, image: JsonObject): Promise<void> {
  const now = new Date().toISOString();
  const text = JSON.stringify(image);
  await database
    .insertInto('images')
    .values({ name, image: text, createdAt: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ image: text, updatedAt: now }))
    .execute();
}

/** Takes a name away; the image itself stays. @throws IronpxeError IMAGE_UNKNOWN */
export async function deleteImage(database: Database, name: string): Promise<void> {
  const image = await getImage(database, name);
  await database.deleteFrom('images').where('name', '=', image.name).execute();
}
