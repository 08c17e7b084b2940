const MAGIC = 0xfd2f_b528;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const RUN_LENGTH = 1;

/**
 * How many bytes the zstd frame at the start of `bytes` takes (RFC 8878 §3.1.1); undefined where none
 * begins or it does not end within `bytes`. Node's decoder takes no bytes behind a frame, and the
 * last sector of a cluster holds some.
 */
export function zstdFrameBytes(bytes: Buffer): number | undefined {
  if (bytes.length < 5 || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const descriptor = bytes.readUInt8(4);
  let at = 5 + headerBytes(descriptor);
  for (let isLast = false; !isLast;) {
    if (at + 3 > bytes.length) return undefined;
    const block = bytes.readUIntLE(at, 3);
    isLast = (block & 1) === 1;
    at += 3 + (((block >> 1) & 3) === RUN_LENGTH ? 1 : block >> 3);
  }
  const end = at + (descriptor & 4 ? 4 : 0);
  return end <= bytes.length ? end : undefined;
}

/** Window, dictionary and content size, as far as the descriptor says that they are there. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;
  return Number(!isSingleSegment) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + contentSizeBytes;
}
