import { constants, open, type FileHandle } from 'node:fs/promises';
import { KIB } from '../values/units.ts';

const BLOCK_BYTES = 64 * KIB;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * A file that is written from front to back and leaves holes where whole blocks of 64 KiB are
 * zero, so that a dense raw image from a server becomes a sparse one here.
 */
export class SparseFile {
  readonly #file: FileHandle;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  /** Where the block in hand begins in the file. */
  #blockStart: number;
  #filled = 0;

  private constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file;
    this.#blockStart = sizeBytes;
  }

  /** Opens `path`, made where missing, to go on at `sizeBytes`; what stood behind is cut off. */
  static async open(path: string, sizeBytes: number): Promise<SparseFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    await file.truncate(sizeBytes);
    return new SparseFile(file, sizeBytes);
  }

  /** Bytes appended so far, with those from before it was opened. */
  get sizeBytes(): number {
    return this.#blockStart + this.#filled;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const room = BLOCK_BYTES - (this.sizeBytes % BLOCK_BYTES);
      const part = bytes.subarray(done, done + room);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
      if (part.length === room) await this.#writeBlock();
    }
  }

  async #writeBlock(): Promise<void> {
    const block = this.#block.subarray(0, this.#filled);
    if (!block.equals(ZEROS.subarray(0, block.length)))
      await writeFully(this.#file, block, this.#blockStart);
    this.#blockStart += block.length;
    this.#filled = 0;
  }

  /** Starts again with an empty file. */
  async clear(): Promise<void> {
    this.#filled = 0;
    this.#blockStart = 0;
    await this.#file.truncate(0);
  }

  /** Puts all appended bytes on stable storage; the file's length then tells them. */
  async sync(): Promise<void> {
    await this.#writeBlock();
    await this.#file.truncate(this.#blockStart);
    await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
