import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IronpxeError } from '../../errors/error.ts';
import { GIB } from '../../values/units.ts';
import type { Invocation } from '../command.ts';
import type { JsonObject } from '../json.ts';
import { readWholeNumber, toUrl } from '../fileUrl.ts';

/** What a name is to stand for, from a NAME.json of atomic-to-pxe or from an image and options. */
export async function readFields(invocation: Invocation, image: string): Promise<JsonObject> {
  const isManifest = image.endsWith('.json') && !image.includes('://');
  const found = isManifest ? await manifestFields(image) : { image_source: toUrl(image) };
  const text = (name: string) => invocation.text(name);
  const given = {
    image_type: invocation.flag('whole-disk') ? 'whole-disk' : undefined,
    image_disk_format: text('format'),
    image_checksum: text('checksum'),
    kernel: optionalUrl(text('kernel')),
    ramdisk: optionalUrl(text('ramdisk')),
    min_root_gb: readWholeNumber(invocation, 'root-gb'),
    kernel_append_params: text('kernel-options'),
    root_device: text('root-device'),
    kernel_cmdline: text('kernel-line'),
  };
  return { ...found, ...withoutMissing(given) };
}

function optionalUrl(text: string | undefined): string | undefined {
  return text === undefined ? undefined : toUrl(text);
}

function withoutMissing(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What a NAME.json of atomic-to-pxe says of its image. @throws IronpxeError CLI_USAGE */
export async function manifestFields(path: string): Promise<JsonObject> {
  // Not before they are needed, for the sake of all other commands.
  const { readManifest } = await import('../../../image-tools/glance/manifestFile.ts');
  const { bootOptions } = await import('../../../image-tools/glance/description.ts');
  const manifest = await readManifest(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('CLI_USAGE', `${why} Expected a NAME.json of atomic-to-pxe.`, {
      cause: error,
    });
  });
  const { base, kernel, ramdisk } = manifest;
  const url = ({ file }: { readonly file: string }) =>
    pathToFileURL(join(dirname(resolve(path)), file)).href;
  return withoutMissing({
    image_source: url(base),
    image_type: 'partition',
    image_disk_format: base.format,
    image_checksum: base.sha256,
    kernel: url(kernel),
    ramdisk: url(ramdisk),
    min_root_gb: Math.ceil(base.virtualSizeBytes / GIB),
    ...bootOptions(manifest, {}),
  });
}
