import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { ImageToolError } from '../errors/error.ts';

/**
 * Holds the only right to write one set of outputs, until disposed or until this process dies in
 * whatever way: the lock is flock(2)'s, taken by a helper on a file that this process has open.
 * @throws ImageToolError OUTPUT_BUSY, OUTPUT_UNWRITABLE, PROGRAM_MISSING
 */
export async function lockOutput(path: string): Promise<AsyncDisposable> {
  const lock = await tryLock(path, ['-n']);
  if (lock) return lock;
  throw new ImageToolError('OUTPUT_BUSY', `Another process holds ${path}.`);
}

/** The same, but waits for whoever holds it now. @throws ImageToolError OUTPUT_UNWRITABLE, PROGRAM_MISSING */
export async function waitForLock(path: string): Promise<AsyncDisposable> {
  for (;;) {
    const lock = await tryLock(path, []);
    if (lock) return lock;
  }
}

async function tryLock(
  path: string,
  flags: readonly string[],
): Promise<AsyncDisposable | undefined> {
  const file = await openLockFile(path);
  const isMine = await take(file, path, flags).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  if (!isMine) {
    await file.close();
    return undefined;
  }
  return {
    async [Symbol.asyncDispose]() {
      await rm(path, { force: true });
      await file.close();
    },
  };
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a');
  } catch (error) {
    throw new ImageToolError('OUTPUT_UNWRITABLE', `${path} cannot be made: ${String(error)}`, {
      cause: error,
    });
  }
}

async function take(file: FileHandle, path: string, flags: readonly string[]): Promise<boolean> {
  const status = await flockHelper(file.fd, flags);
  // Its last holder removes the file: a lock on a removed file says nothing.
  const [held, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return status === 0 && held.ino === there?.ino;
}

/** Locks the open file behind `fd`: the lock is the file's, so it outlives the helper. */
async function flockHelper(fd: number, flags: readonly string[]): Promise<number | null> {
  // node's own spawn: execa's types have no place for a file descriptor of ours.
  const helper = spawn('flock', [...flags, '0'], { stdio: [fd, 'ignore', 'ignore'] });
  try {
    const [status] = (await once(helper, 'close')) as [number | null];
    return status;
  } catch (error) {
    throw new ImageToolError('PROGRAM_MISSING', '"flock" is not installed (package util-linux).', {
      cause: error,
    });
  }
}
