import { formatSeconds } from './progress.ts';

/** Where a view writes: standard output, or a test's collector. */
export type ViewOutput = {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
};

/** What the user sees: lines that stay, and live lines below them that are overwritten. */
export type View = {
  /** A line that stays, with the seconds since the start before it. */
  line(text: string): void;
  /** Text that stays, as it is. */
  plain(text: string): void;
  /**
   * Sets the live line of `key`; `undefined` removes it. Without a terminal it becomes a line that
   * stays, at most one every five seconds.
   */
  live(key: string, text: string | undefined): void;
};

const SAY_EVERY_MS = 5000;

/** A view on `output`. */
export function createView(output: ViewOutput, now: () => number = () => performance.now()): View {
  const startedAtMs = now();
  const live = new Map<string, string>();
  const saidAtMs = new Map<string, number>();
  let shown = 0;
  const clear = (): void => {
    if (shown > 0) output.write(`\u001B[${shown}F\u001B[J`);
    shown = 0;
  };
  const draw = (): void => {
    if (live.size === 0) return;
    // A line that wraps could not be found again to overwrite it.
    const width = (output.columns ?? 80) - 1;
    for (const text of live.values()) output.write(`${text.slice(0, width)}\n`);
    shown = live.size;
  };
  const plain = (text: string): void => {
    clear();
    output.write(`${text}\n`);
    draw();
  };
  const sayNowAndThen = (key: string, text: string): void => {
    if (now() - (saidAtMs.get(key) ?? -Infinity) < SAY_EVERY_MS) return;
    saidAtMs.set(key, now());
    plain(text);
  };
  return {
    plain,
    line: (text) => plain(`${formatSeconds(now() - startedAtMs).padStart(12)}  ${text}`),
    live(key, text) {
      if (output.isTTY !== true) {
        if (text !== undefined) sayNowAndThen(key, text);
        return;
      }
      if (text === undefined) live.delete(key);
      else live.set(key, text);
      clear();
      draw();
    },
  };
}
