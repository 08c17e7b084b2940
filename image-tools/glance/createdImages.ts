import { setTimeout as delay } from 'node:timers/promises';
import { isFailure } from './failure.ts';
import type { ImagesApi } from './imagesApi.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;

/** The images that one run made, so that a failed run leaves none of them. */
export class CreatedImages {
  readonly #api: ImagesApi;
  readonly #ids: string[] = [];

  constructor(api: ImagesApi) {
    this.#api = api;
  }

  add(id: string): void {
    this.#ids.push(id);
  }

  /**
   * Removes them, the newest first, because the root refers to the others. A Glance that does not
   * answer is asked again for `withinMs`. Returns what could not be removed.
   */
  async remove(withinMs: number): Promise<string[]> {
    const deadlineMs = performance.now() + withinMs;
    const left: string[] = [];
    for (const id of this.#ids.toReversed())
      if (!(await this.#removeOne(id, deadlineMs))) left.push(id);
    return left;
  }

  async #removeOne(id: string, deadlineMs: number): Promise<boolean> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const leftMs = deadlineMs - performance.now();
      const signal = AbortSignal.timeout(Math.max(1_000, Math.ceil(leftMs)));
      const error: unknown = await this.#api.remove(id, signal).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return true;
      const passing = isFailure(error, 'unreachable', 'broken');
      if (!passing || deadlineMs - performance.now() <= pauseMs) return false;
      await delay(pauseMs);
    }
  }
}
