import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import type { Cloud } from './cloud.ts';
import { CreatedImages } from './createdImages.ts';
import {
  bootProperties,
  CONTENT_PROPERTY,
  describeImage,
  type DescribeOptions,
} from './description.ts';
import { sha256Of } from './digests.ts';
import { CODE_OF_KIND } from './errors.ts';
import { OpenStackFailure } from './failure.ts';
import { ImagesApi, type GlanceImage } from './imagesApi.ts';
import { Keystone } from './keystone.ts';
import { readManifest, type RegisteredManifest, type Role } from './manifestFile.ts';
import { readCloud } from './readCloud.ts';
import { uploadFile } from './upload.ts';

/** What happens during a registration. */
export type RegisterEvent =
  | { readonly kind: 'found' | 'stored' | 'updated'; readonly role: Role; readonly id: string }
  | {
      readonly kind: 'uploading';
      readonly role: Role;
      readonly id: string;
      readonly doneBytes: number;
      readonly totalBytes: number;
    }
  | { readonly kind: 'removing'; readonly why: string };

export type RegisterOptions = DescribeOptions & {
  /** By default what the `OS_*` variables or clouds.yaml say. */
  readonly cloud?: Cloud | undefined;
  /** How long a failed run tries to remove what it made; 60,000 by default. */
  readonly removeWithinMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: RegisterEvent) => void) | undefined;
};

/** An image in Glance; `reused` when it was there before this run. */
export type Registered = { readonly id: string; readonly name: string; readonly reused: boolean };

export type RegisterResult = {
  readonly kernel: Registered;
  readonly ramdisk: Registered;
  readonly base: Registered;
  /** The boot properties of the root image. */
  readonly properties: Readonly<Record<string, string>>;
};

/**
 * Registers kernel, ramdisk and root of a conversion in Glance, linked by properties. What is there
 * already with the same name and content is not sent again; a run that fails removes what it made.
 * @throws ImageToolError CLOUD_*, GLANCE_*, IMAGE_GONE, MANIFEST_UNUSABLE
 */
export async function registerImages(
  result: { readonly outputs: { readonly manifest: string } },
  options: RegisterOptions = {},
): Promise<RegisterResult> {
  return registerFromJson(result.outputs.manifest, options);
}

/** The same from the NAME.json of a conversion; its files lie beside it. */
export async function registerFromJson(
  jsonPath: string,
  options: RegisterOptions = {},
): Promise<RegisterResult> {
  const manifest = await readManifest(jsonPath);
  return inWordsOfTool(async () => {
    const api = openCloud(options.cloud);
    return await register({ api, manifest, folder: dirname(jsonPath), options });
  });
}

/**
 * Logs in and looks for the endpoint of Glance, so that a mistake there is told before a conversion
 * and not after it. @throws ImageToolError CLOUD_*, GLANCE_FAILED
 */
export async function tryCloud(cloud?: Cloud, signal?: AbortSignal): Promise<void> {
  await inWordsOfTool(() => openCloud(cloud).session(signal));
}

function openCloud(cloud: Cloud = readCloud()): ImagesApi {
  return new ImagesApi(new Keystone(cloud));
}

async function inWordsOfTool<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OpenStackFailure)
      throw new ImageToolError(CODE_OF_KIND[error.kind], error.message, { cause: error });
    if (error instanceof Error && 'syscall' in error)
      throw new ImageToolError('MANIFEST_UNUSABLE', error.message, { cause: error });
    throw error;
  }
}

type Run = {
  readonly api: ImagesApi;
  readonly manifest: RegisteredManifest;
  readonly folder: string;
  readonly options: RegisterOptions;
};

const REMOVE_WITHIN_MS = 60_000;

async function register(run: Run): Promise<RegisterResult> {
  const created = new CreatedImages(run.api);
  try {
    const kernel = await place(run, created, 'kernel');
    const ramdisk = await place(run, created, 'ramdisk');
    const ids = { kernel: kernel.id, ramdisk: ramdisk.id };
    const properties = bootProperties(run.manifest, ids, run.options);
    const base = await place(run, created, 'base', properties);
    return { kernel, ramdisk, base, properties };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    run.options.onEvent?.({ kind: 'removing', why });
    const left = await created.remove(run.options.removeWithinMs ?? REMOVE_WITHIN_MS);
    throw left.length === 0 ? error : withLeftovers(error, left);
  }
}

/** Says what a failed run could not clean up, and how to. */
function withLeftovers(error: unknown, left: readonly string[]): unknown {
  const kind = error instanceof OpenStackFailure ? error.kind : 'unreachable';
  const why = error instanceof Error ? error.message : String(error);
  const message = `${why} These images of the failed run could not be removed: openstack image delete ${left.join(' ')}`;
  return new OpenStackFailure(kind, message, { cause: error });
}

/** Finds or makes one image. */
async function place(
  run: Run,
  created: CreatedImages,
  role: Role,
  properties: Readonly<Record<string, string>> = {},
): Promise<Registered> {
  const { api, manifest, folder, options } = run;
  const file = manifest[role];
  const path = join(folder, file.file);
  const sha256 = file.sha256 ?? (await sha256Of(path, options.signal));
  const fields = describeImage(role, manifest, sha256, options);
  const name = String(fields['name']);
  const found = await findImage(run, fields);
  if (found) {
    await bringUpToDate(run, role, found, properties);
    return { id: found.id, name, reused: true };
  }
  // The id is ours and noted first: an answer that gets lost leaves no image that nobody knows of.
  const id = randomUUID();
  created.add(id);
  await api.create({ id, ...fields, ...properties }, options.signal);
  const totalBytes = file.sizeBytes;
  const onBytes = (doneBytes: number) =>
    options.onEvent?.({ kind: 'uploading', role, id, doneBytes, totalBytes });
  await uploadFile(api, {
    id,
    path,
    sizeBytes: totalBytes,
    sha256,
    signal: options.signal,
    onBytes,
  });
  options.onEvent?.({ kind: 'stored', role, id });
  return { id, name, reused: false };
}

/** The project's own image with this name, content and format, if there is one. */
async function findImage(
  { api, options }: Run,
  fields: Readonly<Record<string, string | number>>,
): Promise<GlanceImage | undefined> {
  const { projectId } = await api.session(options.signal);
  const alike = await api.list(
    {
      status: 'active',
      name: String(fields['name']),
      [CONTENT_PROPERTY]: String(fields[CONTENT_PROPERTY]),
      ...(projectId !== undefined && { owner: projectId }),
    },
    options.signal,
  );
  return alike.find(
    ({ disk_format: disk, container_format: container }) =>
      disk === fields['disk_format'] && container === fields['container_format'],
  );
}

/** Gives an image that is reused the properties of this run where they differ. */
async function bringUpToDate(
  { api, options }: Run,
  role: Role,
  image: GlanceImage,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  options.onEvent?.({ kind: 'found', role, id: image.id });
  const different = Object.entries(properties).filter(([key, value]) => image[key] !== value);
  if (different.length === 0) return;
  await api.update(image.id, Object.fromEntries(different), options.signal);
  options.onEvent?.({ kind: 'updated', role, id: image.id });
}
