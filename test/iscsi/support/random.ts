/** Numbers from 0 to `limit` - 1 that are the same in each run with the same seed. */
export function makeRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0 || 1;
  return (limit) => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
}

/** Bytes that are the same in each run with the same seed. */
export function randomBytesFrom(random: (limit: number) => number, lengthBytes: number): Buffer {
  return Buffer.from(Array.from({ length: lengthBytes }, () => random(256)));
}
