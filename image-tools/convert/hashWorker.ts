import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { HashJob } from './checksums.ts';

const BLOCK_BYTES = 1 << 20;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Hashes a sparse file; its holes are not read but taken as the zeros that they stand for. */
function hashFile({ path, algorithm, sizeBytes, extents }: HashJob): string {
  const hash = createHash(algorithm);
  const file = openSync(path, 'r');
  let at = 0;
  try {
    for (const { offsetBytes, sizeBytes: length } of extents) {
      addZeros(hash, Math.min(offsetBytes, sizeBytes) - at);
      at = Math.min(offsetBytes + length, sizeBytes);
      addData(hash, file, offsetBytes, at);
    }
    addZeros(hash, sizeBytes - at);
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function addZeros(hash: Hash, count: number): void {
  for (let left = count; left > 0; left -= BLOCK_BYTES)
    hash.update(ZEROS.subarray(0, Math.min(BLOCK_BYTES, left)));
}

function addData(hash: Hash, file: number, start: number, end: number): void {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let at = start; at < end;) {
    const read = readSync(file, block, 0, Math.min(BLOCK_BYTES, end - at), at);
    if (read === 0) throw new Error(`the file ended at byte ${at} of ${end}`);
    hash.update(block.subarray(0, read));
    at += read;
  }
}

// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(hashFile(workerData as HashJob));
