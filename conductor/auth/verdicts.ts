import { createHmac, randomBytes } from 'node:crypto';

const MOST = 10_000;

/**
 * Remembers for a short time what was found out about credentials. They are kept as digests under
 * a key of this process, so a memory dump tells none of them.
 */
export class Verdicts<T> {
  readonly #key = randomBytes(32);
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly value: T; readonly untilMs: number }>();
  readonly #asked = new Map<string, Promise<T>>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * What is known of `credentials`, else what `find` finds: those who ask meanwhile share it.
   * `untilMs` says of a finding until when it holds; a failure is not remembered.
   */
  async get(
    credentials: readonly string[],
    find: () => Promise<T>,
    untilMs: (value: T) => number,
  ): Promise<T> {
    const digest = this.#digest(credentials);
    const known = this.#known.get(digest);
    if (known !== undefined && known.untilMs > this.#now()) return known.value;
    this.#known.delete(digest);
    const asked = this.#asked.get(digest) ?? this.#find(digest, find, untilMs);
    return asked;
  }

  async #find(digest: string, find: () => Promise<T>, untilMs: (value: T) => number): Promise<T> {
    const finding = find();
    this.#asked.set(digest, finding);
    try {
      const value = await finding;
      this.#remember(digest, value, untilMs(value));
      return value;
    } finally {
      this.#asked.delete(digest);
    }
  }

  #remember(digest: string, value: T, untilMs: number): void {
    const oldest = this.#known.keys().next().value;
    if (this.#known.size >= MOST && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(digest, { value, untilMs });
  }

  #digest(credentials: readonly string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(credentials)).digest('base64');
  }
}
