import { dirname, join } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import type { Content } from '../filesystems/signature.ts';
import type { ExtractedPart } from '../inspect/access.ts';
import type { Layout, Part } from '../inspect/layout.ts';
import { rangeUrl } from '../source/blockNode.ts';
import type { ByteRange } from '../values/bytes.ts';
import { dataExtents, extentBytes } from './extents.ts';
import { extractRange, type ExtractOptions } from './extract.ts';
import type { DiskLook } from './lookAtDisk.ts';
import { ensureSpace } from './space.ts';

const READABLE: readonly Content[] = ['lvm', 'ext', 'xfs', 'btrfs'];

/** The partitions that may hold the root or /boot. @throws ImageToolError NO_ROOT, SOURCE_ENCRYPTED */
export function candidateParts(layout: Layout): Part[] {
  const found = layout.parts.filter(({ content }) => READABLE.includes(content));
  if (found.length > 0) return found;
  const encrypted = layout.parts.find(({ content }) => content === 'luks');
  if (encrypted)
    throw new ImageToolError(
      'SOURCE_ENCRYPTED',
      `Partition ${encrypted.number} is encrypted (LUKS).`,
    );
  const list = layout.parts.map(({ number, content }) => `${number} ${content}`).join(', ');
  throw new ImageToolError('NO_ROOT', `No partition holds a known file system: ${list || 'none'}.`);
}

/**
 * Copies every candidate straight out of the source, sparse, one file each in `folder`.
 * @throws ImageToolError NO_ROOT, SOURCE_ENCRYPTED, OUTPUT_FULL
 */
export async function extractCandidates(
  look: DiskLook,
  folder: string,
  options: ExtractOptions & { readonly copies: number },
): Promise<ExtractedPart[]> {
  const parts = candidateParts(look.layout);
  await ensureSpace(folder, parts, (part) => dataBytes(look, part), options.copies);
  const progress = shareProgress(parts, options.onProgress);
  return Promise.all(
    parts.map(async (part, index) => {
      const path = join(folder, `partition-${part.number}`);
      const onProgress = (done: number) => progress(index, done);
      await extractRange(look.source, part, path, { ...options, onProgress });
      return { part, path };
    }),
  );
}

/** Copies one partition out of the source. @throws ImageToolError OUTPUT_FULL */
export async function extractPart(
  look: DiskLook,
  part: Part,
  path: string,
  options: ExtractOptions & { readonly copies: number },
): Promise<void> {
  const countData = (range: ByteRange) => dataBytes(look, range);
  await ensureSpace(dirname(path), [part], countData, options.copies);
  await extractRange(look.source, part, path, options);
}

async function dataBytes({ source, disk }: DiskLook, range: ByteRange): Promise<number> {
  return extentBytes(
    source.format === 'raw'
      ? await dataExtents(rangeUrl(source, range), undefined)
      : await disk.dataExtents(range),
  );
}

/** Several copies as one progress, weighed by their size. */
function shareProgress(parts: readonly Part[], report: ExtractOptions['onProgress']) {
  const done = parts.map(() => 0);
  const total = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return (index: number, fraction: number) => {
    done[index] = fraction * (parts[index]?.sizeBytes ?? 0);
    report?.(done.reduce((sum, bytes) => sum + bytes, 0) / total);
  };
}
