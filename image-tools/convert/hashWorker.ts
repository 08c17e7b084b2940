import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { HashJob } from './hashThread.ts';

const BLOCK_BYTES = 1 << 20;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const BLOCK = Buffer.alloc(BLOCK_BYTES);

/** Hashes runs of a file; its holes are not read but taken as the zeros that they stand for. */
function hashAll({ path, algorithm, messages }: HashJob): string[] {
  const file = openSync(path, 'r');
  try {
    return messages.map((pieces) => {
      const hash = createHash(algorithm);
      for (const { offsetBytes, sizeBytes, zeros } of pieces)
        if (zeros) addZeros(hash, sizeBytes);
        else addData(hash, file, offsetBytes, offsetBytes + sizeBytes);
      return hash.digest('hex');
    });
  } finally {
    closeSync(file);
  }
}

function addZeros(hash: Hash, count: number): void {
  for (let left = count; left > 0; left -= BLOCK_BYTES)
    hash.update(ZEROS.subarray(0, Math.min(BLOCK_BYTES, left)));
}

function addData(hash: Hash, file: number, start: number, end: number): void {
  for (let at = start; at < end;) {
    const read = readSync(file, BLOCK, 0, Math.min(BLOCK_BYTES, end - at), at);
    if (read === 0) throw new Error(`the file ended at byte ${at} of ${end}`);
    hash.update(BLOCK.subarray(0, read));
    at += read;
  }
}

parentPort?.on('message', (job: HashJob) => {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(hashAll(job));
});
