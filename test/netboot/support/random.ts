/** Random numbers from a seed (mulberry32), the same in every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A copy of `bytes` with a few of them changed, inserted or cut off. */
export function mutated(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random(8); count > 0; count--)
    copy[random(Math.max(copy.length, 1))] = random(256);
  return random(3) === 0 ? copy.subarray(0, random(copy.length + 1)) : copy;
}

/** `length` random bytes. */
export function randomBytes(length: number, random: (below: number) => number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}
