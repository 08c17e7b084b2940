/** A failure that the person who builds can act on: one message, without a stack. */
export class BuildFailure extends Error {
  override readonly name = 'BuildFailure';
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|ENOSPC/, 'The disk is full: make room, or choose another --output.'],
  [
    /Unable to locate package|No packages found|no installation candidate/i,
    'The package index does not know it: run "apt-get update", and check the sources in /etc/apt.',
  ],
  [
    /404 +Not Found/,
    'The archive has a newer version than the package index: run "apt-get update" and build again.',
  ],
  [
    /Could not resolve|Temporary failure|Connection (refused|timed out)|Failed to fetch/,
    'The package archive cannot be reached: check the network and the sources in /etc/apt.',
  ],
  [
    /EACCES|Permission denied/,
    'The user may not write there: choose another --output, or be root.',
  ],
];

/** The way out of a known failure, from the words that the failing tool used; '' when unknown. */
export function wayOut(text: string): string {
  return WORDS.find(([pattern]) => pattern.test(text))?.[1] ?? '';
}

/** Any thrown value as one {@link BuildFailure}; bugs (TypeError and the like) pass unchanged. */
export function asFailure(error: unknown): unknown {
  if (error instanceof BuildFailure || !(error instanceof Error)) return error;
  if (!('code' in error) || !('syscall' in error)) return error;
  return new BuildFailure([error.message, wayOut(error.message)].join(' ').trim(), {
    cause: error,
  });
}
