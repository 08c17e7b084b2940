import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Source } from '../source/source.ts';

const SAMPLES = 64;
const SAMPLE_BYTES = 64 * 1024;

/**
 * A key of the input's content and the options: equal keys mean that nothing is to be done. The
 * content is known by its size and samples spread over it, its tables at the start among them.
 */
export async function conversionKey(source: Source, options: unknown): Promise<string> {
  const hash = createHash('sha256').update(`${source.format} ${source.fileSizeBytes}\n`);
  const file = await open(source.path, 'r');
  try {
    const about = await file.stat();
    hash.update(`${about.mtimeMs}\n`);
    const step = Math.max(SAMPLE_BYTES, Math.floor(source.fileSizeBytes / SAMPLES));
    const block = Buffer.alloc(SAMPLE_BYTES);
    for (let at = 0; at < source.fileSizeBytes; at += step) {
      const { bytesRead } = await file.read(block, 0, SAMPLE_BYTES, at);
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return hash.update(JSON.stringify(options)).digest('hex');
}
