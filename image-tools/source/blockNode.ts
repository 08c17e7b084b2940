import type { ByteRange } from '../values/bytes.ts';
import type { Source } from './source.ts';

type BlockNode = { readonly [key: string]: unknown };

/** QEMU's description of the image: format given, never probed; no backing file is opened. */
export function blockNode(source: Source): BlockNode {
  const file = { driver: 'file', filename: source.path, 'read-only': true };
  if (source.format === 'raw') return { driver: 'raw', 'read-only': true, file };
  return { driver: 'qcow2', 'read-only': true, backing: null, file };
}

/** A pseudo-URL for qemu-img that stands for a run of bytes of the virtual disk. */
export function rangeUrl(source: Source, range: ByteRange): string {
  const { offsetBytes, sizeBytes } = range;
  const file = blockNode(source);
  return `json:${JSON.stringify({ driver: 'raw', offset: offsetBytes, size: sizeBytes, file })}`;
}
