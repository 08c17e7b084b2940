import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKSUM_LEVELS, type ChecksumLevel } from '../convert/checksums.ts';
import { parseEdit } from '../convert/editSpec.ts';
import type { ConvertOptions } from '../convert/types.ts';
import { ImageToolError } from '../errors/error.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'inspect' | 'convert';
      readonly talk: Talk;
      readonly options: ConvertOptions;
      /** How the result is registered in Glance; `undefined`: not at all. */
      readonly glance: 'ami' | 'raw' | undefined;
    };

/** How much is said, and in which form. */
export type Talk = { readonly json: boolean; readonly quiet: boolean };

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Reads the arguments of atomic-to-pxe. @throws ImageToolError USAGE */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  const [image, ...more] = positionals;
  if (image === undefined || more.length > 0)
    throw usage(`Expected one image, found ${positionals.length}.`);
  if (!values.inspect && values.output === undefined)
    throw usage('--output is missing: the folder for the kernel, the ramdisk and the root.');
  if (values.compress && values.format !== 'qcow2')
    throw usage('--compress makes sense with --format qcow2 only.');
  if (values['glance-style'] !== undefined && !values.glance)
    throw usage('--glance-style makes sense with --glance only.');
  const checksums = parseLevel(values.checksums, values.glance);
  const name = values.name ?? basename(image).replace(/\.(qcow2|img|raw)$/, '');
  if (!NAME.test(name))
    throw usage(`The name ${JSON.stringify(name)} may only hold letters, digits, ".", "_", "-".`);
  return {
    kind: values.inspect ? 'inspect' : 'convert',
    talk: { json: values.json, quiet: values.quiet || values.json },
    glance: values.glance ? parseStyle(values['glance-style'] ?? 'ami') : undefined,
    options: {
      image,
      outputDir: values.output ?? '.',
      name,
      deployment: parseNumber(values.deployment),
      root: values.root,
      format: parseFormat(values.format),
      compress: values.compress,
      shrink: values.shrink,
      appliance: !values['no-appliance'],
      checksums,
      edits: values.edit.map(parseEdit),
      force: values.force,
      cacheDir: values.cache,
    },
  };
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: text,
        name: text,
        deployment: text,
        root: text,
        format: { ...text, default: 'raw' },
        edit: { ...text, multiple: true, default: [] },
        cache: text,
        'glance-style': text,
        checksums: text,
        glance: flag,
        compress: flag,
        shrink: flag,
        'no-appliance': flag,
        force: flag,
        inspect: flag,
        json: flag,
        quiet: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw usage(`--deployment ${text}: expected a number from 0 on.`);
}

function parseFormat(text: string): 'raw' | 'qcow2' {
  if (text === 'raw' || text === 'qcow2') return text;
  throw usage(`--format ${text}: expected raw or qcow2.`);
}

/** Glance's images are told apart by the checksum of the whole file. */
function parseLevel(text: string | undefined, glance: boolean): ChecksumLevel | undefined {
  if (text === undefined) return glance ? 'sha256' : undefined;
  const level = CHECKSUM_LEVELS.find((each) => each === text);
  if (level === undefined)
    throw usage(`--checksums ${text}: expected ${CHECKSUM_LEVELS.join(', ')}.`);
  if (glance && level === 'data')
    throw usage('--glance needs --checksums sha256 or md5: it is compared after the upload.');
  return level;
}

function parseStyle(text: string): 'ami' | 'raw' {
  if (text === 'ami' || text === 'raw') return text;
  throw usage(`--glance-style ${text}: expected ami or raw.`);
}

function usage(message: string): ImageToolError {
  return new ImageToolError('USAGE', message);
}
