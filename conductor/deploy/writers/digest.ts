import { createHash } from 'node:crypto';
import { MIB } from '../../values/units.ts';
import { extentsIn } from '../plan/content.ts';
import { rangeOf } from '../plan/extents.ts';
import type { Range } from '../plan/ranges.ts';
import type { Extent } from '../plan/types.ts';
import type { Sources } from './sources.ts';

const ZEROS = Buffer.alloc(MIB);
/** 64 GiB of an image in pieces of a MiB take up about 15 MB. */
const MOST_KNOWN = 65_536;

/**
 * Digests of this process by what they are of, the last used at the end. Machines that get the same
 * image, and later redeploys, have most ranges in common, and each would cost half a second a GiB.
 */
const known = new Map<string, string>();

function recall(key: string): string | undefined {
  const found = known.get(key);
  if (found === undefined) return undefined;
  known.delete(key);
  known.set(key, found);
  return found;
}

function remember(key: string, digest: string): void {
  known.set(key, digest);
  for (const oldest of known.keys()) {
    if (known.size <= MOST_KNOWN) return;
    known.delete(oldest);
  }
}

/** Works out what ranges of the disk hash to when they hold what the plan says. */
export class PlanDigests {
  readonly #extents: readonly Extent[];
  readonly #sources: Sources;
  readonly #buffer = Buffer.allocUnsafeSlow(MIB);

  /** @param extents what stands on the disk; they must not overlap */
  constructor(extents: readonly Extent[], sources: Sources) {
    this.#extents = extents.toSorted((a, b) => a.targetOffsetBytes - b.targetOffsetBytes);
    this.#sources = sources;
  }

  /** SHA-256 of a range, which the extents must cover; one call at a time. */
  async of(range: Range): Promise<string> {
    const extents = extentsIn(this.#near(range), [range]);
    checkCover(extents, range);
    const key = this.#keyOf(extents);
    const earlier = recall(key);
    if (earlier !== undefined) return earlier;
    const hash = createHash('sha256');
    for (const extent of extents) await this.#add(hash, extent);
    const digest = hash.digest('hex');
    remember(key, digest);
    return digest;
  }

  /** Names the bytes of extents: by the files as they are now, not by where they shall stand. */
  #keyOf(extents: readonly Extent[]): string {
    const parts = extents.map(({ source, lengthBytes }) =>
      source.kind === 'zero'
        ? [lengthBytes]
        : [lengthBytes, this.#sources.identityOf(source.path), source.offsetBytes],
    );
    return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
  }

  async #add(hash: ReturnType<typeof createHash>, { source, lengthBytes }: Extent): Promise<void> {
    for (let done = 0; done < lengthBytes; done += MIB) {
      const length = Math.min(MIB, lengthBytes - done);
      if (source.kind === 'zero') {
        hash.update(ZEROS.subarray(0, length));
        continue;
      }
      const bytes = this.#buffer.subarray(0, length);
      await this.#sources.read(source.path, source.offsetBytes + done, bytes);
      hash.update(bytes);
    }
  }

  /** The extents that may touch a range; found by halving, for plans have many thousands. */
  #near({ start, end }: Range): readonly Extent[] {
    let [low, high] = [0, this.#extents.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const extent = this.#extents[middle];
      if (extent && rangeOf(extent).end <= start) low = middle + 1;
      else high = middle;
    }
    let last = low;
    while ((this.#extents[last]?.targetOffsetBytes ?? Infinity) < end) last++;
    return this.#extents.slice(low, last);
  }
}

function checkCover(extents: readonly Extent[], range: Range): void {
  let at = range.start;
  for (const { targetOffsetBytes, lengthBytes } of extents) {
    if (targetOffsetBytes !== at) break;
    at += lengthBytes;
  }
  if (at !== range.end) throw new Error(`The plan says nothing of byte ${at}.`);
}
