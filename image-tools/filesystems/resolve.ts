import { posix } from 'node:path';
import type { Files } from './files.ts';

const MAX_LINKS = 20;

/**
 * Follows every symbolic link in `path` within the file system, whose top it never leaves, as the
 * booted machine would; undefined when something on the way is missing or the links form a loop.
 */
export async function resolveLinks(files: Files, path: string): Promise<string | undefined> {
  let done = '/';
  let rest = parts(path);
  let links = 0;
  while (rest.length > 0) {
    const [name = '', ...after] = rest;
    const next = posix.join(done, name);
    const kind = name === '..' ? 'folder' : await files.kind(next);
    if (kind === undefined) return undefined;
    if (kind !== 'symlink') {
      done = next;
      rest = after;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return undefined;
    const target = await files.readLink(next);
    if (target.startsWith('/')) done = '/';
    rest = [...parts(target), ...after];
  }
  return done;
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
