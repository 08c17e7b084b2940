import { createHash } from 'node:crypto';
import { MIB } from '../../values/units.ts';
import { extentsIn } from '../plan/content.ts';
import { rangeOf } from '../plan/extents.ts';
import type { Range } from '../plan/ranges.ts';
import type { Extent } from '../plan/types.ts';
import type { Sources } from './sources.ts';

const ZEROS = Buffer.alloc(MIB);

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
    const hash = createHash('sha256');
    let at = range.start;
    for (const extent of extentsIn(this.#near(range), [range])) {
      if (extent.targetOffsetBytes !== at) throw new Error(`The plan says nothing of byte ${at}.`);
      await this.#add(hash, extent);
      at += extent.lengthBytes;
    }
    if (at !== range.end) throw new Error(`The plan says nothing of byte ${at}.`);
    return hash.digest('hex');
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
