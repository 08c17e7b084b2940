/** Wakes all who wait for the next change. */
export class Notifier {
  #next = Promise.withResolvers<void>();

  /** Settles at the next {@link notify}; ask before looking at the state, or a change is missed. */
  next(): Promise<void> {
    return this.#next.promise;
  }

  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
