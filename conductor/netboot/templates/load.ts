import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import { checkTemplate, type Template } from './render.ts';

/** The templates that boot configs are made from. */
export type BootTemplates = {
  readonly pxelinux: Template;
  readonly ipxeNode: Template;
  readonly ipxeStart: Template;
  readonly grub: Template;
  readonly grubStart: Template;
};

/** The folder that ironpxe ships its templates in. */
export const TEMPLATES_FOLDER = join(import.meta.dirname, '../../../pxe-templates');

/** Each template's file and the placeholders in it. */
const FILES = {
  pxelinux: {
    file: 'pxelinux.cfg',
    placeholders: [
      'default_label',
      'node_uuid',
      'deploy_options',
      'boot_options',
      'disk_identifier',
    ],
  },
  ipxeNode: {
    file: 'node.ipxe',
    placeholders: ['default_label', 'node_uuid', 'deploy_options', 'boot_options'],
  },
  ipxeStart: { file: 'boot.ipxe', placeholders: ['rom_policy'] },
  grub: {
    file: 'grub.cfg',
    placeholders: ['default_label', 'node_uuid', 'deploy_options', 'boot_options'],
  },
  grubStart: { file: 'grub-start.cfg', placeholders: [] },
} as const satisfies Record<keyof BootTemplates, { file: string; placeholders: readonly string[] }>;

/**
 * Reads and checks the templates, once.
 * @throws IronpxeError BOOT_TEMPLATE_INVALID
 */
export async function loadTemplates(folder = TEMPLATES_FOLDER): Promise<BootTemplates> {
  const [pxelinux, ipxeNode, ipxeStart, grub, grubStart] = await Promise.all([
    load(folder, FILES.pxelinux),
    load(folder, FILES.ipxeNode),
    load(folder, FILES.ipxeStart),
    load(folder, FILES.grub),
    load(folder, FILES.grubStart),
  ]);
  return { pxelinux, ipxeNode, ipxeStart, grub, grubStart };
}

async function load(
  folder: string,
  { file, placeholders }: { file: string; placeholders: readonly string[] },
): Promise<Template> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new IronpxeError('BOOT_TEMPLATE_INVALID', `The boot template ${path} cannot be read.`, {
      cause,
    });
  });
  return checkTemplate(path, text, placeholders);
}
