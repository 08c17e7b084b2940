type Listener<P> = (progress: P) => void;

type Job<T, P> = {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: Set<Listener<P>>;
};

/**
 * Work that several callers may ask for at once and that is done once: a second caller with the
 * same key joins the first. The work is aborted only when all its callers have gone.
 */
export class SharedWork<T, P> {
  readonly #jobs = new Map<string, Job<T, P>>();
  /** Aborted work that has not let go of its files yet. */
  readonly #ending = new Map<string, Promise<unknown>>();

  async join(
    key: string,
    start: (signal: AbortSignal, onProgress: Listener<P>) => Promise<T>,
    caller: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: Listener<P> | undefined;
    },
  ): Promise<T> {
    caller.signal?.throwIfAborted();
    const job = this.#jobs.get(key) ?? this.#start(key, start);
    const listener: Listener<P> = (progress) => caller.onProgress?.(progress);
    job.listeners.add(listener);
    try {
      return await untilAborted(job.result, caller.signal);
    } finally {
      job.listeners.delete(listener);
      if (job.listeners.size === 0) this.#end(key, job);
    }
  }

  #start(
    key: string,
    start: (signal: AbortSignal, onProgress: Listener<P>) => Promise<T>,
  ): Job<T, P> {
    const controller = new AbortController();
    const listeners = new Set<Listener<P>>();
    const tell: Listener<P> = (progress) => {
      for (const listener of listeners) listener(progress);
    };
    const before = this.#ending.get(key) ?? Promise.resolve();
    const result = before.then(() => start(controller.signal, tell));
    const job = { result, controller, listeners };
    this.#jobs.set(key, job);
    return job;
  }

  /** After the last caller went: the next one starts anew. */
  #end(key: string, job: Job<T, P>): void {
    if (this.#jobs.get(key) !== job) return;
    this.#jobs.delete(key);
    job.controller.abort();
    const ended = Promise.allSettled([job.result]);
    this.#ending.set(key, ended);
    void this.#forget(key, ended);
  }

  async #forget(key: string, ended: Promise<unknown>): Promise<void> {
    await ended;
    if (this.#ending.get(key) === ended) this.#ending.delete(key);
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
