import { open, type FileHandle } from 'node:fs/promises';
import { MIB } from '../../values/units.ts';
import type { TargetDisk } from '../plan/types.ts';

const ZEROS = Buffer.alloc(MIB);

/** A file (or block device) as a disk, for tests and for writing without a network. */
export class FileDisk implements TargetDisk, AsyncDisposable {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly #file: FileHandle;

  constructor(file: FileHandle, sizeBytes: number, blockSizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.blockSizeBytes = blockSizeBytes;
  }

  async write(offsetBytes: number, data: Uint8Array): Promise<void> {
    for (let done = 0; done < data.length;) {
      const rest = data.length - done;
      const { bytesWritten } = await this.#file.write(data, done, rest, offsetBytes + done);
      done += bytesWritten;
    }
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const buffer = Buffer.alloc(lengthBytes);
    for (let done = 0; done < lengthBytes;) {
      const { bytesRead } = await this.#file.read(
        buffer,
        done,
        lengthBytes - done,
        offsetBytes + done,
      );
      if (bytesRead === 0)
        throw new Error(`The file ends before byte ${offsetBytes + lengthBytes}.`);
      done += bytesRead;
    }
    return buffer;
  }

  async zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    for (let done = 0; done < lengthBytes; done += ZEROS.length)
      await this.write(offsetBytes + done, ZEROS.subarray(0, lengthBytes - done));
  }

  async flush(): Promise<void> {
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Opens an existing file as a disk of the file's size and, by default, blocks of 512 bytes. */
export async function openFileDisk(path: string, blockSizeBytes = 512): Promise<FileDisk> {
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  return new FileDisk(file, size - (size % blockSizeBytes), blockSizeBytes);
}
