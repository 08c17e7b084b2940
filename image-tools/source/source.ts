import { open, type FileHandle } from 'node:fs/promises';
import { ImageToolError } from '../errors/error.ts';
import { parseQcow2Header, QCOW2_MAGIC, refuseUnsafe, type Qcow2Header } from './qcow2Header.ts';

/** A disk image that passed the checks; every tool opens it read-only and by its known format. */
export type Source = {
  /** Absolute path. */
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  /** Size of the disk that it stands for. */
  readonly virtualSizeBytes: number;
  readonly fileSizeBytes: number;
  /** Of qcow2 only. */
  readonly header: Qcow2Header | undefined;
};

/**
 * Recognises a disk image and judges its header, before any tool sees the file. Its tables are
 * checked by checkWhole.
 * @throws ImageToolError SOURCE_UNREADABLE, SOURCE_NOT_AN_IMAGE, SOURCE_REFERS_ELSEWHERE,
 *   SOURCE_ENCRYPTED, SOURCE_ABSURD, SOURCE_DAMAGED
 */
export async function openSource(path: string): Promise<Source> {
  const { head, fileSizeBytes } = await readHead(path);
  if (head.length < 512)
    throw new ImageToolError('SOURCE_NOT_AN_IMAGE', `${path} has only ${head.length} bytes.`);
  if (head.readUInt32BE(0) !== QCOW2_MAGIC) return rawSource(path, head, fileSizeBytes);
  const header = parseQcow2Header(head);
  refuseUnsafe(header);
  const { virtualSizeBytes } = header;
  return { path, format: 'qcow2', virtualSizeBytes, fileSizeBytes, header };
}

function rawSource(path: string, head: Buffer, fileSizeBytes: number): Source {
  if (head.readUInt16LE(510) !== 0xaa55)
    throw new ImageToolError(
      'SOURCE_NOT_AN_IMAGE',
      `${path} is neither qcow2 (no "QFI" at its start) nor a raw disk (no 55 AA at byte 510).`,
    );
  return { path, format: 'raw', virtualSizeBytes: fileSizeBytes, fileSizeBytes, header: undefined };
}

async function readHead(path: string): Promise<{ head: Buffer; fileSizeBytes: number }> {
  const file = await openForReading(path);
  try {
    const about = await file.stat();
    if (!about.isFile()) throw new ImageToolError('SOURCE_UNREADABLE', `${path} is not a file.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return { head: buffer.subarray(0, bytesRead), fileSizeBytes: about.size };
  } finally {
    await file.close();
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new ImageToolError('SOURCE_UNREADABLE', `${path} cannot be read: ${String(error)}.`, {
      cause: error,
    });
  }
}
