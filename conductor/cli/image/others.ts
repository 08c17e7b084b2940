import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { requiredArg } from '../node/common.ts';
import { formatTable, printable } from '../view/text.ts';
import { imagePath, readImage, readImages } from './find.ts';

/** `ironpxe image list` */
export const imageList: Command = {
  name: 'image list',
  summary: 'List the images that have a name',
  args: [],
  options: {},
  text: 'Shows each name with the image that it stands for.',
  examples: ['ironpxe image list'],
  run: list,
};

async function list({ client, io, json }: Invocation): Promise<number> {
  const images = await readImages(client);
  const rows = images.map((image) => [
    image.name,
    image.image_type ?? (image.kernel === undefined ? 'whole-disk' : 'partition'),
    printable(image.image_source),
  ]);
  if (json) io.out(`${JSON.stringify({ images })}\n`);
  else if (images.length === 0)
    io.out('No image has a name. Give one a name with "ironpxe image add".\n');
  else io.out(formatTable([['NAME', 'TYPE', 'IMAGE'], ...rows]));
  return EXIT.ok.status;
}

/** `ironpxe image show` */
export const imageShow: Command = {
  name: 'image show',
  summary: 'Show what a name stands for',
  args: ['NAME'],
  options: {},
  text: 'Shows the image, its kernel and ramdisk, and its boot options.',
  examples: ['ironpxe image show fedora-atomic'],
  run: show,
};

async function show(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const image = await readImage(client, requiredArg(invocation, 0, 'NAME'));
  const rows = Object.entries(image)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [key, printable(String(value))]);
  io.out(json ? `${JSON.stringify({ image })}\n` : formatTable(rows));
  return EXIT.ok.status;
}

/** `ironpxe image remove` */
export const imageRemove: Command = {
  name: 'image remove',
  summary: 'Take a name away from an image',
  args: ['NAME'],
  options: {},
  text: 'The files stay, and machines that were deployed from it go on booting.',
  examples: ['ironpxe image remove fedora-atomic'],
  run: remove,
};

async function remove(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { name } = await readImage(client, requiredArg(invocation, 0, 'NAME'));
  await client.send('DELETE', imagePath(name));
  io.out(json ? `${JSON.stringify({ removed: name })}\n` : `${name} removed\n`);
  return EXIT.ok.status;
}
