import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IronpxeError } from '../errors/error.ts';
import type { Invocation } from './command.ts';

/**
 * A path of this host as a file URL; the conductor reads it there, so it must see the file too.
 * Other text stays as it is. @throws IronpxeError CLI_USAGE
 */
export function toUrl(text: string): string {
  if (!isPath(text) && !(existsSync(text) && !text.includes('://'))) return text;
  if (existsSync(text)) return pathToFileURL(resolve(text)).href;
  throw new IronpxeError('CLI_USAGE', `There is no file ${text}.`);
}

function isPath(text: string): boolean {
  return text.startsWith('/') || text.startsWith('./') || text.startsWith('../');
}

/** The value of an option that counts something. @throws IronpxeError CLI_USAGE */
export function readWholeNumber(invocation: Invocation, option: string): number | undefined {
  const text = invocation.text(option);
  if (text === undefined) return undefined;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new IronpxeError('CLI_USAGE', `--${option} ${text}: expected a whole number.`);
}
