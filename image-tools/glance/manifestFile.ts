import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ImageToolError } from '../errors/error.ts';

const digest = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${length}}$`))
    .optional();

const FILE = z.object({
  /** Beside the manifest, never elsewhere. */
  file: z.string().regex(/^[\w][\w.-]*$/),
  sizeBytes: z.int().min(1),
  sha256: digest(64),
  md5: digest(32),
});

/** The part of NAME.json that registering needs. */
const MANIFEST = z.object({
  format: z.literal('atomic-to-pxe/1'),
  name: z.string().min(1),
  boot: z.object({ root: z.string().optional(), append: z.string() }),
  kernel: FILE,
  ramdisk: FILE,
  base: FILE.extend({ format: z.enum(['raw', 'qcow2']), virtualSizeBytes: z.int().min(1) }),
});

export type RegisteredManifest = z.output<typeof MANIFEST>;
export type ManifestFile = z.output<typeof FILE>;

export const ROLES = ['kernel', 'ramdisk', 'base'] as const;
export type Role = (typeof ROLES)[number];

/**
 * Reads NAME.json and checks that its files are there at the length that it tells.
 * @throws ImageToolError MANIFEST_UNUSABLE
 */
export async function readManifest(path: string): Promise<RegisteredManifest> {
  const parsed = MANIFEST.safeParse(await readJson(path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unusable(`${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? ''}`);
  }
  for (const role of ROLES)
    await checkFile(join(dirname(path), parsed.data[role].file), parsed.data[role]);
  return parsed.data;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ImageToolError('MANIFEST_UNUSABLE', `${path}: ${why}`, { cause: error });
  }
}

async function checkFile(path: string, { sizeBytes }: ManifestFile): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw unusable(`${path} is not there.`);
  if (found.size !== sizeBytes)
    throw unusable(`${path} has ${found.size} bytes, expected ${sizeBytes}.`);
}

function unusable(message: string): ImageToolError {
  return new ImageToolError('MANIFEST_UNUSABLE', message);
}
