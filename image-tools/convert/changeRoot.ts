import { posix } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import type { EditableFiles } from '../filesystems/files.ts';
import { resolveLinks } from '../filesystems/resolve.ts';
import type { FoundSystem } from '../inspect/system.ts';
import type { Edit } from './editSpec.ts';
import { carryLoader, removeBootMounts, type Change } from './edits.ts';

/** Makes the root fit for a disk without /boot, then the user's own changes. */
export async function changeRoot(
  files: EditableFiles,
  system: FoundSystem,
  edits: readonly Edit[],
): Promise<Change[]> {
  const changes = await removeBootMounts(files, system.fstabs);
  changes.push(...(await carryLoader(files, system)));
  for (const edit of edits) changes.push(await applyEdit(files, system, edit));
  return changes;
}

async function applyEdit(files: EditableFiles, system: FoundSystem, edit: Edit): Promise<Change> {
  const home = system.deployment?.path ?? system.rootBase;
  const path = await placeWithin(files, home, edit.path);
  switch (edit.action) {
    case 'write':
      await files.writeText(path, edit.text);
      break;
    case 'append':
      await files.writeText(path, (await textOrNothing(files, path)) + edit.text);
      break;
    case 'upload':
      await files.upload(edit.file, path);
      break;
    case 'mkdir':
      await files.makeFolder(path);
      break;
    case 'delete':
      await files.remove(path);
      break;
    case 'symlink':
      await files.makeSymlink(edit.target, path);
      break;
    case 'chmod':
      await files.setMode(path, edit.mode);
      break;
    default:
      edit satisfies never;
  }
  return { path, what: `--edit ${edit.action}` };
}

/** The folder of a path, links followed, must be there and within the deployment or the root. */
async function placeWithin(files: EditableFiles, home: string, path: string): Promise<string> {
  const wanted = posix.join(home, posix.normalize(path));
  const folder = await resolveLinks(files, posix.dirname(wanted));
  const inside =
    folder !== undefined && (folder === home || folder.startsWith(posix.join(home, '/')));
  if (folder !== undefined && inside) return posix.join(folder, posix.basename(wanted));
  throw new ImageToolError(
    'USAGE',
    `--edit ${path}: its folder is missing, or a link leads out of ${home}.`,
  );
}

async function textOrNothing(files: EditableFiles, path: string): Promise<string> {
  return (await files.kind(path)) === 'file' ? files.readText(path) : '';
}
