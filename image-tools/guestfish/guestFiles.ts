import { hasImageCode } from '../errors/error.ts';
import type { EditableFiles, FileKind, Files } from '../filesystems/files.ts';
import type { GuestfishSession } from './session.ts';

const MISSING = /No such file or directory|Not a directory/;
/** Far below the 4 MiB of one message of libguestfs, and above what a configuration file takes. */
const PIECE_BYTES = 256 * 1024;
const S_IFMT = 0o170000;
const KINDS: ReadonlyMap<number, FileKind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'symlink'],
]);

/** A file system of the image, mounted in the appliance below the folder `at`. */
export class GuestFiles implements EditableFiles {
  readonly name: string;
  readonly #session: GuestfishSession;
  readonly #at: string;

  constructor(session: GuestfishSession, name: string, at: string) {
    this.#session = session;
    this.name = name;
    this.#at = at;
  }

  async kind(path: string): Promise<FileKind | undefined> {
    const stat = await this.#orMissing(this.#run('lstatns', path));
    const mode = /^st_mode: (\d+)$/m.exec(stat ?? '')?.[1];
    return mode === undefined ? undefined : (KINDS.get(Number(mode) & S_IFMT) ?? 'other');
  }

  async list(path: string): Promise<readonly string[]> {
    const names = await this.#orMissing(this.#run('ls', path));
    return (names ?? '').split('\n').filter((name) => name !== '');
  }

  async readLink(path: string): Promise<string> {
    return (await this.#run('readlink', path)).replace(/\n$/, '');
  }

  /**
   * In one piece where it fits: `cat` and `read-file` open a transfer, which takes fifty times as long
   * under emulation.
   */
  async readText(path: string): Promise<string> {
    const text = await this.#run('pread', path, String(PIECE_BYTES), '0');
    return Buffer.byteLength(text) < PIECE_BYTES ? text : this.#run('read-file', path);
  }

  async download(path: string, hostPath: string): Promise<void> {
    await this.#run('download', path, hostPath);
  }

  /** An existing file keeps its owner, mode and labels. */
  async writeText(path: string, text: string): Promise<void> {
    await this.#run('write', path, text);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#run('mkdir', path);
  }

  async makeSymlink(target: string, path: string): Promise<void> {
    await this.#session.command('ln-s', [target, this.#at + path]);
  }

  async upload(hostPath: string, path: string): Promise<void> {
    await this.#session.command('upload', [hostPath, this.#at + path]);
  }

  async copyFolder(from: Files, path: string, target: string): Promise<void> {
    if (!(from instanceof GuestFiles)) throw new Error(`${from.name} is not in this appliance`);
    await this.#session.command('cp-a', [from.#at + path, this.#at + target]);
  }

  async remove(path: string): Promise<void> {
    await this.#run('rm-rf', path);
  }

  async setMode(path: string, mode: number): Promise<void> {
    await this.#session.command('chmod', [`0${mode.toString(8)}`, this.#at + path]);
  }

  #run(command: string, path: string, ...more: string[]): Promise<string> {
    return this.#session.command(command, [this.#at + path, ...more]);
  }

  async #orMissing(answer: Promise<string>): Promise<string | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (hasImageCode(error, 'GUEST_COMMAND_FAILED') && MISSING.test(error.message))
        return undefined;
      throw error;
    }
  }
}
