import { watch } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** How a log is followed. `fromOffset` is in bytes and 0 by default. */
export type FollowOptions = { readonly fromOffset?: number; readonly signal?: AbortSignal };

/** A piece of a log: its text, one character per byte, and the offset behind it. */
export type LogPiece = { readonly text: string; readonly endOffset: number };

/**
 * What is and will be in a log file, piece by piece, as it grows; the file need not exist yet. Ends
 * only by `signal`, with its reason thrown.
 */
export async function* followLog(
  path: string,
  { fromOffset = 0, signal }: FollowOptions = {},
): AsyncGenerator<LogPiece, never> {
  await mkdir(dirname(path), { recursive: true });
  signal?.throwIfAborted();
  // The watch begins before the first read, so that nothing falls between the two.
  using changes = watchFile(path, signal);
  let offset = fromOffset;
  for (;;) {
    for await (const piece of readFrom(path, offset)) {
      offset = piece.endOffset;
      yield piece;
    }
    await changes.next();
  }
}

/** Tells of changes of a file; many between two calls of `next` count as one. */
function watchFile(path: string, signal?: AbortSignal): Disposable & { next(): Promise<void> } {
  let changed = false;
  let settle = Promise.withResolvers<void>();
  const name = basename(path);
  // The folder, not the file, which may not be there yet.
  const watcher = watch(dirname(path), (_, changedName) => {
    if (changedName !== null && changedName !== name) return;
    changed = true;
    settle.resolve();
  });
  const abort = (): void => settle.reject(signal?.reason);
  watcher.once('error', (error) => settle.reject(error));
  signal?.addEventListener('abort', abort);
  return {
    async next() {
      signal?.throwIfAborted();
      if (!changed) await settle.promise;
      changed = false;
      settle = Promise.withResolvers<void>();
    },
    [Symbol.dispose]() {
      signal?.removeEventListener('abort', abort);
      watcher.close();
    },
  };
}

async function* readFrom(path: string, fromOffset: number): AsyncGenerator<LogPiece> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return;
  await using _ = file;
  const buffer = Buffer.alloc(64 * 1024);
  let offset = fromOffset;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) return;
    offset += bytesRead;
    yield { text: buffer.toString('latin1', 0, bytesRead), endOffset: offset };
  }
}

/** What {@link waitForSerial} found. `endOffset` is the byte behind the match: wait on from there. */
export type SerialMatch = { readonly match: RegExpExecArray; readonly endOffset: number };

/**
 * Waits until `pattern` is in a serial log behind `fromOffset`. Bytes are matched as Latin-1, so
 * terminal sequences are part of the text.
 * @throws Error with the last lines of the log when `timeoutMs` are over
 */
export async function waitForSerial(
  path: string,
  pattern: RegExp,
  options: FollowOptions & { readonly timeoutMs: number },
): Promise<SerialMatch> {
  const { fromOffset = 0, signal, timeoutMs } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const ends = signal ? AbortSignal.any([signal, timeout]) : timeout;
  const once = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  let seen = '';
  try {
    for await (const piece of followLog(path, { fromOffset, signal: ends })) {
      seen += piece.text;
      const match = once.exec(seen);
      if (match) return { match, endOffset: fromOffset + match.index + match[0].length };
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!timeout.aborted) throw error;
  }
  const message = `${path}: no ${String(pattern)} within ${timeoutMs} ms; last lines: ${lastLines(seen)}`;
  throw new Error(message);
}

/** The last lines of a log, for messages; `(empty)` when there are none. */
export async function tailOf(path: string): Promise<string> {
  return lastLines(await readFile(path, 'latin1').catch(() => ''));
}

function lastLines(text: string): string {
  const lines = readable(text)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.slice(-5).join(' | ') || '(empty)';
}

/** Serial output without terminal sequences. */
export function readable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[@-Z\\^-~])/g, '');
}
