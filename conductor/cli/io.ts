/** Where a command reads its surroundings and writes to; tests give their own. */
export type Io = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `out` is a terminal that lines can be rewritten on. */
  readonly isTty: boolean;
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/** The process's own streams; SIGINT aborts `signal`. */
export function processIo(): Io {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  // A pipe that is closed early (`| head`) ends the output, not the command with a stack trace.
  process.stdout.on('error', () => undefined);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTty: process.stdout.isTTY,
    columns: process.stdout.columns ?? 80,
    env: process.env,
    signal: interrupt.signal,
  };
}
