import { readFile, stat } from 'node:fs/promises';
import { invalid, parseHtpasswd, type Users } from './htpasswd.ts';

/** A password file that is read anew when it changed. */
export class UserFile {
  readonly #path: string;
  #stamp = '';
  #users: Users = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /** The users of now: who is taken out of the file is out at once. @throws AUTH_USER_FILE_INVALID */
  async users(): Promise<Users> {
    const stamp = await this.#stampOf();
    if (stamp === this.#stamp) return this.#users;
    this.#users = parseHtpasswd(await this.#read(), this.#path);
    this.#stamp = stamp;
    return this.#users;
  }

  async #stampOf(): Promise<string> {
    const { mtimeNs, ctimeNs, size, ino } = await stat(this.#path, { bigint: true }).catch(
      (error: unknown) => {
        throw this.#unreadable(error);
      },
    );
    return [mtimeNs, ctimeNs, size, ino].join(' ');
  }

  async #read(): Promise<string> {
    return readFile(this.#path, 'utf8').catch((error: unknown) => {
      throw this.#unreadable(error);
    });
  }

  #unreadable(error: unknown): Error {
    const why = error instanceof Error ? error.message : String(error);
    return invalid(`The password file ${this.#path} cannot be read: ${why}.`, error);
  }
}
