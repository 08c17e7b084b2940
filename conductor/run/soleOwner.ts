import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { IronpxeError } from '../errors/error.ts';

/**
 * Makes this process the only conductor on a state directory. The lock is one of the kernel's on a
 * file, so it ends with the process however that ends. @throws IronpxeError STATE_DIR_IN_USE
 */
export function ownStateDir(stateDir: string): Disposable {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, 'conductor.lock');
  const lock = new Sqlite(path, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    throw new IronpxeError('STATE_DIR_IN_USE', `${stateDir} belongs to a running conductor.`, {
      cause: error,
    });
  }
  return { [Symbol.dispose]: () => void lock.close() };
}
