import { open } from 'node:fs/promises';
import type { FileKind, Files } from './files.ts';
import { needsAppliance, readContent, type FileTree, type Inode, type ReadBytes } from './tree.ts';
import { MIB } from '../values/bytes.ts';

const MAX_TEXT_BYTES = MIB;
const MAX_LINK_BYTES = 4096;
const CHUNK_BYTES = 4 * MIB;

/** {@link Files} over a file system that is read in user space. */
export class TreeFiles implements Files {
  readonly name: string;
  readonly #tree: FileTree;
  readonly #read: ReadBytes;

  constructor(name: string, tree: FileTree, read: ReadBytes) {
    this.name = name;
    this.#tree = tree;
    this.#read = read;
  }

  async kind(path: string): Promise<FileKind | undefined> {
    return (await this.inode(path))?.kind;
  }

  async list(path: string): Promise<readonly string[]> {
    const inode = await this.inode(path);
    if (inode?.kind !== 'folder') return [];
    const names = [...(await this.#tree.entries(inode)).keys()];
    return names.filter((name) => name !== '.' && name !== '..').sort();
  }

  async readLink(path: string): Promise<string> {
    return (await this.#small(path, MAX_LINK_BYTES)).toString('utf8');
  }

  async readText(path: string): Promise<string> {
    return (await this.#small(path, MAX_TEXT_BYTES)).toString('utf8');
  }

  async download(path: string, hostPath: string): Promise<void> {
    const inode = await this.#must(path);
    await using target = await open(hostPath, 'w');
    for (let at = 0; at < inode.sizeBytes; at += CHUNK_BYTES) {
      const end = Math.min(at + CHUNK_BYTES, inode.sizeBytes);
      await target.write(await readContent(this.#read, inode, at, end), 0, end - at, at);
    }
  }

  /** The inode at a path, links not followed; undefined when there is none. */
  async inode(path: string): Promise<Inode | undefined> {
    let inode = await this.#tree.inode(this.#tree.rootNumber);
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      if (inode.kind !== 'folder') return undefined;
      const number = (await this.#tree.entries(inode)).get(name);
      if (number === undefined) return undefined;
      inode = await this.#tree.inode(number);
    }
    return inode;
  }

  async #must(path: string): Promise<Inode> {
    const inode = await this.inode(path);
    if (inode) return inode;
    throw new Error(`${this.name} holds no ${path}`);
  }

  async #small(path: string, limitBytes: number): Promise<Buffer> {
    const inode = await this.#must(path);
    if (inode.sizeBytes > limitBytes)
      throw needsAppliance(`${path} has ${inode.sizeBytes} bytes, expected at most ${limitBytes}`);
    return readContent(this.#read, inode);
  }
}
