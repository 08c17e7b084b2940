import { Agent, request } from 'node:http';

/** One request of a load. */
export type Shot = {
  readonly method?: 'GET' | 'PATCH' | 'PUT' | 'POST';
  readonly path: string;
  readonly body?: unknown;
};

/** How much is asked: as long as `durationMs`, but at least `fewest` requests, or exactly `count`. */
export type LoadSize =
  | { readonly durationMs: number; readonly fewest: number }
  | { readonly count: number };

/** What came of it. */
export type LoadResult = {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly latenciesMs: readonly number[];
};

const HEADERS = { 'x-openstack-ironic-api-version': '1.82', 'content-type': 'application/json' };

/**
 * Asks an API over `connections` at a time, each with its next request as soon as the last one is
 * answered. @throws Error for an answer that is no success
 */
export async function load(
  baseUrl: string,
  shotAt: (index: number) => Shot,
  size: LoadSize,
  connections: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  let next = 0;
  const isEnough = (): boolean =>
    'count' in size
      ? next >= size.count
      : next >= size.fewest && performance.now() - startedMs >= size.durationMs;
  const worker = async (): Promise<void> => {
    while (!isEnough()) {
      const shot = shotAt(next++);
      const sentMs = performance.now();
      await fire(agent, baseUrl, shot);
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, worker));
  } finally {
    agent.destroy();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const requests = latenciesMs.length;
  return { requests, latenciesMs, requestsPerSecond: requests / seconds };
}

/** The value that 99 of 100 do not exceed. */
export function p99(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

/** Sends a request and reads the answer to its end without keeping it. */
async function fire(agent: Agent, baseUrl: string, shot: Shot): Promise<void> {
  const { method = 'GET', path, body } = shot;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const call = request(`${baseUrl}${path}`, { agent, method, headers: HEADERS }, (answer) => {
    const status = answer.statusCode ?? 0;
    let text = '';
    // Only the words of a refusal are wanted.
    answer.on('data', (bytes) => {
      if (status >= 300 && text.length < 1000) text += String(bytes);
    });
    answer.on('error', reject);
    answer.on('end', () =>
      status < 300 ? resolve() : reject(new Error(`${method} ${path}: ${status} ${text}`)),
    );
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  await promise;
}
