import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const MEMORY_FOLDER = '/dev/shm';

/** A folder in memory if it has room for `bytes`, so that no disk is measured; else on disk. */
export async function pickScratchFolder(bytes: number): Promise<string> {
  const freeBytes = await free(MEMORY_FOLDER);
  return freeBytes >= bytes ? MEMORY_FOLDER : tmpdir();
}

async function free(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
